import Checkpoints
import Images
import Networks
import Tokenizers

/// Everything needed to translate images: the averaged translator, the one back if both directions were trained, and the text
/// encoder if the translation depends on text.
public struct TranslationModel: StoredModel {
    /// The `configuration` of a model file of the task `image-to-image`.
    public struct Configuration: ModelConfiguration {
        /// The task of such models.
        public static let task = ModelTask.imageToImage
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
        /// How the training made images square; nil is `crop`.
        public var aspect: AspectMode?
        /// Sizes of the built-in text encoder; nil for a pretrained one, and if the translation does not depend on text.
        public var encoder: TextEncoderConfiguration?
        /// The pretrained text encoder; nil for a built-in one, and if the translation does not depend on text.
        public var pretrained: PretrainedReference?

        /// A configuration; one of `encoder` and `pretrained` must not be nil if the translator has a condition.
        public init(
            name: String, translator: TranslatorConfiguration, side: Int, hasReverse: Bool = false,
            degradation: [String] = [], trainingFeatures: [FeatureNetwork] = [],
            aspect: AspectMode? = nil,
            encoder: TextEncoderConfiguration? = nil, pretrained: PretrainedReference? = nil
        ) {
            self.name = name
            self.translator = translator
            self.side = side
            self.hasReverse = hasReverse
            self.degradation = degradation
            self.trainingFeatures = trainingFeatures
            self.aspect = aspect
            self.encoder = encoder
            self.pretrained = pretrained
        }

        /// Number of elements of the sentence vectors that the networks expect; 0 if they have no condition.
        public var condition: Int { translator.condition }

        /// Checks the sizes of the networks, the text encoder excepted.
        /// - Throws: `ConfigurationError` if one is out of range.
        public func validateNetworks() throws(ConfigurationError) {
            try translator.validate()
            try ConfigurationError.checkSide("side", side)
            guard !hasReverse || condition == 0 else {
                throw ConfigurationError(key: "hasReverse", problem: "is true, but the way back has no sentence")
            }
        }
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
    public let path: String?

    /// A model with the given parameters.
    public init(
        configuration: Configuration, vocabulary: Vocabulary? = nil, arrays: NetworkArrays, card: String? = nil,
        path: String? = nil
    ) {
        self.configuration = configuration
        self.vocabulary = vocabulary
        self.arrays = arrays
        self.card = card
        self.path = path
    }

    /// Whether the translation depends on text.
    public var needsText: Bool { configuration.condition > 0 }
}
