import Graphs

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

/// The multilayer perceptron of a transformer block: y = W₂·activation(W₁·x + b₁) + b₂, or gated (Shazeer 2020, "GLU
/// Variants") y = W₂·(activation(a) ⊙ g) + b₂, where a and g are the halves of W₁·x + b₁.
///
/// Shapes: x and y [N×width]; W₁, `expand`, [hidden×width], gated [2·hidden × width]; W₂, `contract`, [width×hidden].
public struct MLP {
    let expand: Linear
    let contract: Linear
    let activation: Activation
    let isGated: Bool

    /// - Parameter bias: whether the linear layers have biases.
    public init(
        _ scope: ParameterScope, width: Int, hidden: Int, activation: Activation, isGated: Bool = false,
        bias: Bool = true
    ) {
        expand = Linear(scope / "expand", inputs: width, outputs: isGated ? 2 * hidden : hidden, bias: bias)
        contract = Linear(scope / "contract", inputs: hidden, outputs: width, bias: bias)
        self.activation = activation
        self.isGated = isGated
    }

    /// [N×width] → [N×width].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let y = expand(x)
        guard isGated else { return contract(activation(y)) }
        let hidden = y.shape[1] / 2
        return contract(
            activation(y.slice(axis: 1, start: 0, count: hidden)) * y.slice(axis: 1, start: hidden, count: hidden))
    }
}

/// A transformer block (Vaswani et al. 2017, section 3.1): self-attention, then an MLP with one hidden layer, each with
/// a residual connection and a normalization, in the order that `Order` gives.
///
/// Shapes: x and y [batch·length × width].
public struct TransformerBlock {
    /// The place of the normalizations.
    public enum Order: Sendable {
        /// x + attention(norm(x)), then x + MLP(norm(x)), as in GPT-2 and CLIP.
        case normalizationFirst
        /// norm(x + attention(x)), then norm(x + MLP(x)), as in Vaswani et al. 2017 and BERT.
        case normalizationLast
    }

    let attention: SelfAttention
    /// nil for none.
    let norm1: LayerNormalization?
    let norm2: LayerNormalization
    let mlp: MLP
    let order: Order

    /// A block of these parts, with the normalizations first.
    public init(attention: SelfAttention, norm1: LayerNormalization?, mlp: MLP, norm2: LayerNormalization) {
        self.attention = attention
        self.norm1 = norm1
        self.mlp = mlp
        self.norm2 = norm2
        order = .normalizationFirst
    }

    /// - Parameters:
    ///   - hidden: width of the MLP's hidden layer; nil is 4 · width.
    ///   - epsilon: of both layer normalizations.
    public init(
        _ scope: ParameterScope, width: Int, heads: Int, hidden: Int? = nil, activation: Activation = .geluTanh,
        epsilon: Float = 1e-5, order: Order = .normalizationFirst
    ) {
        attention = SelfAttention(scope / "attention", width: width, heads: heads)
        norm1 = LayerNormalization(scope / "norm1", width: width, epsilon: epsilon)
        norm2 = LayerNormalization(scope / "norm2", width: width, epsilon: epsilon)
        mlp = MLP(scope, width: width, hidden: hidden ?? 4 * width, activation: activation)
        self.order = order
    }

    /// [batch·length × width] → [batch·length × width]; parameters as in `SelfAttention`.
    public func callAsFunction(
        _ x: Tensor, batch: Int, length: Int, mask: Tensor, rotation: RotaryEmbedding? = nil
    ) -> Tensor {
        func attend(_ x: Tensor) -> Tensor {
            attention(x, batch: batch, length: length, mask: mask, rotation: rotation)
        }
        func normalize(_ x: Tensor) -> Tensor { norm1.map { $0(x) } ?? x }
        switch order {
        case .normalizationFirst:
            let mixed = x + attend(normalize(x))
            return mixed + mlp(norm2(mixed))
        case .normalizationLast:
            let mixed = normalize(x + attend(x))
            return norm2(mixed + mlp(mixed))
        }
    }
}
