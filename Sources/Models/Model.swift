import Checkpoints
import Images
import Networks
import Tokenizers

/// Everything needed to generate images: the text encoder, or a reference to it, and the averaged generator.
public struct Model: StoredModel {
    /// The `configuration` of a model file.
    public struct Configuration: ModelConfiguration {
        /// The task of such models.
        public static let task = ModelTask.textToImage
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
        /// How the training made images square; nil is `crop`.
        public var aspect: AspectMode?

        /// A configuration; exactly one of `encoder` and `pretrained` must not be nil.
        public init(
            name: String, encoder: TextEncoderConfiguration?, pretrained: PretrainedReference? = nil,
            networks: GeneratorConfiguration, trainingFeatures: [FeatureNetwork]? = nil,
            aspect: AspectMode? = nil
        ) {
            precondition((encoder == nil) != (pretrained == nil), "a model has exactly one text encoder")
            self.name = name
            self.encoder = encoder
            self.pretrained = pretrained
            self.networks = networks
            self.trainingFeatures = trainingFeatures
            self.aspect = aspect
        }

        /// Number of elements of the sentence vectors that the networks expect; 0 if they have no condition.
        public var condition: Int { networks.condition }

        /// Checks the sizes of the networks, the text encoder excepted.
        /// - Throws: `ConfigurationError` if one is out of range.
        public func validateNetworks() throws(ConfigurationError) { try networks.validate() }
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
    public let path: String?

    /// A model with the given parameters.
    public init(
        configuration: Configuration, vocabulary: Vocabulary?, arrays: NetworkArrays, card: String? = nil,
        path: String? = nil
    ) {
        self.configuration = configuration
        self.vocabulary = vocabulary
        self.arrays = arrays
        self.card = card
        self.path = path
    }

    /// The text encoder; see `textEncoder(at:)`.
    package func encoder(at folder: String?) throws -> SentenceEncoder {
        guard let encoder = try textEncoder(at: folder) else { preconditionFailure("a generator has a condition") }
        return encoder
    }
}
