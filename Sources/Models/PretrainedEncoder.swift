import FoundationEssentials
import JSON
import Layers
import Networks

/// A sentence encoder from a Hugging Face folder, of one of the families in `docs/encoders.md`.
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
    /// Number of elements of a vector.
    public let width: Int
    package let architecture: any PretrainedArchitecture
    /// What is computed from the pooled vectors, in this order.
    package let modules: [VectorModule]
    private let weights: PretrainedWeights

    /// Reads a folder.
    /// - Parameter pooling: nil is the pooling that the folder specifies; for CLIP and SigLIP it is the state of the end token.
    /// - Throws: `ModelError` or `CheckpointError`, one line that names the file at fault.
    public init(contentsOf path: String, pooling: Pooling? = nil) throws {
        let outer = PretrainedFolder(path: path)
        let modules = try outer.modules()
        // sentence-transformers may store the network in a subfolder.
        let network = modules?.first { $0.type == "Transformer" || $0.type == "CLIPModel" }
        let root = network.map(outer.folder) ?? outer
        guard root.has("config.json") else {
            throw ModelError(
                path: root.path, problem: "has no config.json; expected the folder of a pretrained encoder")
        }
        let architecture = try root.architecture()
        let steps = try (modules ?? []).compactMap { module -> Step? in
            switch module.type {
            case "Dense": (try outer.folder(module).dense(), outer.folder(module))
            case "Normalize": (.normalization, outer.folder(module))
            default: nil
            }
        }
        weights = try PretrainedWeights(
            root, architecture.names,
            modules: steps.enumerated().filter { $1.module != .normalization }.map { ("modules.\($0)", $1.folder) })
        do {
            self.architecture = try architecture.completed { [weights] in weights.arrays[$0]?.shape }
        } catch {
            throw ModelError(path: weights.path, problem: "is invalid: \(error)")
        }
        self.modules = steps.map(\.module)
        width = try steps.reduce(self.architecture.width, PretrainedEncoder.width)
        guard let pooling = try pooling ?? PretrainedEncoder.pooling(outer, modules) ?? architecture.pooling else {
            throw ModelError(
                path: path,
                problem: "does not specify its pooling (no 1_Pooling/config.json); pass --pooling mean, cls or eos")
        }
        self.pooling = pooling
        let sentences =
            root.has("sentence_bert_config.json") ? try root.fields("sentence_bert_config.json") : nil
        limit =
            architecture.isPadded
            ? architecture.length : min(try PretrainedEncoder.longest(root, sentences), architecture.length)
        isLowercasing = try sentences?.boolean("do_lower_case", default: false) ?? false
        name = URL(filePath: path).standardizedFileURL.lastPathComponent
        self.path = path
        folder = root.path
    }

    /// A module after the pooling, and its folder.
    private typealias Step = (module: VectorModule, folder: PretrainedFolder)

    /// The width of vectors of `width` elements after a module.
    private static func width(_ width: Int, after step: Step) throws -> Int {
        guard case .dense(let inputs, let outputs, _, _) = step.module else { return width }
        guard inputs == width else {
            throw ModelError(
                path: "\(step.folder.path)/config.json",
                problem: "\"in_features\" is \(inputs), but the vectors before it have \(width) elements")
        }
        return outputs
    }

    /// The pooling that a folder specifies, in a module or beside the network; nil if it specifies none.
    private static func pooling(_ folder: PretrainedFolder, _ modules: [PretrainedFolder.Module]?) throws -> Pooling? {
        guard let modules else {
            return folder.has("1_Pooling/config.json")
                ? try PretrainedFolder(path: "\(folder.path)/1_Pooling").pooling() : nil
        }
        return try modules.first { $0.type == "Pooling" }.flatMap { try folder.folder($0).pooling() }
    }

    /// The most tokens per sentence that the configuration of sentence-transformers or of the tokenizer allows.
    private static func longest(_ folder: PretrainedFolder, _ sentences: JSONFields?) throws -> Int {
        if let sentences, sentences.optional("max_seq_length") != nil {
            return try sentences.integer("max_seq_length", in: 2...Int(Int32.max))
        }
        guard folder.has("tokenizer_config.json") else { return .max }
        // Tokenizers without a limit say 10³⁰.
        let length = try folder.fields("tokenizer_config.json").number("model_max_length", default: 1e30)
        guard length >= 2 else {
            throw ModelError(
                path: "\(folder.path)/tokenizer_config.json",
                problem: "\"model_max_length\" is \(length), expected 2 or more")
        }
        return length < 1e9 ? Int(length) : .max
    }

    /// Number of token embeddings.
    public var vocabulary: Int { architecture.vocabulary }

    /// Checksum of the weights as stored in their files.
    public var checksum: String { weights.checksum }

    /// The parameters by path: those of the network, and those of each module under `modules` and its number.
    package var arrays: NetworkArrays { weights.arrays }

    /// The path of the weights, for messages.
    package var weightsPath: String { weights.path }

    /// A mismatch with the array names of the file in place of Limn's.
    package func named(_ mismatch: ParameterMismatch) -> ParameterMismatch {
        let names = architecture.names
        var result = mismatch
        result.missing = mismatch.missing.flatMap { path in
            let absent = names.parts(of: path).filter { arrays[$0] == nil }
            return (absent.isEmpty ? [path] : absent).map(names.name(of:))
        }
        result.misshapen = mismatch.misshapen.map { text in
            let words = text.split(separator: " ", maxSplits: 1)
            return words.count == 2 ? "\(names.name(of: String(words[0]))) \(words[1])" : text
        }
        // Parts that could not be joined are listed as missing or misshapen already.
        result.unused = mismatch.unused.filter { names.whole(of: $0) == nil }.map(names.name(of:))
        return result
    }
}
