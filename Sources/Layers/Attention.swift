import Graphs

/// Multi-head self-attention (Vaswani et al. 2017, section 3.2): softmax(QKᵀ/√d + mask)·V for each head.
public struct SelfAttention {
    let projection: Linear
    let output: Linear
    let heads: Int
    let width: Int

    /// `width` must divide by `heads`.
    public init(_ scope: ParameterScope, width: Int, heads: Int) {
        precondition(width % heads == 0, "width \(width) for \(heads) heads")
        projection = Linear(scope / "projection", width, 3 * width)
        output = Linear(scope / "output", width, width)
        self.heads = heads
        self.width = width
    }

    /// - Parameters:
    ///   - x: rows of all sequences, [batch·length × width].
    ///   - mask: added to the scores, [batch × 1 × 1 × length]: 0 for tokens, very negative for padding.
    public func callAsFunction(_ x: Tensor, batch: Int, length: Int, mask: Tensor) -> Tensor {
        let size = width / heads
        let all = projection(x).reshaped([batch, length, 3, heads, size]).transposed([2, 0, 3, 1, 4])
        func part(_ index: Int) -> Tensor {
            all.slice(axis: 0, start: index, count: 1).reshaped([batch * heads, length, size])
        }
        let scores = part(0).matmul(part(1), otherTransposed: true) * (1 / Float(size).squareRoot())
        let masked = scores.reshaped([batch, heads, length, length]) + mask
        let weights = masked.softmax().reshaped([batch * heads, length, length])
        let mixed = weights.matmul(part(2)).reshaped([batch, heads, length, size]).transposed([0, 2, 1, 3])
        return output(mixed.reshaped([batch * length, width]))
    }
}

/// A transformer block with normalisation first: x + attention(norm(x)), then x + MLP(norm(x)).
public struct TransformerBlock {
    let attention: SelfAttention
    let norm1: LayerNormalization
    let norm2: LayerNormalization
    let expand: Linear
    let contract: Linear

    /// A block whose MLP is four times as wide as its rows.
    public init(_ scope: ParameterScope, width: Int, heads: Int) {
        attention = SelfAttention(scope / "attention", width: width, heads: heads)
        norm1 = LayerNormalization(scope / "norm1", width: width)
        norm2 = LayerNormalization(scope / "norm2", width: width)
        expand = Linear(scope / "expand", width, 4 * width)
        contract = Linear(scope / "contract", 4 * width, width)
    }

    /// Shapes as in `SelfAttention`.
    public func callAsFunction(_ x: Tensor, batch: Int, length: Int, mask: Tensor) -> Tensor {
        let mixed = x + attention(norm1(x), batch: batch, length: length, mask: mask)
        return mixed + contract(expand(norm2(mixed)).gelu())
    }
}
