import Graphs
import Layers
import Tokenizers

/// The sizes of a text encoder.
public struct TextEncoderConfiguration: Codable, Hashable, Sendable {
    /// Number of tokens in the vocabulary.
    public var vocabulary: Int
    /// Width of token states.
    public var width: Int
    /// Number of transformer blocks.
    public var layers: Int
    /// Number of attention heads.
    public var heads: Int
    /// Maximum number of tokens of a sentence, start and end included.
    public var length: Int
    /// Width of sentence vectors.
    public var embedding: Int

    /// A configuration; the defaults are those of a recipe.
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

    /// Throws if a value is out of range.
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

/// A text encoder, trained from scratch: token and position embeddings, transformer blocks that normalize first
/// (Radford et al. 2019, "GPT-2") but attend to all tokens, the mean over tokens, and a linear layer to unit vectors.
public struct TextEncoder {
    let configuration: TextEncoderConfiguration
    let tokens: Embedding
    let positions: Tensor
    let blocks: [TransformerBlock]
    let norm: LayerNormalization
    let head: Linear

    /// An encoder with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: TextEncoderConfiguration) {
        self.configuration = configuration
        let width = configuration.width
        tokens = Embedding(scope / "tokens", count: configuration.vocabulary, width: width)
        positions =
            Embedding(
                scope / "positions", count: configuration.length, width: width, deviation: 0.01
            ).table
        blocks = (0..<configuration.layers).map {
            TransformerBlock(scope / "blocks" / $0, width: width, heads: configuration.heads)
        }
        norm = LayerNormalization(scope / "norm", width: width)
        head = Linear(scope / "head", inputs: width, outputs: configuration.embedding)
    }

    /// - Parameters:
    ///   - ids: int32 [batch·length], padded.
    ///   - mask: [batch×length], 1 for tokens and 0 for padding.
    /// - Returns: unit vectors [batch×embedding].
    public func callAsFunction(ids: Tensor, mask: Tensor) -> TextEmbedding {
        let (batch, length, width) = (mask.shape[0], mask.shape[1], configuration.width)
        // [batch·length] → [batch, length, width]
        let rows = tokens(ids).reshaped([batch, length, width])
        let placed = rows + positions.slice(axis: 0, start: 0, count: length).reshaped([1, length, width])
        // 0 for tokens and −10⁹ for padding, [batch, 1, 1, length]
        let scores = mask.paddingScores
        // → [batch·length × width]
        let states = blocks.reduce(placed.reshaped([batch * length, width])) {
            $1($0, batch: batch, length: length, mask: scores)
        }
        // Mean over tokens: [batch, length, width] → [batch, 1, width]
        let weights = mask.reshaped([batch, length, 1])
        let total = (norm(states).reshaped([batch, length, width]) * weights).sum(along: [1])
        let mean = total / weights.sum(along: [1])
        // → [batch×embedding]
        return TextEmbedding(head(mean.reshaped([batch, width])).l2Normalized())
    }
}
