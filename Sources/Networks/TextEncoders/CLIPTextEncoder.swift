import Graphs
import Layers

/// Sizes and settings of CLIP's text encoder, by the names of a Hugging Face `config.json`.
public struct CLIPTextConfiguration: Hashable, Sendable {
    /// Entries of the vocabulary.
    public var vocabulary: Int
    /// Width of token states.
    public var width: Int
    /// Transformer blocks.
    public var layers: Int
    /// Attention heads.
    public var heads: Int
    /// Width of each block's MLP.
    public var hidden: Int
    /// Most tokens of a sentence, start and end included.
    public var length: Int
    /// Width of sentence vectors, into which the end's state is projected; nil takes the state as it is.
    public var projection: Int?
    /// The id of the token that ends a sentence, or 2, which says that it is the largest id of all.
    public var end: Int
    /// Of all normalisations.
    public var epsilon: Float
    /// Between the two maps of each MLP.
    public var activation: Activation

    /// Sizes and settings of an encoder.
    public init(
        vocabulary: Int, width: Int, layers: Int, heads: Int, hidden: Int, length: Int, projection: Int? = nil,
        end: Int = 2, epsilon: Float = 1e-5, activation: Activation = .quickGELU
    ) {
        self.vocabulary = vocabulary
        self.width = width
        self.layers = layers
        self.heads = heads
        self.hidden = hidden
        self.length = length
        self.projection = projection
        self.end = end
        self.epsilon = epsilon
        self.activation = activation
    }

    /// Throws when no encoder can have these sizes.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkTransformer(
            vocabulary: vocabulary, width: width, layers: layers, heads: heads, hidden: hidden, positions: length)
        if let projection { try ConfigurationError.check("projection_dim", projection, in: 4...8192) }
        try ConfigurationError.check("eos_token_id", end, in: 0...max(2, vocabulary - 1))
        try ConfigurationError.checkEpsilon(epsilon)
    }

    /// Where a sentence ends: at the first of its largest ids in files from before the end had an id of its own in
    /// `config.json` (which say 2), else at the first token with that id; nil where there is none.
    public func endPosition(in ids: [Int32]) -> Int? {
        guard end == 2 else { return ids.firstIndex(of: Int32(end)) }
        return ids.max().flatMap { ids.firstIndex(of: $0) }
    }
}

/// The text encoder of Radford et al. 2021 ("CLIP"): embeddings of tokens and positions, transformer blocks that
/// normalise first and never look ahead, a normalisation, the state of the token that ends the sentence, and its
/// projection into the space shared with images.
public struct CLIPTextEncoder {
    let configuration: CLIPTextConfiguration
    let tokens: Embedding
    let positions: Tensor
    let blocks: [TransformerBlock]
    let norm: LayerNormalization
    let projection: Linear?

    /// An encoder whose parameters lie under `scope`.
    public init(_ scope: ParameterScope, _ configuration: CLIPTextConfiguration) {
        self.configuration = configuration
        let width = configuration.width
        tokens = Embedding(scope / "tokens", count: configuration.vocabulary, width: width)
        positions = (scope / "positions" / "weight").parameter([configuration.length, width], .normal(deviation: 0.01))
        blocks = (0..<configuration.layers).map {
            TransformerBlock(
                scope / "blocks" / $0, width: width, heads: configuration.heads, hidden: configuration.hidden,
                activation: configuration.activation, epsilon: configuration.epsilon)
        }
        norm = LayerNormalization(scope / "norm", width: width, epsilon: configuration.epsilon)
        projection = configuration.projection.map { Linear(scope / "projection", width, $0, bias: false) }
    }

    /// The states of all tokens after the last normalisation, [batch·length × width]. Those of padding mean nothing; no
    /// token sees them, since they come after the end.
    public func states(_ sentences: SentenceInputs) -> Tensor {
        let (batch, length, width) = (sentences.batch, sentences.length, configuration.width)
        let places = positions.slice(axis: 0, start: 0, count: length).reshaped([1, length, width])
        let rows = (tokens(sentences.ids).reshaped([batch, length, width]) + places).reshaped([batch * length, width])
        let scores = sentences.causalScores
        return norm(blocks.reduce(rows) { $1($0, batch: batch, length: length, mask: scores) })
    }

    /// The sentences' vectors, of unit length.
    public func callAsFunction(_ sentences: SentenceInputs) -> TextEmbedding {
        let pooled = sentences.pool(states(sentences))
        return TextEmbedding((projection.map { $0(pooled) } ?? pooled).unitLength())
    }

    /// How this encoder's parameters are called in Hugging Face's files, after their `text_model.`. The image encoder
    /// that these may hold beside is of no use here.
    public static let names = PretrainedNames(
        layers: [
            "embeddings.token_embedding": "tokens", "embeddings.position_embedding": "positions",
            "final_layer_norm": "norm", "text_projection": "projection",
        ], blocks: "encoder.layers",
        parts: [
            "self_attn.q_proj": "attention.projection.0", "self_attn.k_proj": "attention.projection.1",
            "self_attn.v_proj": "attention.projection.2", "self_attn.out_proj": "attention.output",
            "layer_norm1": "norm1", "layer_norm2": "norm2", "mlp.fc1": "expand", "mlp.fc2": "contract",
        ])
}
