import Graphs
import Layers

/// The sizes and settings of T5's encoder.
public struct T5Configuration: Hashable, Sendable {
    /// Number of tokens in the vocabulary.
    public var vocabulary: Int
    /// Width of token states and of sentence vectors.
    public var width: Int
    /// Number of transformer blocks.
    public var layers: Int
    /// Number of attention heads.
    public var heads: Int
    /// Width of the queries, keys and values of a head.
    public var headWidth: Int
    /// Width of the hidden layer of each block's MLP.
    public var hidden: Int
    /// Maximum number of tokens of a sentence. The network itself has none.
    public var length: Int
    /// Number of relative position biases, at least 4.
    public var buckets: Int
    /// The distance from which on all share the last bias; more than a quarter of `buckets`.
    public var farthest: Int
    /// Epsilon of all normalizations.
    public var epsilon: Float
    /// Activation of each MLP.
    public var activation: Activation
    /// Whether the MLPs are gated.
    public var isGated: Bool

    /// A configuration; the defaults are those of published models.
    public init(
        vocabulary: Int, width: Int, layers: Int, heads: Int, headWidth: Int = 64, hidden: Int, length: Int = 512,
        buckets: Int = 32, farthest: Int = 128, epsilon: Float = 1e-6, activation: Activation = .relu,
        isGated: Bool = false
    ) {
        self.vocabulary = vocabulary
        self.width = width
        self.layers = layers
        self.heads = heads
        self.headWidth = headWidth
        self.hidden = hidden
        self.length = length
        self.buckets = buckets
        self.farthest = farthest
        self.epsilon = epsilon
        self.activation = activation
        self.isGated = isGated
    }
}

extension T5Configuration: PretrainedArchitecture {
    /// The decoder that these files may also contain is not used.
    public var names: PretrainedNames {
        PretrainedNames(
            prefixes: [],
            layers: [
                "shared": "tokens", "encoder.embed_tokens": "tokens", "encoder.final_layer_norm": "norm",
                "encoder.block.0.layer.0.SelfAttention.relative_attention_bias": "distances",
            ], blocks: "encoder.block",
            parts: [
                "layer.0.SelfAttention.q": "attention.projection.0",
                "layer.0.SelfAttention.k": "attention.projection.1",
                "layer.0.SelfAttention.v": "attention.projection.2", "layer.0.SelfAttention.o": "attention.output",
                "layer.0.layer_norm": "norm1", "layer.1.layer_norm": "norm2",
                "layer.1.DenseReluDense.\(isGated ? "wi_0" : "wi")": isGated ? "expand.0" : "expand",
                "layer.1.DenseReluDense.wi_1": isGated ? "expand.1" : "gate", "layer.1.DenseReluDense.wo": "contract",
            ])
    }

    /// The pooled states after the last normalization.
    public func vectors(_ scope: ParameterScope, _ sentences: SentenceInputs) -> Tensor {
        sentences.pool(T5Encoder(scope, self).states(sentences))
    }
}

/// The encoder of Raffel et al. 2020, "T5": token embeddings, and transformer blocks that normalize first, without biases,
/// with root-mean-square normalizations, and with relative positions, which all blocks share. Scores are not divided by √d.
public struct T5Encoder {
    let tokens: Embedding
    let distances: RelativePositionBias
    let blocks: [TransformerBlock]
    let norm: LayerNormalization

    /// An encoder with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: T5Configuration) {
        let width = configuration.width
        func normalization(_ scope: ParameterScope) -> LayerNormalization {
            LayerNormalization(scope, width: width, epsilon: configuration.epsilon, isCentered: false, bias: false)
        }
        tokens = Embedding(scope / "tokens", count: configuration.vocabulary, width: width)
        distances = RelativePositionBias(
            scope / "distances", heads: configuration.heads, buckets: configuration.buckets,
            farthest: configuration.farthest)
        blocks = (0..<configuration.layers).map { number in
            let scope = scope / "blocks" / number
            return TransformerBlock(
                attention: SelfAttention(
                    scope / "attention", width: width, heads: configuration.heads, headWidth: configuration.headWidth,
                    bias: false, isScaled: false),
                norm1: normalization(scope / "norm1"),
                mlp: MLP(
                    scope, width: width, hidden: configuration.hidden, activation: configuration.activation,
                    isGated: configuration.isGated, bias: false),
                norm2: normalization(scope / "norm2"))
        }
        norm = normalization(scope / "norm")
    }

    /// The states of all tokens after the last normalization, [batch·length × width].
    public func states(_ sentences: SentenceInputs) -> Tensor {
        // [batch × heads × length × length]
        let scores = distances(sentences) + sentences.paddingScores
        return norm(
            blocks.reduce(tokens(sentences.ids)) {
                $1($0, batch: sentences.batch, length: sentences.length, mask: scores)
            })
    }
}
