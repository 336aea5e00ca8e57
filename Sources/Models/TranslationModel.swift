import Checkpoints
import FoundationEssentials
import Networks
import Tokenizers

/// Everything needed to translate images: the averaged translator, the one back if both directions were trained, and the text
/// encoder if the translation depends on text.
public struct TranslationModel: Sendable {
    /// The `configuration` of a model file of the task `image-to-image`.
    public struct Configuration: Codable, Equatable, Sendable {
        /// Name of the model.
        public var name: String
        /// Sizes of the translator, and of the one back.
        public var translator: TranslatorConfiguration
        /// Side of the images that it was trained on, in pixels.
        public var side: Int
        /// Whether the model also translates back, from the target to the source.
        public var hasReverse: Bool
        /// The degradations that the training made its sources with, in the form of a recipe; empty if the sources were images.
        public var degradation: [String]
        /// Frozen networks whose features were used in training, and which should not be used to evaluate the model.
        public var trainingFeatures: [FeatureNetwork]
        /// Sizes of the built-in text encoder; nil for a pretrained one, and if the translation does not depend on text.
        public var encoder: TextEncoderConfiguration?
        /// The pretrained text encoder; nil for a built-in one, and if the translation does not depend on text.
        public var pretrained: PretrainedReference?

        /// A configuration; one of `encoder` and `pretrained` must not be nil if the translator has a condition.
        public init(
            name: String, translator: TranslatorConfiguration, side: Int, hasReverse: Bool = false,
            degradation: [String] = [], trainingFeatures: [FeatureNetwork] = [],
            encoder: TextEncoderConfiguration? = nil, pretrained: PretrainedReference? = nil
        ) {
            self.name = name
            self.translator = translator
            self.side = side
            self.hasReverse = hasReverse
            self.degradation = degradation
            self.trainingFeatures = trainingFeatures
            self.encoder = encoder
            self.pretrained = pretrained
        }

        /// Nil if the translation does not depend on text.
        var text: StoredTextEncoder? { StoredTextEncoder(encoder, pretrained) }
    }

    /// The model's name and sizes.
    public let configuration: Configuration
    /// The vocabulary of a built-in text encoder; nil without one.
    public let vocabulary: Vocabulary?
    /// Parameters under `translator.`, under `reverse.` those of the translator back, and under `encoder.` those of the built-in text
    /// encoder or of the head on a pretrained one.
    public let arrays: NetworkArrays
    /// The model card in Markdown.
    public let card: String?
    /// The file from which the model was read; nil for others.
    private let path: String?

    /// A model with the given parameters.
    public init(
        configuration: Configuration, vocabulary: Vocabulary? = nil, arrays: NetworkArrays, card: String? = nil
    ) {
        self.configuration = configuration
        self.vocabulary = vocabulary
        self.arrays = arrays
        self.card = card
        path = nil
    }

    /// Whether the translation depends on text.
    public var needsText: Bool { configuration.translator.condition > 0 }

    /// Reads a model file and checks its sizes.
    /// - Throws: `FileError`, `CheckpointError` or `ModelError`, one line that names the file.
    public init(contentsOf path: String) throws {
        let file = try ModelFile(contentsOf: path)
        guard file.task == .imageToImage else {
            throw ModelError(
                path: path, problem: "makes images from text, not from images; use `limn generate`", kind: .usage)
        }
        do {
            configuration = try JSONDecoder().decode(Configuration.self, from: Data(file.configuration.utf8))
            try configuration.translator.validate()
            try configuration.text?.validate()
            try ConfigurationError.checkSide("side", configuration.side)
        } catch let error as ConfigurationError {
            throw ModelError(path: path, problem: "its configuration is invalid: \(error)")
        } catch {
            throw ModelError(path: path, problem: "its configuration is not the JSON of a Limn image-to-image model")
        }
        guard configuration.translator.condition == configuration.text?.width ?? 0 else {
            throw ModelError(
                path: path,
                problem: "its translator expects sentence vectors of another width than its text encoder has")
        }
        vocabulary = try configuration.text?.vocabulary(in: file, path: path)
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
            vocabulary: try vocabulary.map { String(decoding: try $0.json(), as: UTF8.self) }, card: card,
            task: .imageToImage)
        try file.write(to: path)
    }

    /// The text encoder; nil if the translation does not depend on text.
    /// - Parameter folder: as of `Model`.
    /// - Throws: `ModelError` if the encoder is not found or has other weights.
    package func encoder(at folder: String?) throws -> SentenceEncoder? {
        try configuration.text?.encoder(
            at: folder, vocabulary: vocabulary, arrays: arrays.below("encoder"), path: path ?? configuration.name)
    }
}
