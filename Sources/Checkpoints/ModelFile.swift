import Basics

/// What a model makes images from.
public enum ModelTask: String, Sendable, CaseIterable {
    /// Text.
    case textToImage = "text-to-image"
    /// Other images.
    case imageToImage = "image-to-image"
}

/// A model: one safetensors file with the arrays of the text encoder under `encoder.`, those of the generator under
/// `generator.`, and everything else needed for generation as metadata.
///
/// | metadata | |
/// |---|---|
/// | `format` | `limn-model` |
/// | `version` | `1` |
/// | `task` | `image-to-image`; missing for `text-to-image` |
/// | `configuration` | the networks' configuration, JSON |
/// | `vocabulary` | the tokenizer's vocabulary, JSON; missing for a pretrained encoder |
/// | `card` | the model card, Markdown; optional |
public struct ModelFile: Sendable {
    /// The parameters, sorted by name.
    public let arrays: [NamedArray]
    /// The networks' configuration as JSON text.
    public let configuration: String
    /// The vocabulary as JSON text; nil for a pretrained encoder.
    public let vocabulary: String?
    /// The model card as Markdown, if any.
    public let card: String?
    /// What the model makes images from.
    public let task: ModelTask

    package static let format = "limn-model"
    static let version = 1

    /// A model to write.
    public init(
        arrays: [NamedArray], configuration: String, vocabulary: String?, card: String? = nil,
        task: ModelTask = .textToImage
    ) {
        self.arrays = arrays.sorted { $0.name < $1.name }
        self.configuration = configuration
        self.vocabulary = vocabulary
        self.card = card
        self.task = task
    }

    /// Reads a model.
    /// - Throws: `FileError` if the file cannot be opened; `CheckpointError` if it is not a model.
    public init(contentsOf path: String) throws {
        let file = try Safetensors(contentsOf: path)
        guard file.metadata["format"] == Self.format else {
            throw CheckpointError.notAModel(path: path, found: file.kind)
        }
        try file.requireVersion(Self.version, path: path)
        let name = file.metadata["task"] ?? ModelTask.textToImage.rawValue
        guard let task = ModelTask(rawValue: name) else {
            throw CheckpointError.badMetadata(path: path, key: "task", reason: "is \(quoted(name)), which is not known")
        }
        self.init(
            arrays: file.arrays,
            configuration: try file.text("configuration", path: path),
            vocabulary: file.metadata["vocabulary"],
            card: file.metadata["card"], task: task)
    }

    /// Writes the model atomically.
    /// - Throws: `FileError`, or `CheckpointError.unwritable`.
    public func write(to path: String) throws {
        var metadata = [
            "format": Self.format, "version": String(Self.version), "configuration": configuration,
        ]
        metadata["vocabulary"] = vocabulary
        metadata["card"] = card
        if task != .textToImage { metadata["task"] = task.rawValue }
        try Safetensors.write(arrays, metadata: metadata, to: path)
    }
}

extension Safetensors {
    /// The `format` in the metadata of pairs of encoders.
    package static let encoderPairFormat = "limn-encoder-pair"

    /// What the file is, as the end of "… is not a Limn model but".
    var kind: String {
        switch metadata["format"] {
        case ModelFile.format: return "a Limn model"
        case TrainingCheckpoint.format: return "a Limn training checkpoint; the models of a run are its snapshots"
        case Self.encoderPairFormat: return "a Limn pair of encoders; the models of a run are its snapshots"
        default:
            let first = names.first.map { ", the first of them \(quoted($0))" } ?? ""
            return "a safetensors file of \(names.count) arrays\(first), written by something else"
        }
    }

    /// An entry of the metadata.
    /// - Throws: `CheckpointError.badMetadata` if it is missing.
    func text(_ key: String, path: String) throws -> String {
        guard let text = metadata[key] else {
            throw CheckpointError.badMetadata(path: path, key: key, reason: "is missing")
        }
        return text
    }

    /// - Throws: `CheckpointError.unknownVersion` unless the file has version `known`.
    package func requireVersion(_ known: Int, path: String) throws {
        let found = try text("version", path: path)
        guard found == String(known) else {
            throw CheckpointError.unknownVersion(path: path, found: found, known: known)
        }
    }
}
