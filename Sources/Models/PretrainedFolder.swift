import Files
import FoundationEssentials
import JSON
import Networks

/// The files of a pretrained encoder, in the layout of Hugging Face or sentence-transformers.
struct PretrainedFolder {
    let path: String

    /// An entry of `modules.json`, the list of modules of a sentence-transformers model.
    struct Module {
        /// The name of its class.
        let type: String
        /// Its folder below that of the model; may be empty.
        let path: String
    }

    private static let largestFile = 1 << 26

    /// Whether the folder has this file.
    func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(file)") }

    /// The folder of a module.
    func folder(_ module: Module) -> PretrainedFolder {
        PretrainedFolder(path: module.path.isEmpty ? path : "\(path)/\(module.path)")
    }

    /// The object that a JSON file consists of.
    func fields(_ file: String) throws -> JSONFields {
        try JSONFields(parsing: bytes(file), file: "\(path)/\(file)", failure: PretrainedFolder.failure)
    }

    private static let failure: JSONFields.Failure = { ModelError(path: $0, problem: $1) }

    private func bytes(_ file: String) throws -> [UInt8] {
        let place = "\(path)/\(file)"
        guard has(file) else { throw ModelError(path: place, problem: "is missing") }
        let mapped = try MappedFile(place)
        return try mapped.withBytes { bytes in
            guard bytes.count <= PretrainedFolder.largestFile else {
                throw ModelError(
                    path: place, problem: "has \(bytes.count >> 20) MiB, more than such a file can have")
            }
            return [UInt8](bytes)
        }
    }

    /// The modules of a sentence-transformers folder; nil for other folders.
    func modules() throws -> [Module]? {
        guard has("modules.json") else { return nil }
        let entries = try JSONFields.list(
            parsing: bytes("modules.json"), file: "\(path)/modules.json", failure: PretrainedFolder.failure)
        return try entries.map { entry in
            let type = try entry.string("type")
            let kind = type.split(separator: ".").last.map(String.init) ?? ""
            guard ["Transformer", "Pooling", "Dense", "Normalize", "CLIPModel"].contains(kind) else {
                throw entry.unsupported(
                    "type", kind, ["Transformer", "Pooling", "Dense", "Normalize", "CLIPModel"])
            }
            let module = Module(type: kind, path: try entry.string("path"))
            guard !module.path.contains(".."), !module.path.hasPrefix("/") else {
                throw entry.fault("has a module outside its folder")
            }
            return module
        }
    }

    /// The pooling that this folder of a pooling module specifies; nil if it specifies none.
    func pooling() throws -> Pooling? {
        let fields = try fields("config.json")
        var modes: [String] = []
        if fields.optional("pooling_mode") != nil { modes.append(try fields.string("pooling_mode")) }
        for (key, mode) in [
            ("cls_token", "cls"), ("mean_tokens", "mean"), ("max_tokens", "max"), ("lasttoken", "lasttoken"),
            ("mean_sqrt_len_tokens", "mean_sqrt_len_tokens"), ("weightedmean_tokens", "weightedmean"),
        ] where try fields.boolean("pooling_mode_\(key)", default: false) { modes.append(mode) }
        switch modes {
        case []: return nil
        case ["mean"]: return .mean
        case ["cls"]: return .cls
        case ["lasttoken"]: return .eos
        default:
            throw fields.fault(
                "uses \(modes.joined(separator: " and ").prefix(80)) pooling; only mean, cls or lasttoken is supported")
        }
    }

    /// The layer that this folder of a `Dense` module specifies.
    func dense() throws -> VectorModule {
        let fields = try fields("config.json")
        let activation = try fields.string("activation_function", default: "Tanh")
        let name = activation.split(separator: ".").last.map(String.init) ?? ""
        guard name == "Tanh" || name == "Identity" else {
            throw fields.unsupported("activation_function", name, ["Identity", "Tanh"])
        }
        return .dense(
            inputs: try fields.integer("in_features", in: 1...65_536),
            outputs: try fields.integer("out_features", in: 1...65_536),
            bias: try fields.boolean("bias", default: true), isTanh: name == "Tanh")
    }

    /// The names of the files with the weights, in the order of their names.
    func weightFiles() throws -> [String] {
        let index = "model.safetensors.index.json"
        if has("model.safetensors") { return ["model.safetensors"] }
        if has(index) {
            let map = try fields(index).object("weight_map")
            let files = Set(try map.members.map { try map.string($0.key) }).sorted()
            guard !files.isEmpty, files.allSatisfy({ !$0.contains("/") }) else {
                throw ModelError(path: "\(path)/\(index)", problem: "must list files in its own folder")
            }
            return files
        }
        throw ModelError(
            path: path,
            problem: has("pytorch_model.bin")
                ? "has its weights only in pytorch_model.bin; save them as model.safetensors: python3 -c "
                    + "\"from transformers import AutoModel as M; M.from_pretrained('FOLDER').save_pretrained('FOLDER')\""
                : "has no model.safetensors")
    }
}
