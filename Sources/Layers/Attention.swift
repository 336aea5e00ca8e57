import Graphs

/// Multi-head self-attention (Vaswani et al. 2017, section 3.2): y = W·concat(softmax(QKᵀ/√d + mask)·V of each head) +
/// b, where Q, K and V are linear in x and d = width/heads.
///
/// Shapes: x and y [batch·length × width]; `projection`, which computes Q, K and V, [3·width × width]; `output`
/// [width×width].
public struct SelfAttention {
    let projection: Linear
    let output: Linear
    let heads: Int
    let width: Int

    /// `heads` must divide `width`.
    public init(_ scope: ParameterScope, width: Int, heads: Int) {
        precondition(width % heads == 0, "width \(width) for \(heads) heads")
        projection = Linear(scope / "projection", inputs: width, outputs: 3 * width)
        output = Linear(scope / "output", inputs: width, outputs: width)
        self.heads = heads
        self.width = width
    }

    /// - Parameters:
    ///   - x: the token states of all sequences, [batch·length × width].
    ///   - mask: added to the scores; 0 where a token may attend, very negative elsewhere. Any shape that broadcasts to [batch ×
    ///     heads × length × length], such as [batch × 1 × 1 × length].
    /// - Returns: [batch·length × width].
    public func callAsFunction(_ x: Tensor, batch: Int, length: Int, mask: Tensor) -> Tensor {
        let size = width / heads
        // [batch·length × 3·width] → [3, batch, heads, length, size]
        let all = projection(x).reshaped([batch, length, 3, heads, size]).transposed([2, 0, 3, 1, 4])
        func part(_ index: Int) -> Tensor {
            all.slice(axis: 0, start: index, count: 1).reshaped([batch * heads, length, size])
        }
        // [batch·heads, length, size] · [batch·heads, size, length] → [batch·heads, length, length]
        let scores = part(0).matmul(part(1), otherTransposed: true) * (1 / Float(size).squareRoot())
        let masked = scores.reshaped([batch, heads, length, length]) + mask
        let weights = masked.softmax().reshaped([batch * heads, length, length])
        // [batch·heads, length, size] → [batch, length, heads, size]
        let mixed = weights.matmul(part(2)).reshaped([batch, heads, length, size]).transposed([0, 2, 1, 3])
        return output(mixed.reshaped([batch * length, width]))
    }
}

/// The activation function between the two linear layers of a transformer block's MLP.
public enum Activation: String, Sendable, CaseIterable, Codable {
    /// x · Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016).
    case gelu
    /// The tanh approximation of `gelu`.
    case geluTanh
    /// The sigmoid approximation of `gelu`, x · σ(1.702 x).
    case quickGELU
    /// max(x, 0).
    case relu

    func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .gelu: x.gelu()
        case .geluTanh: x.geluTanh()
        case .quickGELU: x.quickGELU()
        case .relu: x.relu()
        }
    }
}

/// A transformer block (Vaswani et al. 2017, section 3.1): self-attention, then an MLP with one hidden layer, each with
/// a residual connection and a layer normalization, in the order that `Order` gives.
///
/// Shapes: x and y [batch·length × width]; MLP(x) = W₂·activation(W₁·x + b₁) + b₂ with W₁ [hidden×width].
public struct TransformerBlock {
    /// The place of the layer normalizations.
    public enum Order: Sendable {
        /// x + attention(norm(x)), then x + MLP(norm(x)), as in GPT-2 and CLIP.
        case normalizationFirst
        /// norm(x + attention(x)), then norm(x + MLP(x)), as in Vaswani et al. 2017 and BERT.
        case normalizationLast
    }

    let attention: SelfAttention
    let norm1: LayerNormalization
    let norm2: LayerNormalization
    let expand: Linear
    let contract: Linear
    let activation: Activation
    let order: Order

    /// - Parameters:
    ///   - hidden: width of the MLP's hidden layer; nil is 4 · width.
    ///   - epsilon: of both layer normalizations.
    public init(
        _ scope: ParameterScope, width: Int, heads: Int, hidden: Int? = nil, activation: Activation = .geluTanh,
        epsilon: Float = 1e-5, order: Order = .normalizationFirst
    ) {
        let hidden = hidden ?? 4 * width
        attention = SelfAttention(scope / "attention", width: width, heads: heads)
        norm1 = LayerNormalization(scope / "norm1", width: width, epsilon: epsilon)
        norm2 = LayerNormalization(scope / "norm2", width: width, epsilon: epsilon)
        expand = Linear(scope / "expand", inputs: width, outputs: hidden)
        contract = Linear(scope / "contract", inputs: hidden, outputs: width)
        self.activation = activation
        self.order = order
    }

    /// [batch·length × width] → [batch·length × width]; parameters as in `SelfAttention`.
    public func callAsFunction(_ x: Tensor, batch: Int, length: Int, mask: Tensor) -> Tensor {
        func attend(_ x: Tensor) -> Tensor { attention(x, batch: batch, length: length, mask: mask) }
        func transform(_ x: Tensor) -> Tensor { contract(activation(expand(x))) }
        switch order {
        case .normalizationFirst:
            let mixed = x + attend(norm1(x))
            return mixed + transform(norm2(mixed))
        case .normalizationLast:
            let mixed = norm1(x + attend(x))
            return norm2(mixed + transform(mixed))
        }
    }
}
