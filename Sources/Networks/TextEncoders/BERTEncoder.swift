import Graphs
import Layers

/// The sizes and settings of a BERT or RoBERTa encoder. `validate()` names the keys of a Hugging Face `config.json`.
public struct BERTConfiguration: Hashable, Sendable {
    /// Number of tokens in the vocabulary.
    public var vocabulary: Int
    /// Width of token states and of sentence vectors.
    public var width: Int
    /// Number of transformer blocks.
    public var layers: Int
    /// Number of attention heads.
    public var heads: Int
    /// Width of the hidden layer of each block's MLP.
    public var hidden: Int
    /// Number of position embeddings.
    public var positions: Int
    /// Index of the first token's position embedding: 0, or in RoBERTa the padding token's id plus 1.
    public var firstPosition: Int
    /// Number of segment embeddings; all tokens use the first.
    public var segments: Int
    /// Epsilon of all layer normalizations.
    public var epsilon: Float
    /// Activation of each MLP.
    public var activation: Activation

    /// A configuration; the defaults are those of published models.
    public init(
        vocabulary: Int, width: Int, layers: Int, heads: Int, hidden: Int, positions: Int, firstPosition: Int = 0,
        segments: Int = 2, epsilon: Float = 1e-12, activation: Activation = .gelu
    ) {
        self.vocabulary = vocabulary
        self.width = width
        self.layers = layers
        self.heads = heads
        self.hidden = hidden
        self.positions = positions
        self.firstPosition = firstPosition
        self.segments = segments
        self.epsilon = epsilon
        self.activation = activation
    }

    /// Maximum number of tokens of a sentence, special tokens included.
    public var length: Int { positions - firstPosition }

    /// Throws if a value is out of range.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkTransformer(
            vocabulary: vocabulary, width: width, layers: layers, heads: heads, hidden: hidden, positions: positions)
        try ConfigurationError.check("type_vocab_size", segments, in: 1...1024)
        try ConfigurationError.check("pad_token_id", firstPosition, in: 0...max(0, positions - 2))
        try ConfigurationError.checkEpsilon(epsilon)
    }
}

/// The text encoder of Devlin et al. 2019, "BERT": word, position and segment embeddings, a layer normalization, and
/// transformer blocks that normalize last. RoBERTa (Liu et al. 2019) differs only in its first position.
public struct BERTEncoder {
    let configuration: BERTConfiguration
    let words: Embedding
    let positions: Tensor
    let segments: Tensor
    let norm: LayerNormalization
    let blocks: [TransformerBlock]

    /// An encoder with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: BERTConfiguration) {
        self.configuration = configuration
        let width = configuration.width
        words = Embedding(scope / "words", count: configuration.vocabulary, width: width)
        positions = Embedding(scope / "positions", count: configuration.positions, width: width).table
        segments = Embedding(scope / "segments", count: configuration.segments, width: width).table
        norm = LayerNormalization(scope / "norm", width: width, epsilon: configuration.epsilon)
        blocks = (0..<configuration.layers).map {
            TransformerBlock(
                scope / "blocks" / $0, width: width, heads: configuration.heads, hidden: configuration.hidden,
                activation: configuration.activation, epsilon: configuration.epsilon, order: .normalizationLast)
        }
    }

    /// The states of all tokens after the last block, [batch·length × width].
    public func states(_ sentences: SentenceInputs) -> Tensor {
        let (batch, length, width) = (sentences.batch, sentences.length, configuration.width)
        // [length×width]
        let places =
            positions.slice(axis: 0, start: configuration.firstPosition, count: length)
            + segments.slice(axis: 0, start: 0, count: 1)
        // [batch·length] → [batch, length, width]
        let rows = words(sentences.ids).reshaped([batch, length, width]) + places.reshaped([1, length, width])
        let scores = sentences.paddingScores
        // → [batch·length × width]
        return blocks.reduce(norm(rows.reshaped([batch * length, width]))) {
            $1($0, batch: batch, length: length, mask: scores)
        }
    }

    /// Unit vectors of the sentences, [batch×width].
    public func callAsFunction(_ sentences: SentenceInputs) -> TextEmbedding {
        TextEmbedding(sentences.pool(states(sentences)).l2Normalized())
    }

    /// The names of this encoder's parameters in Hugging Face files, after the prefix `bert.` or `roberta.`. Other
    /// parameters in these files, of the pooler and of heads for other tasks, are not used.
    public static let names = PretrainedNames(
        layers: [
            "embeddings.word_embeddings": "words", "embeddings.position_embeddings": "positions",
            "embeddings.token_type_embeddings": "segments", "embeddings.LayerNorm": "norm",
        ], blocks: "encoder.layer",
        parts: [
            "attention.self.query": "attention.projection.0", "attention.self.key": "attention.projection.1",
            "attention.self.value": "attention.projection.2", "attention.output.dense": "attention.output",
            "attention.output.LayerNorm": "norm1", "intermediate.dense": "expand", "output.dense": "contract",
            "output.LayerNorm": "norm2",
        ])
}

extension ConfigurationError {
    /// Throws if a size of a transformer is out of range, under its key in `config.json`.
    static func checkTransformer(
        vocabulary: Int, width: Int, layers: Int, heads: Int, hidden: Int, positions: Int
    ) throws(ConfigurationError) {
        try check("vocab_size", vocabulary, in: 1...2_000_000)
        try check("hidden_size", width, in: 4...8192)
        try check("num_hidden_layers", layers, in: 1...128)
        try check("num_attention_heads", heads, in: 1...256)
        try check("intermediate_size", hidden, in: 1...65_536)
        try check("max_position_embeddings", positions, in: 2...65_536)
        guard width % heads == 0 else {
            throw ConfigurationError(
                key: "num_attention_heads", problem: "is \(heads), which does not divide the width \(width)")
        }
    }

    static func checkEpsilon(_ epsilon: Float) throws(ConfigurationError) {
        guard epsilon > 0, epsilon < 1 else {
            throw ConfigurationError(key: "layer_norm_eps", problem: "is \(epsilon), expected between 0 and 1")
        }
    }
}
