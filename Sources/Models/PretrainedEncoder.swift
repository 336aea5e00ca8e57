import Checkpoints
import FoundationEssentials
import Layers
import Networks

/// A sentence encoder from a Hugging Face folder: BERT, RoBERTa, or the text encoder of CLIP.
///
/// The folder contains `config.json`, the weights in `model.safetensors` (float32, float16 or bfloat16; or in several files
/// with `model.safetensors.index.json`), a tokenizer, and, if written by sentence-transformers, `modules.json`,
/// `1_Pooling/config.json` and `sentence_bert_config.json`. Vectors are always normalized to unit length.
public struct PretrainedEncoder: Sendable {
    /// Name of the encoder, which is the name of its folder.
    public let name: String
    /// The path that was passed to `init`.
    let path: String
    /// The folder of the network and the tokenizer.
    public let folder: String
    /// How token states are pooled to a sentence vector.
    public let pooling: Pooling
    /// The most tokens per sentence, including special tokens.
    public let limit: Int
    /// Whether texts are lowercased before tokenization.
    public let isLowercasing: Bool
    package let architecture: PretrainedFolder.Architecture
    package let arrays: NetworkArrays
    package let weightsPath: String
    /// Checksum of the weights as stored in their files.
    public let checksum: String

    /// Reads a folder.
    /// - Parameter pooling: nil is the pooling that the folder specifies; for CLIP it is the state of the end token.
    /// - Throws: `ModelError` or `CheckpointError`, one line that names the file at fault.
    public init(contentsOf path: String, pooling: Pooling? = nil) throws {
        let outer = PretrainedFolder(path: path)
        let modules = try outer.modules()
        // sentence-transformers may store the network in a subfolder.
        let inner = modules?.first { !$0.type.hasSuffix("Pooling") && !$0.type.hasSuffix("Normalize") }?.path ?? ""
        let root = PretrainedFolder(path: inner.isEmpty ? path : "\(path)/\(inner)")
        guard root.has("config.json") else {
            throw ModelError(
                path: root.path, problem: "has no config.json; expected the folder of a pretrained encoder")
        }
        var architecture = try root.architecture()
        let (file, read, checksum) = try PretrainedEncoder.weights(root, architecture)
        if case .clip(var clip) = architecture {
            clip.projection = read["projection.weight"]?.shape.first
            do {
                try clip.validate()
            } catch {
                throw ModelError(path: file, problem: "its text_projection.weight is invalid: \(error)")
            }
            architecture = .clip(clip)
        }
        let sentence =
            root.has("sentence_bert_config.json")
            ? try root.decode(PretrainedFolder.SentenceFile.self, "sentence_bert_config.json") : nil
        let positions: Int
        switch architecture {
        case .bert(let configuration):
            positions = configuration.length
            guard let known = try pooling ?? outer.pooling(modules) else {
                throw ModelError(
                    path: path,
                    problem:
                        "does not specify its pooling (no 1_Pooling/config.json); pass --pooling mean, cls or eos")
            }
            self.pooling = known
        case .clip(let configuration):
            positions = configuration.length
            self.pooling = pooling ?? .eos
        }
        if let longest = sentence?.max_seq_length, longest < 2 {
            throw ModelError(
                path: "\(root.path)/sentence_bert_config.json",
                problem: "\"max_seq_length\" is \(longest), expected 2 or more")
        }
        limit = min(sentence?.max_seq_length ?? positions, positions)
        isLowercasing = sentence?.do_lower_case ?? false
        name = URL(filePath: path).standardizedFileURL.lastPathComponent
        self.path = path
        folder = root.path
        self.architecture = architecture
        (weightsPath, arrays, self.checksum) = (file, read, checksum)
    }

    /// Number of token embeddings.
    public var vocabulary: Int {
        switch architecture {
        case .bert(let configuration): configuration.vocabulary
        case .clip(let configuration): configuration.vocabulary
        }
    }

    /// Number of elements of a vector.
    public var width: Int {
        switch architecture {
        case .bert(let configuration): configuration.width
        case .clip(let configuration): configuration.projection ?? configuration.width
        }
    }

    // MARK: Weights

    private static func names(_ architecture: PretrainedFolder.Architecture) -> (PretrainedNames, prefixes: [String]) {
        switch architecture {
        case .bert: (BERTEncoder.names, ["bert.", "roberta."])
        case .clip: (CLIPTextEncoder.names, ["text_model."])
        }
    }

