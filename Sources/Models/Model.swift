import Checkpoints
import FoundationEssentials
import Tokenizers
import Layers
import Networks

/// Everything needed to generate images: the text encoder, or a reference to it, and the averaged generator.
public struct Model: Sendable {
    /// The `configuration` of a model file.
    public struct Configuration: Codable, Equatable, Sendable {
        /// Name of the model.
        public var name: String
        /// Sizes of the built-in text encoder; nil for a pretrained encoder.
        public var encoder: TextEncoderConfiguration?
        /// The pretrained text encoder; nil for a built-in one.
        public var pretrained: PretrainedReference?
        /// Sizes of the generator.
        public var networks: GeneratorConfiguration
        /// Frozen networks whose features were used in training, and which should not be used to evaluate the model; nil if none.
        public var trainingFeatures: [FeatureNetwork]?

        /// A configuration; exactly one of `encoder` and `pretrained` must not be nil.
        public init(
            name: String, encoder: TextEncoderConfiguration?, pretrained: PretrainedReference? = nil,
            networks: GeneratorConfiguration, trainingFeatures: [FeatureNetwork]? = nil
        ) {
            precondition((encoder == nil) != (pretrained == nil), "a model has exactly one text encoder")
            self.name = name
            self.encoder = encoder
            self.pretrained = pretrained
            self.networks = networks
            self.trainingFeatures = trainingFeatures
        }

        var text: StoredTextEncoder? { StoredTextEncoder(encoder, pretrained) }
    }

    /// The model's name and sizes.
    public let configuration: Configuration
    /// The vocabulary of the built-in text encoder; nil for a pretrained one.
    public let vocabulary: Vocabulary?
    /// Parameters under `generator.`, and under `encoder.` those of the built-in encoder or of the head on a pretrained one.
    public let arrays: NetworkArrays
    /// The model card in Markdown.
    public let card: String?
    /// The file from which the model was read; nil for others.
    private let path: String?

    /// A model with the given parameters.
    public init(configuration: Configuration, vocabulary: Vocabulary?, arrays: NetworkArrays, card: String? = nil) {
        self.configuration = configuration
        self.vocabulary = vocabulary
        self.arrays = arrays
        self.card = card
        path = nil
    }

    /// Reads a model file and checks its sizes.
    /// - Throws: `CheckpointError`, `TokenizerError` or `ModelError`, one line that names the file.
    public init(contentsOf path: String) throws {
        let file = try ModelFile(contentsOf: path)
        guard file.task == .textToImage else {
            throw ModelError(
                path: path, problem: "makes images from images, not from text; use `limn translate`", kind: .usage)
        }
        do {
            configuration = try JSONDecoder().decode(Configuration.self, from: Data(file.configuration.utf8))
            try configuration.text?.validate()
            try configuration.networks.validate()
        } catch let error as ConfigurationError {
            throw ModelError(path: path, problem: "its configuration is invalid: \(error)")
        } catch {
            throw ModelError(path: path, problem: "its configuration is not the JSON of a Limn model")
        }
        guard let text = configuration.text else {
            throw ModelError(
                path: path, problem: "its configuration must have one text encoder, built-in or pretrained")
        }
        vocabulary = try text.vocabulary(in: file, path: path)
        guard configuration.networks.condition == text.width else {
            throw ModelError(
                path: path, problem: "its generator expects sentence vectors of another width than its text encoder has"
            )
        }
        self.path = path
        arrays = try NetworkArrays(file.arrays, path: path)
        card = file.card
    }

    /// Writes the model as one safetensors file with values rounded to bfloat16.
    /// - Throws: `FileError` or `CheckpointError`, one line that names the file.
    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let file = ModelFile(
            arrays: arrays.map { NamedArray(name: $0, shape: $1.shape, floats: $1.values, element: .bfloat16) },
            configuration: String(decoding: try encoder.encode(configuration), as: UTF8.self),
            vocabulary: try vocabulary.map { String(decoding: try $0.json(), as: UTF8.self) }, card: card)
        try file.write(to: path)
    }

    /// The text encoder.
    /// - Parameter folder: the folder of the pretrained encoder that the model refers to; nil tries its original path, then the
    ///   folder of the model. Must be nil for a model with a built-in encoder.
    /// - Throws: `ModelError` if the encoder is not found or has other weights.
    package func encoder(at folder: String?) throws -> SentenceEncoder {
        guard let text = configuration.text else { preconditionFailure("a model has exactly one text encoder") }
        return try text.encoder(
            at: folder, vocabulary: vocabulary, arrays: arrays.below("encoder"), path: path ?? configuration.name)
    }
}
