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
    ///   - mask: added to the scores, [batch × 1 × 1 × length] or another shape that spreads to [batch × heads × length ×
    ///     length]: 0 where a token may look, very negative where not.
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

/// What the MLP of a transformer block puts between its two maps.
public enum Activation: String, Sendable, CaseIterable, Codable {
    /// x · Φ(x), exactly.
    case gelu
    /// Its tanh form.
    case geluTanh
    /// x · σ(1.702 x).
    case quickGELU
    case relu

    func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .gelu: x.exactGELU()
        case .geluTanh: x.gelu()
        case .quickGELU: x.quickGELU()
        case .relu: x.relu()
        }
    }
}

/// A transformer block: self-attention and an MLP of one hidden layer, each with a residual path around it.
public struct TransformerBlock {
    /// Where a block normalises.
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
    ///   - hidden: width of the MLP; nil is four times that of the rows.
    ///   - epsilon: of both normalisations.
    public init(
        _ scope: ParameterScope, width: Int, heads: Int, hidden: Int? = nil, activation: Activation = .geluTanh,
        epsilon: Float = 1e-5, order: Order = .normalizationFirst
    ) {
        let hidden = hidden ?? 4 * width
        attention = SelfAttention(scope / "attention", width: width, heads: heads)
        norm1 = LayerNormalization(scope / "norm1", width: width, epsilon: epsilon)
        norm2 = LayerNormalization(scope / "norm2", width: width, epsilon: epsilon)
        expand = Linear(scope / "expand", width, hidden)
        contract = Linear(scope / "contract", hidden, width)
        self.activation = activation
        self.order = order
    }

    /// Shapes as in `SelfAttention`.
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
