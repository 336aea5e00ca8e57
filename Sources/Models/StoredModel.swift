import Checkpoints
import FoundationEssentials
import JSON
import Networks
import Tokenizers

/// The model of a task, as one safetensors file: sizes, parameters, and the text encoder or a reference to it.
public protocol StoredModel: Sendable {
    associatedtype Configuration: ModelConfiguration

    /// The model's name and sizes.
    var configuration: Configuration { get }
    /// The vocabulary of a built-in text encoder; nil without one.
    var vocabulary: Vocabulary? { get }
    /// The parameters of the task's networks, and under `encoder.` those of the built-in text encoder or of the head on a pretrained one.
    var arrays: NetworkArrays { get }
    /// The model card in Markdown.
    var card: String? { get }
    /// The file from which the model was read; nil for others.
    var path: String? { get }

    /// A model from its parts.
    init(configuration: Configuration, vocabulary: Vocabulary?, arrays: NetworkArrays, card: String?, path: String?)
}

/// The `configuration` of a model file.
public protocol ModelConfiguration: Codable, Equatable, Sendable {
    /// The task of such models.
    static var task: ModelTask { get }
    /// Name of the model.
    var name: String { get }
    /// Sizes of the built-in text encoder; nil for a pretrained one, and if the networks have no condition.
    var encoder: TextEncoderConfiguration? { get }
    /// The pretrained text encoder; nil for a built-in one, and if the networks have no condition.
    var pretrained: PretrainedReference? { get }
    /// Number of elements of the sentence vectors that the networks expect; 0 if they have no condition.
    var condition: Int { get }
    /// Checks the sizes of the networks, the text encoder excepted.
    /// - Throws: `ConfigurationError` if one is out of range.
    func validateNetworks() throws(ConfigurationError)
}

extension ModelConfiguration {
    /// Nil if the networks have no condition.
    var text: StoredTextEncoder? { StoredTextEncoder(encoder, pretrained) }
}

extension StoredModel {
    /// What messages call the model: its file, or its name.
    package var label: String { path ?? configuration.name }

    /// Reads a model file and checks its sizes.
    /// - Throws: `FileError`, `CheckpointError`, `TokenizerError` or `ModelError`, one line that names the file.
    public init(contentsOf path: String) throws {
        let file = try ModelFile(contentsOf: path)
        guard file.task == Configuration.task else { throw ModelError(path: path, task: file.task) }
        let configuration: Configuration
        do {
            configuration = try JSONDecoder().decode(Configuration.self, from: Data(file.configuration.utf8))
            try configuration.text?.validate()
            try configuration.validateNetworks()
        } catch let error as ConfigurationError {
            throw ModelError(path: path, problem: "its configuration is invalid: \(error)")
        } catch {
            throw ModelError(
                path: path, problem: "its configuration is not the JSON of a Limn \(Configuration.task.rawValue) model")
        }
        guard configuration.condition == 0 || configuration.text != nil else {
            throw ModelError(
                path: path, problem: "its configuration must have one text encoder, built-in or pretrained")
        }
        guard configuration.condition == configuration.text?.width ?? 0 else {
            throw ModelError(
                path: path,
                problem:
                    "its networks expect sentence vectors of \(configuration.condition) elements, its text encoder's have "
                    + "\(configuration.text?.width ?? 0)")
        }
        self.init(
            configuration: configuration,
            vocabulary: try configuration.text?.vocabulary(in: file.vocabulary, path: path),
            arrays: try NetworkArrays(file.arrays, path: path), card: file.card, path: path)
    }

    /// Writes the model as one safetensors file with values rounded to bfloat16.
    /// - Throws: `FileError` or `CheckpointError`, one line that names the file.
    public func write(to path: String) throws {
        let file = ModelFile(
            arrays: arrays.map { NamedArray(name: $0, shape: $1.shape, floats: $1.values, element: .bfloat16) },
            configuration: try jsonText(configuration),
            vocabulary: try vocabulary.map { String(decoding: try $0.json(), as: UTF8.self) }, card: card,
            task: Configuration.task)
        try file.write(to: path)
    }

    /// The text encoder; nil if the networks have no condition.
    /// - Parameter folder: the folder of the pretrained encoder that the model refers to; nil tries its original path, then the
    ///   folder of the model. Must be nil for other models.
    /// - Throws: `ModelError` if the encoder is not found or has other weights.
    package func textEncoder(at folder: String?) throws -> SentenceEncoder? {
        guard let text = configuration.text else {
            guard folder == nil else {
                throw ModelError(path: label, problem: "does not read text; omit --encoder", kind: .usage)
            }
            return nil
        }
        return try text.encoder(at: folder, vocabulary: vocabulary, arrays: arrays.below("encoder"), path: label)
    }
}

extension ModelError {
    /// A model of another task than the one that is needed.
    init(path: String, task: ModelTask) {
        switch task {
        case .textToImage:
            self.init(
                path: path,
                problem: "makes images from text (`limn generate`); expected a model that makes them from images",
                kind: .usage)
        case .imageToImage:
            self.init(
                path: path,
                problem: "makes images from images (`limn translate`); expected a model that makes them from text",
                kind: .usage)
        }
    }
}
