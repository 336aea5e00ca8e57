import Graphs
import Layers

/// The sizes and settings of a ModernBERT encoder.
public struct ModernBERTConfiguration: Hashable, Sendable {
    /// Number of tokens in the vocabulary.
    public var vocabulary: Int
    /// Width of token states and of sentence vectors.
    public var width: Int
    /// Number of attention heads; the width of each is even.
    public var heads: Int
    /// Width of the hidden layer of each block's MLP.
    public var hidden: Int
    /// Maximum number of tokens of a sentence, special tokens included.
    public var length: Int
    /// For each transformer block, whether its tokens attend only to near ones.
    public var isLocal: [Bool]
    /// How far a near token may be.
    public var reach: Int
    /// Base of the rotations of blocks that attend to all tokens.
    public var globalBase: Double
    /// Base of the rotations of blocks that attend to near tokens.
    public var localBase: Double
    /// Epsilon of all layer normalizations.
    public var epsilon: Float
    /// Activation of each MLP.
    public var activation: Activation
    /// Whether layer normalizations have biases.
    public var normalizationBias: Bool
    /// Whether the linear layers of attention have biases.
    public var attentionBias: Bool
    /// Whether the linear layers of the MLPs have biases.
    public var mlpBias: Bool

    /// A configuration; the defaults are those of published models.
    public init(
        vocabulary: Int, width: Int, heads: Int, hidden: Int, length: Int, isLocal: [Bool], reach: Int = 64,
        globalBase: Double = 160_000, localBase: Double = 10_000, epsilon: Float = 1e-5, activation: Activation = .gelu,
        normalizationBias: Bool = false, attentionBias: Bool = false, mlpBias: Bool = false
    ) {
        self.vocabulary = vocabulary
        self.width = width
        self.heads = heads
        self.hidden = hidden
        self.length = length
        self.isLocal = isLocal
        self.reach = reach
        self.globalBase = globalBase
        self.localBase = localBase
        self.epsilon = epsilon
        self.activation = activation
        self.normalizationBias = normalizationBias
        self.attentionBias = attentionBias
        self.mlpBias = mlpBias
    }
}

extension ModernBERTConfiguration: PretrainedArchitecture {
    /// The head for masked tokens that these files may also contain is not used.
    public var names: PretrainedNames {
        PretrainedNames(
            prefixes: ["model."],
            layers: ["embeddings.tok_embeddings": "tokens", "embeddings.norm": "tokens.norm", "final_norm": "norm"],
            blocks: "layers",
            parts: [
                "attn.Wqkv": "attention.projection", "attn.Wo": "attention.output", "attn_norm": "norm1",
                "mlp.Wi": "expand", "mlp.Wo": "contract", "mlp_norm": "norm2",
            ])
    }

    /// The pooled states after the last normalization.
    public func vectors(_ scope: ParameterScope, _ sentences: SentenceInputs) -> Tensor {
        sentences.pool(ModernBERTEncoder(scope, self).states(sentences))
    }
}

/// The text encoder of Warner et al. 2024, "ModernBERT": token embeddings, and transformer blocks that normalize first,
/// with rotary positions, gated MLPs, and in most blocks attention to near tokens only.
public struct ModernBERTEncoder {
    let configuration: ModernBERTConfiguration
    let tokens: Embedding
    let tokenNorm: LayerNormalization
    let blocks: [TransformerBlock]
    let norm: LayerNormalization

    /// An encoder with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: ModernBERTConfiguration) {
        self.configuration = configuration
        let width = configuration.width
        func normalization(_ scope: ParameterScope) -> LayerNormalization {
            LayerNormalization(
                scope, width: width, epsilon: configuration.epsilon, bias: configuration.normalizationBias)
        }
        tokens = Embedding(scope / "tokens", count: configuration.vocabulary, width: width)
        tokenNorm = normalization(scope / "tokens" / "norm")
        blocks = configuration.isLocal.indices.map { number in
            let scope = scope / "blocks" / number
            return TransformerBlock(
                attention: SelfAttention(
                    scope / "attention", width: width, heads: configuration.heads, bias: configuration.attentionBias),
                // The embeddings are normalized already.
                norm1: number == 0 ? nil : normalization(scope / "norm1"),
                mlp: MLP(
                    scope, width: width, hidden: configuration.hidden, activation: configuration.activation,
                    isGated: true, bias: configuration.mlpBias),
                norm2: normalization(scope / "norm2"))
        }
        norm = normalization(scope / "norm")
    }

    /// The states of all tokens after the last normalization, [batch·length × width].
    public func states(_ sentences: SentenceInputs) -> Tensor {
        let size = configuration.width / configuration.heads
        let global = sentences.rotation(size: size, base: configuration.globalBase)
        let local = sentences.rotation(size: size, base: configuration.localBase)
        let all = sentences.paddingScores
        let near = all + sentences.localScores(reach: configuration.reach)
        let rows = zip(blocks, configuration.isLocal).reduce(tokenNorm(tokens(sentences.ids))) { rows, step in
            let (block, isLocal) = step
            return block(
                rows, batch: sentences.batch, length: sentences.length, mask: isLocal ? near : all,
                rotation: isLocal ? local : global)
        }
        return norm(rows)
    }
}
