import Checkpoints
import FoundationEssentials
import Networks

/// Everything needed to translate images: the averaged translator, and for translations trained in both directions the one back.
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

        /// A configuration.
        public init(
            name: String, translator: TranslatorConfiguration, side: Int, hasReverse: Bool = false,
            degradation: [String] = [], trainingFeatures: [FeatureNetwork] = []
        ) {
            self.name = name
            self.translator = translator
            self.side = side
            self.hasReverse = hasReverse
            self.degradation = degradation
            self.trainingFeatures = trainingFeatures
        }
    }

    /// The model's name and sizes.
    public let configuration: Configuration
    /// Parameters under `translator.`, and under `reverse.` those of the translator back.
    public let arrays: NetworkArrays
    /// The model card in Markdown.
    public let card: String?

    /// A model with the given parameters.
    public init(configuration: Configuration, arrays: NetworkArrays, card: String? = nil) {
        self.configuration = configuration
        self.arrays = arrays
        self.card = card
    }

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
            try ConfigurationError.checkSide("side", configuration.side)
        } catch let error as ConfigurationError {
            throw ModelError(path: path, problem: "its configuration is invalid: \(error)")
        } catch {
            throw ModelError(path: path, problem: "its configuration is not the JSON of a Limn image-to-image model")
        }
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
            configuration: String(decoding: try encoder.encode(configuration), as: UTF8.self), vocabulary: nil,
            card: card, task: .imageToImage)
        try file.write(to: path)
    }
}
