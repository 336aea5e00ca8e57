import JSON
import Layers
import Networks

/// `config.json` of the supported families of text encoders. Keys that a file omits have the defaults of `transformers`, as
/// far as published files rely on them.
extension PretrainedFolder {
    /// The families, by `model_type`. A whole model of images and text has a section for its text encoder.
    private static let families: KeyValuePairs<String, @Sendable (JSONFields) throws -> any PretrainedArchitecture> = [
        "bert": bert, "roberta": bert, "xlm-roberta": bert, "camembert": bert, "distilbert": distilBERT,
        "mpnet": mpnet, "modernbert": modernBERT, "t5": t5, "mt5": t5,
        "clip": { try clip($0.section("text_config")) }, "clip_text_model": clip,
        "siglip": { try sigLIP($0.section("text_config")) }, "siglip_text_model": sigLIP,
    ]

    /// Maximum length of sentences whose tokens have relative positions: their number is the square.
    private static let longestWithDistances = 4096

    /// Reads `config.json`.
    func architecture() throws -> any PretrainedArchitecture {
        let fields = try fields("config.json")
        guard fields.optional("model_type") != nil else {
            throw fields.fault("has no \"model_type\"; is this the folder of an encoder?")
        }
        let type = try fields.string("model_type")
        guard let family = PretrainedFolder.families.first(where: { $0.key == type }) else {
            throw fields.unsupported("model_type", type, PretrainedFolder.families.map(\.key))
        }
        return try family.value(fields)
    }

    private static func bert(_ fields: JSONFields) throws -> any PretrainedArchitecture {
        let type = try fields.string("position_embedding_type", default: "absolute")
        guard type == "absolute" else {
            throw fields.unsupported("position_embedding_type", type, ["absolute"])
        }
        let sizes = try TransformerSizes(fields)
        let isBERT = try fields.string("model_type") == "bert"
        let positions = try fields.integer("max_position_embeddings", in: (isBERT ? 2 : 3)...65_536)
        return BERTConfiguration(
            vocabulary: sizes.vocabulary, width: sizes.width, layers: sizes.layers, heads: sizes.heads,
            hidden: sizes.hidden, positions: positions,
            firstPosition: isBERT ? 0 : try fields.integer("pad_token_id", default: 1, in: 0...positions - 3) + 1,
            segments: try fields.integer("type_vocab_size", default: 2, in: 1...1024),
            epsilon: try fields.epsilon("layer_norm_eps", default: 1e-12),
            activation: try fields.activation("hidden_act", default: "gelu"))
    }

    private static func distilBERT(_ fields: JSONFields) throws -> any PretrainedArchitecture {
        let sizes = try TransformerSizes(
            fields, width: "dim", layers: "n_layers", heads: "n_heads", hidden: "hidden_dim")
        return BERTConfiguration(
            family: .distilBERT, vocabulary: sizes.vocabulary, width: sizes.width, layers: sizes.layers,
            heads: sizes.heads, hidden: sizes.hidden,
            positions: try fields.integer("max_position_embeddings", default: 512, in: 2...65_536),
            activation: try fields.activation("activation", default: "gelu"))
    }

    private static func mpnet(_ fields: JSONFields) throws -> any PretrainedArchitecture {
        let sizes = try TransformerSizes(fields)
        return BERTConfiguration(
            family: .mpnet, vocabulary: sizes.vocabulary, width: sizes.width, layers: sizes.layers, heads: sizes.heads,
            hidden: sizes.hidden,
            positions: try fields.integer("max_position_embeddings", in: 4...2 + longestWithDistances),
            firstPosition: 2,
            buckets: try fields.integer("relative_attention_num_buckets", default: 32, in: 32...1024),
            epsilon: try fields.epsilon("layer_norm_eps", default: 1e-12),
            activation: try fields.activation("hidden_act", default: "gelu"))
    }

