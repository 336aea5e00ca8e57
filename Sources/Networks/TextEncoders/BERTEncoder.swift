import Graphs
import Layers

/// Sizes and settings of a BERT or RoBERTa encoder, by the names of a Hugging Face `config.json`.
public struct BERTConfiguration: Hashable, Sendable {
    /// Entries of the vocabulary.
    public var vocabulary: Int
    /// Width of token states and of sentence vectors.
    public var width: Int
    /// Transformer blocks.
    public var layers: Int
    /// Attention heads.
    public var heads: Int
    /// Width of each block's MLP.
    public var hidden: Int
    /// Rows of the table of positions.
    public var positions: Int
    /// The row of that table for the first token: 0, or in RoBERTa the one after the padding token's id.
    public var firstPosition: Int
    /// Rows of the table of segments; all tokens are in the first.
    public var segments: Int
    /// Of all normalisations.
    public var epsilon: Float
    /// Between the two maps of each MLP.
    public var activation: Activation

    /// Sizes and settings of an encoder.
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

    /// Most tokens of a sentence, the special ones included.
    public var length: Int { positions - firstPosition }

    /// Throws when no encoder can have these sizes.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkTransformer(
            vocabulary: vocabulary, width: width, layers: layers, heads: heads, hidden: hidden, positions: positions)
        try ConfigurationError.check("type_vocab_size", segments, in: 1...1024)
        try ConfigurationError.check("pad_token_id", firstPosition, in: 0...max(0, positions - 2))
        try ConfigurationError.checkEpsilon(epsilon)
    }
}

/// The encoder of Devlin et al. 2019 ("BERT"): embeddings of words, positions and segments, a normalisation, and
/// transformer blocks that normalise last. RoBERTa (Liu et al. 2019) is the same but for its first position.
public struct BERTEncoder {
    let configuration: BERTConfiguration
    let words: Embedding
    let positions: Tensor
    let segments: Tensor
    let norm: LayerNormalization
    let blocks: [TransformerBlock]

    /// An encoder whose parameters lie under `scope`.
    public init(_ scope: ParameterScope, _ configuration: BERTConfiguration) {
        self.configuration = configuration
        let width = configuration.width
        words = Embedding(scope / "words", count: configuration.vocabulary, width: width)
        positions = (scope / "positions" / "weight").parameter(
            [configuration.positions, width], .normal(deviation: 0.02))
        segments = (scope / "segments" / "weight").parameter([configuration.segments, width], .normal(deviation: 0.02))
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
        let places =
            positions.slice(axis: 0, start: configuration.firstPosition, count: length)
            + segments.slice(axis: 0, start: 0, count: 1)
        let rows = words(sentences.ids).reshaped([batch, length, width]) + places.reshaped([1, length, width])
        let scores = sentences.paddingScores
        return blocks.reduce(norm(rows.reshaped([batch * length, width]))) {
            $1($0, batch: batch, length: length, mask: scores)
        }
    }

    /// The sentences' vectors, of unit length.
    public func callAsFunction(_ sentences: SentenceInputs) -> TextEmbedding {
        TextEmbedding(sentences.pool(states(sentences)).unitLength())
    }

    /// How this encoder's parameters are called in Hugging Face's files, after their `bert.` or `roberta.`. What these
    /// hold beside, the pooler and heads of other tasks, is of no use here.
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
    /// Throws when a transformer cannot have these sizes, under their names in a `config.json`.
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
