import Glibc
import Graphs

/// Multi-head self-attention (Vaswani et al. 2017, section 3.2): y = W·concat(softmax(QKᵀ/√d + mask)·V of each head) +
/// b, where Q, K and V are linear in x and d = width/heads.
///
/// Shapes: x and y [batch·length × width]; `projection`, which computes Q, K and V, [3·heads·d × width]; `output`
/// [width × heads·d].
public struct SelfAttention {
    let projection: Linear
    let output: Linear
    let heads: Int
    /// Width of the queries, keys and values of a head.
    let size: Int
    let scale: Float

    /// - Parameters:
    ///   - headWidth: d; nil is width/heads, which must be an integer.
    ///   - bias: whether the linear layers have biases.
    ///   - isScaled: whether scores are divided by √d.
    public init(
        _ scope: ParameterScope, width: Int, heads: Int, headWidth: Int? = nil, bias: Bool = true, isScaled: Bool = true
    ) {
        precondition(headWidth != nil || width % heads == 0, "width \(width) for \(heads) heads")
        size = headWidth ?? width / heads
        projection = Linear(scope / "projection", inputs: width, outputs: 3 * heads * size, bias: bias)
        output = Linear(scope / "output", inputs: heads * size, outputs: width, bias: bias)
        scale = isScaled ? 1 / Float(size).squareRoot() : 1
        self.heads = heads
    }

    /// - Parameters:
    ///   - x: the token states of all sequences, [batch·length × width].
    ///   - mask: added to the scores; 0 where a token may attend, very negative elsewhere. Any shape that broadcasts to [batch ×
    ///     heads × length × length], such as [batch × 1 × 1 × length].
    ///   - rotation: applied to queries and keys.
    /// - Returns: [batch·length × width].
    public func callAsFunction(
        _ x: Tensor, batch: Int, length: Int, mask: Tensor, rotation: RotaryEmbedding? = nil
    ) -> Tensor {
        // [batch·length × 3·heads·size] → [3, batch, heads, length, size]
        let all = projection(x).reshaped([batch, length, 3, heads, size]).transposed([2, 0, 3, 1, 4])
        func part(_ index: Int) -> Tensor {
            all.slice(axis: 0, start: index, count: 1).reshaped([batch * heads, length, size])
        }
        func rotated(_ part: Tensor) -> Tensor { rotation.map { $0(part) } ?? part }
        // [batch·heads, length, size] · [batch·heads, size, length] → [batch·heads, length, length]
        let scores = rotated(part(0)).matmul(rotated(part(1)), otherTransposed: true) * scale
        let masked = scores.reshaped([batch, heads, length, length]) + mask
        let weights = masked.softmax().reshaped([batch * heads, length, length])
        // [batch·heads, length, size] → [batch, length, heads, size]
        let mixed = weights.matmul(part(2)).reshaped([batch, heads, length, size]).transposed([0, 2, 1, 3])
        return output(mixed.reshaped([batch * length, heads * size]))
    }
}

/// Rotary position embeddings (Su et al. 2021, "RoFormer"): the elements i and i + d/2 of a query or key at position p are
/// rotated, as a pair, by the angle p · base^(−2i/d).
public struct RotaryEmbedding {
    let cosine: Tensor
    let sine: Tensor

    /// - Parameters:
    ///   - cosine: of the angles, [1 × length × d/2].
    ///   - sine: of the angles, of the same shape.
    public init(cosine: Tensor, sine: Tensor) {
        self.cosine = cosine
        self.sine = sine
    }

    /// Cosines and sines of the angles of positions 0 ..< length, row-major [length × size/2]; `size` is d and even.
    public static func table(length: Int, size: Int, base: Double) -> (cosine: [Float], sine: [Float]) {
        let frequencies = (0..<size / 2).map { Float(pow(base, -Double(2 * $0) / Double(size))) }
        // Angles are rounded to float32, as in the implementations that models are trained with.
        let angles = (0..<length).flatMap { position in frequencies.map { Double(Float(position) * $0) } }
        return (angles.map { Float(cos($0)) }, angles.map { Float(sin($0)) })
    }

    /// [n × length × d] → [n × length × d].
    func callAsFunction(_ x: Tensor) -> Tensor {
        let half = x.shape[2] / 2
        let (a, b) = (x.slice(axis: 2, start: 0, count: half), x.slice(axis: 2, start: half, count: half))
        return Tensor.concatenated([a * cosine - b * sine, b * cosine + a * sine], axis: 2)
    }
}
