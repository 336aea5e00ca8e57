import Graphs
import Layers

/// The sizes of a projection head on a pretrained network's vectors.
public struct ProjectionHeadConfiguration: Codable, Hashable, Sendable {
    /// Width of the pretrained network's vectors.
    public var inputs: Int
    /// Width of its hidden layer.
    public var hidden: Int
    /// Width of the projected vectors.
    public var embedding: Int

    /// A configuration; the default `hidden` is 4 · embedding.
    public init(inputs: Int, hidden: Int? = nil, embedding: Int) {
        self.inputs = inputs
        self.hidden = hidden ?? 4 * embedding
        self.embedding = embedding
    }

    /// Throws if a value is out of range.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.check("head.inputs", inputs, in: 1...65_536)
        try ConfigurationError.check("head.hidden", hidden, in: 1...65_536)
        try ConfigurationError.check("encoder.embedding", embedding, in: 8...4096)
    }
}

/// A projection of a pretrained network's vectors into a space that sentences and images share: y = W₂·gelu(W₁·x + b₁)
/// + b₂, scaled to unit length.
///
/// The pretrained text or image network stays frozen and only the head is trained (Zhai et al. 2022, "LiT: Zero-Shot
/// Transfer with Locked-image text Tuning"). Shapes: x [batch×inputs], hidden layer [batch×hidden], y
/// [batch×embedding].
public struct ProjectionHead {
    private let hidden: Linear
    private let output: Linear

    /// A head with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: ProjectionHeadConfiguration) {
        hidden = Linear(scope / "hidden", inputs: configuration.inputs, outputs: configuration.hidden)
        output = Linear(scope / "output", inputs: configuration.hidden, outputs: configuration.embedding)
    }

    /// [batch×inputs] → unit vectors [batch×embedding].
    /// - Parameter kept: dropout factors of the hidden values, [batch×hidden]; nil for none.
    public func callAsFunction(_ vectors: Tensor, kept: Tensor? = nil) -> Tensor {
        let states = hidden(vectors).geluTanh()
        return output(kept.map { states * $0 } ?? states).l2Normalized()
    }
}
