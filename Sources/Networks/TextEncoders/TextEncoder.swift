import Graphs
import Tokenizers
import Layers

/// Sizes of a text encoder.
public struct TextEncoderConfiguration: Codable, Hashable, Sendable {
    /// Entries of the vocabulary.
    public var vocabulary: Int
    /// Width of token states.
    public var width: Int
    /// Transformer blocks.
    public var layers: Int
    /// Attention heads.
    public var heads: Int
    /// Most tokens of a sentence, start and end included.
    public var length: Int
    /// Width of sentence vectors.
    public var embedding: Int

    /// Sizes of a text encoder; the defaults are the recipe's.
    public init(
        vocabulary: Int, width: Int = 128, layers: Int = 2, heads: Int = 4, length: Int = 48, embedding: Int = 256
    ) {
        self.vocabulary = vocabulary
        self.width = width
        self.layers = layers
        self.heads = heads
        self.length = length
        self.embedding = embedding
    }

    /// Throws when no encoder can have these sizes.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.check("encoder.vocabulary", vocabulary, in: 3...1_000_000)
        try ConfigurationError.check("encoder.width", width, in: 8...4096)
        try ConfigurationError.check("encoder.layers", layers, in: 1...64)
        try ConfigurationError.check("encoder.heads", heads, in: 1...64)
        try ConfigurationError.check("encoder.length", length, in: 3...1024)
        try ConfigurationError.check("encoder.embedding", embedding, in: 8...4096)
        guard width % heads == 0 else {
            throw ConfigurationError(
                key: "encoder.heads", problem: "is \(heads), which does not divide the width \(width)")
        }
    }
}

/// Sentences to unit vectors: token and position embeddings, transformer blocks, the mean over tokens, a linear map.
public struct TextEncoder {
    let configuration: TextEncoderConfiguration
    let tokens: Embedding
    let positions: Tensor
    let blocks: [TransformerBlock]
    let norm: LayerNormalization
    let head: Linear

    /// An encoder whose parameters lie under `scope`.
    public init(_ scope: ParameterScope, _ configuration: TextEncoderConfiguration) {
        self.configuration = configuration
        let width = configuration.width
        tokens = Embedding(scope / "tokens", count: configuration.vocabulary, width: width)
        positions = (scope / "positions" / "weight").parameter([configuration.length, width], .normal(deviation: 0.01))
        blocks = (0..<configuration.layers).map {
            TransformerBlock(scope / "blocks" / $0, width: width, heads: configuration.heads)
        }
        norm = LayerNormalization(scope / "norm", width: width)
        head = Linear(scope / "head", width, configuration.embedding)
    }

    /// - Parameters:
    ///   - ids: int32 [batch·length], padded.
    ///   - mask: [batch×length], 1 for tokens and 0 for padding.
    public func callAsFunction(ids: Tensor, mask: Tensor) -> TextEmbedding {
        let (batch, length, width) = (mask.shape[0], mask.shape[1], configuration.width)
        let rows = tokens(ids).reshaped([batch, length, width])
        let placed = rows + positions.slice(axis: 0, start: 0, count: length).reshaped([1, length, width])
        let scores = ((mask - 1) * 1e9).reshaped([batch, 1, 1, length])
        let states = blocks.reduce(placed.reshaped([batch * length, width])) {
            $1($0, batch: batch, length: length, mask: scores)
        }
        let weights = mask.reshaped([batch, length, 1])
        let total = (norm(states).reshaped([batch, length, width]) * weights).sum(along: [1])
        let mean = total / weights.sum(along: [1])
        return TextEmbedding(head(mean.reshaped([batch, width])).unitLength())
    }
}
