import Graphs
import Layers

/// The sizes and settings of CLIP's text encoder. `validate()` names the keys of a Hugging Face `config.json`.
public struct CLIPTextConfiguration: Hashable, Sendable {
    /// Number of tokens in the vocabulary.
    public var vocabulary: Int
    /// Width of token states.
    public var width: Int
    /// Number of transformer blocks.
    public var layers: Int
    /// Number of attention heads.
    public var heads: Int
    /// Width of the hidden layer of each block's MLP.
    public var hidden: Int
    /// Maximum number of tokens of a sentence, start and end included.
    public var length: Int
    /// Width of the projected sentence vectors; nil for no projection.
    public var projection: Int?
    /// The id of the end token; 2 stands for the largest id of each sentence.
    public var end: Int
    /// Epsilon of all layer normalizations.
    public var epsilon: Float
    /// Activation of each MLP.
    public var activation: Activation

    /// A configuration; the defaults are those of published models.
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

    /// Throws if a value is out of range.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkTransformer(
            vocabulary: vocabulary, width: width, layers: layers, heads: heads, hidden: hidden, positions: length)
        if let projection { try ConfigurationError.check("projection_dim", projection, in: 4...8192) }
        try ConfigurationError.check("eos_token_id", end, in: 0...max(2, vocabulary - 1))
        try ConfigurationError.checkEpsilon(epsilon)
    }

    /// The position of the end token: the first token with the id `end`. Older `config.json` files say 2 instead of the
    /// end token's id; then it is the first token with the largest id. nil if there is no end token.
    public func endPosition(in ids: [Int32]) -> Int? {
        guard end == 2 else { return ids.firstIndex(of: Int32(end)) }
        return ids.max().flatMap { ids.firstIndex(of: $0) }
    }
}

/// The text encoder of Radford et al. 2021, "CLIP": token and position embeddings, transformer blocks that normalize
/// first and attend causally, a layer normalization, and a linear projection of the end token's state into the space
/// shared with images.
public struct CLIPTextEncoder {
    let configuration: CLIPTextConfiguration
    let tokens: Embedding
    let positions: Tensor
    let blocks: [TransformerBlock]
    let norm: LayerNormalization
    let projection: Linear?

    /// An encoder with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: CLIPTextConfiguration) {
        self.configuration = configuration
        let width = configuration.width
        tokens = Embedding(scope / "tokens", count: configuration.vocabulary, width: width)
        positions =
            Embedding(
                scope / "positions", count: configuration.length, width: width, deviation: 0.01
            ).table
        blocks = (0..<configuration.layers).map {
            TransformerBlock(
                scope / "blocks" / $0, width: width, heads: configuration.heads, hidden: configuration.hidden,
                activation: configuration.activation, epsilon: configuration.epsilon)
        }
        norm = LayerNormalization(scope / "norm", width: width, epsilon: configuration.epsilon)
        projection = configuration.projection.map {
            Linear(scope / "projection", inputs: width, outputs: $0, bias: false)
        }
    }

    /// The states of all tokens after the last normalization, [batch·length × width]. States of padding have no
    /// meaning; they follow the end token, so no other token attends to them.
    public func states(_ sentences: SentenceInputs) -> Tensor {
        let (batch, length, width) = (sentences.batch, sentences.length, configuration.width)
        // [1, length, width]
        let places = positions.slice(axis: 0, start: 0, count: length).reshaped([1, length, width])
        // [batch·length] → [batch·length × width]
        let rows = (tokens(sentences.ids).reshaped([batch, length, width]) + places).reshaped([batch * length, width])
        let scores = sentences.causalScores
        return norm(blocks.reduce(rows) { $1($0, batch: batch, length: length, mask: scores) })
    }

    /// Unit vectors of the sentences, [batch × projection or width].
    public func callAsFunction(_ sentences: SentenceInputs) -> TextEmbedding {
        let pooled = sentences.pool(states(sentences))
        return TextEmbedding((projection.map { $0(pooled) } ?? pooled).l2Normalized())
    }

    /// The names of this encoder's parameters in Hugging Face files, after the prefix `text_model.`. The image encoder
    /// that these files may also contain is not used.
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