    private static func modernBERT(_ fields: JSONFields) throws -> any PretrainedArchitecture {
        let sizes = try TransformerSizes(fields)
        guard sizes.width / sizes.heads % 2 == 0 else {
            throw fields.fault(
                "\(fields.name("num_attention_heads")) is \(sizes.heads): heads of width \(sizes.width / sizes.heads) "
                    + "cannot be rotated, expected an even width")
        }
        return ModernBERTConfiguration(
            vocabulary: sizes.vocabulary, width: sizes.width, heads: sizes.heads, hidden: sizes.hidden,
            length: try fields.integer("max_position_embeddings", default: 8192, in: 2...65_536),
            isLocal: try fields.localLayers(sizes.layers),
            reach: try fields.integer("local_attention", default: 128, in: 2...1 << 20) / 2,
            globalBase: try fields.rotationBase("full_attention", older: "global_rope_theta", default: 160_000),
            localBase: try fields.rotationBase("sliding_attention", older: "local_rope_theta", default: 10_000),
            epsilon: try fields.epsilon("norm_eps", default: 1e-5),
            activation: try fields.activation("hidden_activation", default: "gelu"),
            normalizationBias: try fields.boolean("norm_bias", default: false),
            attentionBias: try fields.boolean("attention_bias", default: false),
            mlpBias: try fields.boolean("mlp_bias", default: false))
    }

    private static func t5(_ fields: JSONFields) throws -> any PretrainedArchitecture {
        let sizes = try TransformerSizes(
            fields, width: "d_model", layers: "num_layers", heads: "num_heads", hidden: "d_ff", headsDivideWidth: false)
        let projection = try fields.string("feed_forward_proj", default: "relu")
        let isGated = projection.hasPrefix("gated-")
        let buckets = try fields.integer("relative_attention_num_buckets", default: 32, in: 4...1024)
        // The activation of "gated-gelu" is the tanh approximation (`T5Config`).
        let activation = isGated ? String(projection.dropFirst(6)) : projection
        return T5Configuration(
            vocabulary: sizes.vocabulary, width: sizes.width, layers: sizes.layers, heads: sizes.heads,
            headWidth: try fields.integer("d_kv", default: 64, in: 1...8192), hidden: sizes.hidden,
            length: try fields.integer("n_positions", default: 512, in: 2...longestWithDistances), buckets: buckets,
            farthest: try fields.integer(
                "relative_attention_max_distance", default: 128, in: buckets / 4 + 1...1 << 20),
            epsilon: try fields.epsilon("layer_norm_epsilon", default: 1e-6),
            activation: projection == "gated-gelu"
                ? .geluTanh : try fields.activation("feed_forward_proj", named: activation),
            isGated: isGated)
    }

    private static func clip(_ fields: JSONFields) throws -> any PretrainedArchitecture {
        let sizes = try TransformerSizes(
            fields, default: TransformerSizes(vocabulary: 49408, width: 512, layers: 12, heads: 8, hidden: 2048))
        return CLIPTextConfiguration(
            vocabulary: sizes.vocabulary, tokenWidth: sizes.width, layers: sizes.layers, heads: sizes.heads,
            hidden: sizes.hidden, length: try fields.integer("max_position_embeddings", default: 77, in: 2...65_536),
            endID: try fields.integer("eos_token_id", default: 49407, in: 0...max(2, sizes.vocabulary - 1)),
            epsilon: try fields.epsilon("layer_norm_eps", default: 1e-5),
            activation: try fields.activation("hidden_act", default: "quick_gelu"))
    }

    private static func sigLIP(_ fields: JSONFields) throws -> any PretrainedArchitecture {
        let sizes = try TransformerSizes(
            fields, default: TransformerSizes(vocabulary: 32000, width: 768, layers: 12, heads: 12, hidden: 3072))
        return CLIPTextConfiguration(
            family: .sigLIP, vocabulary: sizes.vocabulary, tokenWidth: sizes.width, layers: sizes.layers,
            heads: sizes.heads, hidden: sizes.hidden,
            length: try fields.integer("max_position_embeddings", default: 64, in: 2...65_536),
            projection: try fields.integer("projection_size", default: sizes.width, in: 4...8192),
            epsilon: try fields.epsilon("layer_norm_eps", default: 1e-6),
            activation: try fields.activation("hidden_act", default: "gelu_pytorch_tanh"))
    }
}

