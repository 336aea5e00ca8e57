import FoundationEssentials
import Layers
import Networks

/// The configuration files of a pretrained encoder.
package struct PretrainedFolder {
    let path: String

    /// A Hugging Face `config.json`, with the keys that Limn reads.
    struct Configuration: Decodable {
        var model_type: String?
        var vocab_size: Int?
        var hidden_size: Int?
        var num_hidden_layers: Int?
        var num_attention_heads: Int?
        var intermediate_size: Int?
        var max_position_embeddings: Int?
        var type_vocab_size: Int?
        var layer_norm_eps: Float?
        var hidden_act: String?
        var pad_token_id: Int?
        var eos_token_id: Int?
        var position_embedding_type: String?
    }

    /// The `config.json` of a whole CLIP model, with the section of its text encoder.
    struct Nested: Decodable {
        var text_config: Configuration?
    }

    /// An entry of `modules.json`, the list of modules of a sentence-transformers model.
    struct Module: Decodable {
        var type: String
        var path: String
    }

    /// The `config.json` of a pooling module.
    struct PoolingFile: Decodable {
        var pooling_mode: String?
        var pooling_mode_cls_token: Bool?
        var pooling_mode_mean_tokens: Bool?
        var pooling_mode_max_tokens: Bool?
        var pooling_mode_mean_sqrt_len_tokens: Bool?
        var pooling_mode_weightedmean_tokens: Bool?
        var pooling_mode_lasttoken: Bool?
    }

    /// `sentence_bert_config.json`.
    struct SentenceFile: Decodable {
        var max_seq_length: Int?
        var do_lower_case: Bool?
    }

    /// Whether the folder has this file.
    func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(file)") }

    /// The content of a JSON file.
    func decode<T: Decodable>(_ type: T.Type, _ file: String) throws -> T {
        let place = "\(path)/\(file)"
        guard let bytes = FileManager.default.contents(atPath: place), bytes.count <= 1 << 26 else {
            throw ModelError(path: place, problem: has(file) ? "cannot be read" : "is missing")
        }
        do {
            return try JSONDecoder().decode(type, from: bytes)
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let key = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw ModelError(
                path: place,
                problem: key.isEmpty ? "has the wrong structure" : "\"\(key)\" has a value of the wrong type")
        } catch DecodingError.keyNotFound(let key, _) {
            throw ModelError(path: place, problem: "has no \"\(key.stringValue)\"")
        } catch {
            throw ModelError(path: place, problem: "is not valid JSON; is it complete?")
        }
    }

    /// The network that a `config.json` describes.
    package enum Architecture: Sendable {
        case bert(BERTConfiguration)
        case clip(CLIPTextConfiguration)
    }

    /// Reads `config.json`.
    func architecture() throws -> Architecture {
        let configuration = try decode(Configuration.self, "config.json")
        let place = "\(path)/config.json"
        do {
            switch configuration.model_type {
            case "bert", "roberta", "xlm-roberta":
                let result = try bert(configuration, place)
                try result.validate()
                return .bert(result)
            case "clip":
                let result = try clip(decode(Nested.self, "config.json").text_config ?? Configuration(), place)
                try result.validate()
                return .clip(result)
            case "clip_text_model":
                let result = try clip(configuration, place)
                try result.validate()
                return .clip(result)
            case nil:
                throw ModelError(path: place, problem: "has no \"model_type\"; is this the folder of an encoder?")
            case let type?:
                throw ModelError(
                    path: place,
                    problem: "its model type is \"\(type.prefix(40))\"; bert, roberta, xlm-roberta, clip and "
                        + "clip_text_model are supported")
            }
        } catch let error as ConfigurationError {
            throw ModelError(path: place, problem: "is invalid: \(error)")
        }
    }

    private func bert(_ file: Configuration, _ place: String) throws -> BERTConfiguration {
        func size(_ key: String, _ value: Int?) throws -> Int {
            guard let value else { throw ModelError(path: place, problem: "has no \"\(key)\"") }
            return value
        }
        if let type = file.position_embedding_type, type != "absolute" {
            throw ModelError(
                path: place,
                problem: "its position embeddings are \"\(type.prefix(40))\"; only absolute ones are supported")
        }
        let pad = file.pad_token_id ?? 1
        return BERTConfiguration(
            vocabulary: try size("vocab_size", file.vocab_size), width: try size("hidden_size", file.hidden_size),
            layers: try size("num_hidden_layers", file.num_hidden_layers),
            heads: try size("num_attention_heads", file.num_attention_heads),
            hidden: try size("intermediate_size", file.intermediate_size),
            positions: try size("max_position_embeddings", file.max_position_embeddings),
            firstPosition: file.model_type == "bert" ? 0 : pad.addingReportingOverflow(1).partialValue,
            segments: file.type_vocab_size ?? 2, epsilon: file.layer_norm_eps ?? 1e-12,
            activation: try activation(file.hidden_act ?? "gelu", place))
    }

    /// Keys that a CLIP file omits have the values of the first release.
    private func clip(_ file: Configuration, _ place: String) throws -> CLIPTextConfiguration {
        CLIPTextConfiguration(
            vocabulary: file.vocab_size ?? 49408, width: file.hidden_size ?? 512, layers: file.num_hidden_layers ?? 12,
            heads: file.num_attention_heads ?? 8, hidden: file.intermediate_size ?? 2048,
            length: file.max_position_embeddings ?? 77, end: file.eos_token_id ?? 49407,
            epsilon: file.layer_norm_eps ?? 1e-5, activation: try activation(file.hidden_act ?? "quick_gelu", place))
    }

    private func activation(_ name: String, _ place: String) throws -> Activation {
        switch name {
        case "gelu": return .gelu
        case "gelu_new", "gelu_fast", "gelu_pytorch_tanh": return .geluTanh
        case "quick_gelu": return .quickGELU
        case "relu": return .relu
        default:
            throw ModelError(
                path: place,
                problem:
                    "its \"hidden_act\" is \"\(name.prefix(40))\"; gelu, gelu_new, quick_gelu and relu are supported")
        }
    }

    /// The modules of a sentence-transformers folder; nil for other folders.
    func modules() throws -> [Module]? {
        guard has("modules.json") else { return nil }
        let modules = try decode([Module].self, "modules.json")
        for module in modules {
            let kind = module.type.split(separator: ".").last.map(String.init) ?? ""
            guard ["Transformer", "Pooling", "Normalize", "CLIPModel"].contains(kind) else {
                throw ModelError(
                    path: "\(path)/modules.json", problem: "its module \(module.type.prefix(80)) is not supported")
            }
            guard !module.path.contains(".."), !module.path.hasPrefix("/") else {
                throw ModelError(path: "\(path)/modules.json", problem: "has a module outside its folder")
            }
        }
        return modules
    }

    /// The pooling that the folder specifies, or nil if it specifies none.
    func pooling(_ modules: [Module]?) throws -> Pooling? {
        let folder: String
        if let modules {
            guard let module = modules.first(where: { $0.type.hasSuffix("Pooling") }) else { return nil }
            folder = module.path
        } else {
            guard has("1_Pooling/config.json") else { return nil }
            folder = "1_Pooling"
        }
        let file = try decode(PoolingFile.self, "\(folder)/config.json")
        var modes: [String] = file.pooling_mode.map { [$0] } ?? []
        for (isOn, mode) in [
            (file.pooling_mode_cls_token, "cls"), (file.pooling_mode_mean_tokens, "mean"),
            (file.pooling_mode_max_tokens, "max"), (file.pooling_mode_lasttoken, "lasttoken"),
            (file.pooling_mode_mean_sqrt_len_tokens, "mean_sqrt_len_tokens"),
            (file.pooling_mode_weightedmean_tokens, "weightedmean"),
        ] where isOn == true { modes.append(mode) }
        switch modes {
        case []: return nil
        case ["mean"]: return .mean
        case ["cls"]: return .cls
        case ["lasttoken"]: return .eos
        default:
            throw ModelError(
                path: "\(path)/\(folder)/config.json",
                problem:
                    "uses \(modes.joined(separator: " and ").prefix(80)) pooling; only mean, cls or lasttoken is supported"
            )
        }
    }
}
