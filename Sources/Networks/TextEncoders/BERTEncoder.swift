import Graphs
import Layers

/// The sizes and settings of an encoder of BERT's kind.
public struct BERTConfiguration: Hashable, Sendable {
    /// The networks that differ from BERT in their embeddings and in the names of their parameters.
    public enum Family: Sendable {
        /// Words, positions and segments: BERT, RoBERTa and XLM-RoBERTa.
        case bert
        /// No segments (Sanh et al. 2019).
        case distilBERT
        /// No segments, and relative positions in addition (Song et al. 2020).
        case mpnet
    }

    /// The kind of network.
    public var family: Family
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
    /// Index of the first token's position embedding: 0, or in RoBERTa and MPNet the padding token's id plus 1.
    public var firstPosition: Int
    /// Number of segment embeddings; all tokens use the first.
    public var segments: Int
    /// Number of relative position biases of MPNet; the first 32 are used.
    public var buckets: Int
    /// Epsilon of all layer normalizations.
    public var epsilon: Float
    /// Activation of each MLP.
    public var activation: Activation

    /// A configuration; the defaults are those of published models.
    public init(
        family: Family = .bert, vocabulary: Int, width: Int, layers: Int, heads: Int, hidden: Int, positions: Int,
        firstPosition: Int = 0, segments: Int = 2, buckets: Int = 32, epsilon: Float = 1e-12,
        activation: Activation = .gelu
    ) {
        self.family = family
        self.vocabulary = vocabulary
        self.width = width
        self.layers = layers
        self.heads = heads
        self.hidden = hidden
        self.positions = positions
        self.firstPosition = firstPosition
        self.segments = segments
        self.buckets = buckets
        self.epsilon = epsilon
        self.activation = activation
    }
}

extension BERTConfiguration: PretrainedArchitecture {
    /// Maximum number of tokens of a sentence, special tokens included.
    public var length: Int { positions - firstPosition }

    /// Other parameters in these files, of the pooler and of heads for other tasks, are not used.
    public var names: PretrainedNames {
        switch family {
        case .bert:
            PretrainedNames(
                prefixes: ["bert.", "roberta."],
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
        case .distilBERT:
            PretrainedNames(
                prefixes: ["distilbert."],
                layers: [
                    "embeddings.word_embeddings": "words", "embeddings.position_embeddings": "positions",
                    "embeddings.LayerNorm": "norm",
                ], blocks: "transformer.layer",
                parts: [
                    "attention.q_lin": "attention.projection.0", "attention.k_lin": "attention.projection.1",
                    "attention.v_lin": "attention.projection.2", "attention.out_lin": "attention.output",
                    "sa_layer_norm": "norm1", "ffn.lin1": "expand", "ffn.lin2": "contract",
                    "output_layer_norm": "norm2",
                ])
        case .mpnet:
            PretrainedNames(
                prefixes: ["mpnet."],
                layers: [
                    "embeddings.word_embeddings": "words", "embeddings.position_embeddings": "positions",
                    "embeddings.LayerNorm": "norm", "encoder.relative_attention_bias": "distances",
                ], blocks: "encoder.layer",
                parts: [
                    "attention.attn.q": "attention.projection.0", "attention.attn.k": "attention.projection.1",
                    "attention.attn.v": "attention.projection.2", "attention.attn.o": "attention.output",
                    "attention.LayerNorm": "norm1", "intermediate.dense": "expand", "output.dense": "contract",
                    "output.LayerNorm": "norm2",
                ])
        }
    }

    /// The pooled states of the last block.
    public func vectors(_ scope: ParameterScope, _ sentences: SentenceInputs) -> Tensor {
        sentences.pool(BERTEncoder(scope, self).states(sentences))
    }
}

/// The text encoder of Devlin et al. 2019, "BERT": word, position and segment embeddings, a layer normalization, and
/// transformer blocks that normalize last. RoBERTa (Liu et al. 2019) differs only in its first position.
public struct BERTEncoder {
    let configuration: BERTConfiguration
    let words: Embedding
    let positions: Tensor
    let segments: Tensor?
    let distances: RelativePositionBias?
    let norm: LayerNormalization
    let blocks: [TransformerBlock]

    /// An encoder with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: BERTConfiguration) {
        self.configuration = configuration
        let width = configuration.width
        words = Embedding(scope / "words", count: configuration.vocabulary, width: width)
        positions = Embedding(scope / "positions", count: configuration.positions, width: width).table
        segments =
            configuration.family == .bert
            ? Embedding(scope / "segments", count: configuration.segments, width: width).table : nil
        distances =
            configuration.family == .mpnet
            ? RelativePositionBias(
                scope / "distances", heads: configuration.heads, rows: configuration.buckets, buckets: 32, farthest: 128
            )
            : nil
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
        var places = positions.slice(axis: 0, start: configuration.firstPosition, count: length)
        if let segments { places = places + segments.slice(axis: 0, start: 0, count: 1) }
        // [batch·length] → [batch, length, width]
        let rows = words(sentences.ids).reshaped([batch, length, width]) + places.reshaped([1, length, width])
        // [batch × 1 × 1 × length] or [batch × heads × length × length]
        let scores = distances.map { $0(sentences) + sentences.paddingScores } ?? sentences.paddingScores
        // → [batch·length × width]
        return blocks.reduce(norm(rows.reshaped([batch * length, width]))) {
            $1($0, batch: batch, length: length, mask: scores)
        }
    }
}