/// The sizes that all transformers have.
private struct TransformerSizes {
    var vocabulary: Int
    var width: Int
    var layers: Int
    var heads: Int
    var hidden: Int
}

extension TransformerSizes {
    /// Reads the sizes under the keys of a family.
    /// - Parameters:
    ///   - headsDivideWidth: whether the width of a head is the width of token states divided by the number of heads.
    ///   - fallback: sizes of missing keys; nil requires all keys.
    init(
        _ fields: JSONFields, width: String = "hidden_size", layers: String = "num_hidden_layers",
        heads: String = "num_attention_heads", hidden: String = "intermediate_size", headsDivideWidth: Bool = true,
        default fallback: TransformerSizes? = nil
    ) throws {
        vocabulary = try fields.integer("vocab_size", default: fallback?.vocabulary, in: 1...2_000_000)
        self.width = try fields.integer(width, default: fallback?.width, in: 4...8192)
        self.layers = try fields.integer(layers, default: fallback?.layers, in: 1...128)
        self.heads = try fields.integer(heads, default: fallback?.heads, in: 1...256)
        self.hidden = try fields.integer(hidden, default: fallback?.hidden, in: 1...65_536)
        guard !headsDivideWidth || self.width % self.heads == 0 else {
            throw fields.fault("\(fields.name(heads)) is \(self.heads), which does not divide the width \(self.width)")
        }
    }
}

extension JSONFields {
    /// A member that may be missing, as if it were empty.
    fileprivate func section(_ key: String) throws -> JSONFields {
        try optional(key) == nil ? object(.object([]), path: key) : object(key)
    }

    fileprivate func epsilon(_ key: String, default fallback: Double) throws -> Float {
        let value = try number(key, default: fallback)
        guard value > 0, value < 1, Float(value) > 0 else {
            throw fault("\(name(key)) is \(value), expected between 0 and 1")
        }
        return Float(value)
    }

    fileprivate func activation(_ key: String, default fallback: String) throws -> Activation {
        try activation(key, named: string(key, default: fallback))
    }

    /// The activation with this name in `transformers`.
    fileprivate func activation(_ key: String, named name: String) throws -> Activation {
        switch name {
        case "gelu": return .gelu
        case "gelu_new", "gelu_fast", "gelu_pytorch_tanh": return .geluTanh
        case "quick_gelu": return .quickGELU
        case "relu": return .relu
        default:
            throw unsupported(key, name, ["gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "quick_gelu", "relu"])
        }
    }

    /// For each of ModernBERT's layers, whether it attends to near tokens only: a list, in older files every n-th does not.
    fileprivate func localLayers(_ count: Int) throws -> [Bool] {
        guard optional("layer_types") != nil else {
            let period = try integer("global_attn_every_n_layers", default: 3, in: 1...1024)
            return (0..<count).map { $0 % period != 0 }
        }
        let types = try list("layer_types").map { type in
            switch type {
            case .string("full_attention"): false
            case .string("sliding_attention"): true
            default: throw fault("\(name("layer_types")) must list full_attention and sliding_attention")
            }
        }
        guard types.count == count else {
            throw fault("\(name("layer_types")) lists \(types.count) layers, expected \(count)")
        }
        return types
    }

    /// The base of the rotations in ModernBERT's layers of one type.
    fileprivate func rotationBase(_ type: String, older: String, default fallback: Double) throws -> Double {
        var (fields, key) = (self, older)
        if optional("rope_parameters") != nil {
            (fields, key) = (try object("rope_parameters").object(type), "rope_theta")
            let kind = try fields.string("rope_type", default: "default")
            guard kind == "default" else { throw fields.unsupported("rope_type", kind, ["default"]) }
        }
        let base = try fields.number(key, default: fallback)
        guard base >= 1, base <= 1e12 else { throw fields.fault("\(fields.name(key)) is \(base), expected 1 to 10^12") }
        return base
    }
}