    /// A mismatch with the array names of the file in place of Limn's.
    package func named(_ mismatch: ParameterMismatch) -> ParameterMismatch {
        let names = PretrainedEncoder.names(architecture).0
        var result = mismatch
        result.missing = mismatch.missing.flatMap { path in
            let absent = PretrainedEncoder.parts(of: path).filter { arrays[$0] == nil }
            return (absent.isEmpty ? [path] : absent).map(names.name(of:))
        }
        result.misshapen = mismatch.misshapen.map { text in
            let words = text.split(separator: " ", maxSplits: 1)
            return words.count == 2 ? "\(names.name(of: String(words[0]))) \(words[1])" : text
        }
        // Parts that could not be joined are listed as missing or misshapen already.
        result.unused = mismatch.unused.filter { !$0.contains("attention.projection.") }.map(names.name(of:))
        return result
    }

    /// The network's arrays by Limn's names, the path of their file for messages, and their checksum.
    private static func weights(
        _ folder: PretrainedFolder, _ architecture: PretrainedFolder.Architecture
    ) throws -> (path: String, arrays: NetworkArrays, checksum: String) {
        let (names, prefixes) = names(architecture)
        let files = try weightFiles(folder)
        let path = "\(folder.path)/\(files.count == 1 ? files[0] : "model.safetensors.index.json")"
        var arrays = NetworkArrays()
        var origins: [String: String] = [:]
        var read: [NamedArray] = []
        for file in files {
            let file = try Safetensors(contentsOf: "\(folder.path)/\(file)")
            for name in file.names {
                let prefix = prefixes.first { name.hasPrefix($0) } ?? ""
                guard let target = names.path(of: String(name.dropFirst(prefix.count))), let array = file[name] else {
                    continue
                }
                if let other = origins.updateValue(name, forKey: target) {
                    throw ModelError(path: path, problem: "\(other) and \(name) are the same parameter")
                }
                read.append(array)
                do {
                    arrays[target] = (array.shape, try array.floats())
                } catch {
                    throw ModelError(path: path, problem: "\(error)")
                }
            }
        }
        guard !arrays.isEmpty else {
            throw ModelError(
                path: path,
                problem: "contains no array of this encoder; do it and config.json belong to the same model?")
        }
        return (path, joined(arrays), Checksum.of(read.sorted { $0.name < $1.name }))
    }

    private static func weightFiles(_ folder: PretrainedFolder) throws -> [String] {
        struct Index: Decodable { var weight_map: [String: String] }
        if folder.has("model.safetensors") { return ["model.safetensors"] }
        if folder.has("model.safetensors.index.json") {
            let files = Set(try folder.decode(Index.self, "model.safetensors.index.json").weight_map.values).sorted()
            guard !files.isEmpty, files.allSatisfy({ !$0.contains("/") }) else {
                throw ModelError(
                    path: "\(folder.path)/model.safetensors.index.json", problem: "must list files in its own folder")
            }
            return files
        }
        throw ModelError(
            path: folder.path,
            problem: folder.has("pytorch_model.bin")
                ? "has its weights only in pytorch_model.bin; save them as model.safetensors"
                : "has no model.safetensors")
    }

    /// The paths of query, key and value if `path` is that of their joint layer; otherwise none.
    private static func parts(of path: String) -> [String] {
        guard path.contains("attention.projection.") else { return [] }
        return (0..<3).map { path.replacing("attention.projection.", with: "attention.projection.\($0).") }
    }

    /// Joins query, key and value of each block to one layer.
    private static func joined(_ arrays: NetworkArrays) -> NetworkArrays {
        var result = arrays
        for first in arrays.keys where first.contains("attention.projection.0.") {
            let target = first.replacing("attention.projection.0.", with: "attention.projection.")
            let parts = parts(of: target)
            let found = parts.compactMap { arrays[$0] }
            guard found.count == 3, found.allSatisfy({ $0.shape == found[0].shape && !$0.shape.isEmpty }) else {
                continue
            }
            for part in parts { result[part] = nil }
            result[target] = (
                [3 * found[0].shape[0]] + found[0].shape.dropFirst(), found.flatMap(\.values)
            )
        }
        return result
    }
}
