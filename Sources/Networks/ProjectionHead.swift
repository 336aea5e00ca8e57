import Graphs
import Layers

/// Sizes of a head on a pretrained network's vectors.
public struct ProjectionHeadConfiguration: Codable, Hashable, Sendable {
    /// Width of the vectors that it reads.
    public var inputs: Int
    /// Width of its hidden layer.
    public var hidden: Int
    /// Width of the vectors that it makes.
    public var embedding: Int

    /// Sizes of a head; the hidden layer is four times as wide as what it makes, if nothing else is said.
    public init(inputs: Int, hidden: Int? = nil, embedding: Int) {
        self.inputs = inputs
        self.hidden = hidden ?? 4 * embedding
        self.embedding = embedding
    }

    /// Throws when no head can have these sizes.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.check("head.inputs", inputs, in: 1...65_536)
        try ConfigurationError.check("head.hidden", hidden, in: 1...65_536)
        try ConfigurationError.check("encoder.embedding", embedding, in: 8...4096)
    }
}

/// A pretrained network's vectors to those of a space that sentences and images share: y = W₂·gelu(W₁·x + b₁) + b₂, of unit
/// length.
///
/// The pretrained network, of sentences or of images, stays as it is, and this much is trained (the arrangement of Zhai et al.
/// 2022, "LiT").
public struct ProjectionHead {
    private let hidden: Linear
    private let output: Linear

    /// A head whose parameters lie under `scope`.
    public init(_ scope: ParameterScope, _ configuration: ProjectionHeadConfiguration) {
        hidden = Linear(scope / "hidden", configuration.inputs, configuration.hidden)
        output = Linear(scope / "output", configuration.hidden, configuration.embedding)
    }

    /// Unit vectors [batch×embedding] of vectors [batch×inputs].
    /// - Parameter kept: [batch×hidden], what each hidden value is multiplied by, for dropout; nil keeps them as they are.
    public func callAsFunction(_ vectors: Tensor, kept: Tensor? = nil) -> Tensor {
        let states = hidden(vectors).gelu()
        return output(kept.map { states * $0 } ?? states).unitLength()
    }
}
