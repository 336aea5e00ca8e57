import Graphs
import Layers

/// The sizes and settings of the text encoder of CLIP or SigLIP.
public struct CLIPTextConfiguration: Hashable, Sendable {
    /// The networks that share this structure.
    public enum Family: Sendable {
        /// Tokens attend to those before them; the state of the end token is projected without a bias.
        case clip
        /// Tokens attend to all others; sentences are padded to the full length, and the state of the last token, padding
        /// or not, is projected with a bias (Zhai et al. 2023).
        case sigLIP
    }

    /// The kind of network.
    public var family: Family
    /// Number of tokens in the vocabulary.
    public var vocabulary: Int
    /// Width of token states.
    public var tokenWidth: Int
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
    /// The id of CLIP's end token; 2 stands for the largest id of each sentence.
    public var endID: Int
    /// Epsilon of all layer normalizations.
    public var epsilon: Float
    /// Activation of each MLP.
    public var activation: Activation

    /// A configuration; the defaults are those of published models.
    public init(
        family: Family = .clip, vocabulary: Int, tokenWidth: Int, layers: Int, heads: Int, hidden: Int, length: Int,
        projection: Int? = nil, endID: Int = 2, epsilon: Float = 1e-5, activation: Activation = .quickGELU
    ) {
        self.family = family
        self.vocabulary = vocabulary
        self.tokenWidth = tokenWidth
        self.layers = layers
        self.heads = heads
        self.hidden = hidden
        self.length = length
        self.projection = projection
        self.endID = endID
        self.epsilon = epsilon
        self.activation = activation
    }
}

extension CLIPTextConfiguration: PretrainedArchitecture {
    /// Width of the sentence vectors.
    public var width: Int { projection ?? tokenWidth }
    /// The state of the end token; in SigLIP the last one, since every sentence is padded.
    public var pooling: Pooling? { .eos }
    /// Whether this is SigLIP.
    public var isPadded: Bool { family == .sigLIP }

    /// The image encoder that these files may also contain is not used.
    public var names: PretrainedNames {
        PretrainedNames(
            prefixes: ["text_model."],
            layers: [
                "embeddings.token_embedding": "tokens", "embeddings.position_embedding": "positions",
                "final_layer_norm": "norm", family == .clip ? "text_projection" : "head": "projection",
            ], blocks: "encoder.layers",
            parts: [
                "self_attn.q_proj": "attention.projection.0", "self_attn.k_proj": "attention.projection.1",
                "self_attn.v_proj": "attention.projection.2", "self_attn.out_proj": "attention.output",
                "layer_norm1": "norm1", "layer_norm2": "norm2", "mlp.fc1": "expand", "mlp.fc2": "contract",
            ])
    }

    /// CLIP may have a projection or not, which its configuration does not tell.
    public func completed(by shape: (_ path: String) -> [Int]?) throws(ConfigurationError) -> Self {
        guard family == .clip else { return self }
        var result = self
        result.projection = shape("projection.weight")?.first
        if let width = result.projection {
            try ConfigurationError.check("rows of text_projection.weight", width, in: 4...8192)
        }
        return result
    }

    /// CLIP's is the first token with the id `endID`. Older `config.json` files say 2 instead of the end token's id; then it
    /// is the first token with the largest id.
    public var end: EndToken {
        guard family == .clip else { return .last }
        return endID == 2 ? .largest : .id(Int32(endID))
    }

    /// The pooled state, projected.
    public func vectors(_ scope: ParameterScope, _ sentences: SentenceInputs) -> Tensor {
        CLIPTextEncoder(scope, self)(sentences)
    }
}

/// The text encoder of Radford et al. 2021, "CLIP": token and position embeddings, transformer blocks that normalize
/// first, a layer normalization, and a linear projection of the end token's state into the space shared with images.
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
        let width = configuration.tokenWidth
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
            Linear(scope / "projection", inputs: width, outputs: $0, bias: configuration.family == .sigLIP)
        }
    }

    /// The states of all tokens after the last normalization, [batch·length × width]. CLIP's states of padding have no
    /// meaning; they follow the end token, so no other token attends to them.
    public func states(_ sentences: SentenceInputs) -> Tensor {
        let (batch, length, width) = (sentences.batch, sentences.length, configuration.tokenWidth)
        // [1, length, width]
        let places = positions.slice(axis: 0, start: 0, count: length).reshaped([1, length, width])
        // [batch·length] → [batch·length × width]
        let rows = (tokens(sentences.ids).reshaped([batch, length, width]) + places).reshaped([batch * length, width])
        let scores = configuration.family == .clip ? sentences.causalScores : sentences.paddingScores
        return norm(blocks.reduce(rows) { $1($0, batch: batch, length: length, mask: scores) })
    }

    /// The projected vectors of the sentences, [batch × projection or width].
    public func callAsFunction(_ sentences: SentenceInputs) -> Tensor {
        let pooled = sentences.pool(states(sentences))
        return projection.map { $0(pooled) } ?? pooled
    }
}
