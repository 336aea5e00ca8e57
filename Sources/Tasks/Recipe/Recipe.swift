import Basics
import Corpora
import Execution
import Images
import Networks

/// All settings of a training, as its YAML file has them. Keys that the file omits keep the defaults written here.
public struct Recipe: Codable, Equatable, Sendable {
    /// The model's name.
    public var name = "untitled"
    /// The last stage: `text-to-image` trains a generator of images from text, `image-to-image` a translator of images,
    /// `contrastive` only the encoders.
    public var task = TaskKind.textToImage
    /// A model, a pair of encoders or a run directory whose text encoder, image encoder and generator the training starts with;
    /// "" starts with random values.
    public var from = ""
    /// Seed of every random stream.
    public var seed: UInt64 = 1
    /// Precision of operands and activations; `bfloat16` needs a processor that multiplies it natively.
    public var precision = Precision.bfloat16
    /// The training data.
    public var data = DataRecipe()
    /// The text encoder.
    public var text = TextRecipe()
    /// The training of the text encoder against an image encoder, if the run trains its own.
    public var encoder = EncoderRecipe()
    /// The generator.
    public var generator = GeneratorRecipe()
    /// The translator of the task `image-to-image`, in place of the generator.
    public var translator = TranslatorRecipe()
    /// The images and the losses of that task.
    public var imageToImage = ImageToImageRecipe()
    /// The discriminator.
    public var discriminator = DiscriminatorRecipe()
    /// The adversarial training of generator and discriminator.
    public var gan = GANRecipe()
    /// Measures during the training.
    public var evaluate = EvaluationRecipe()

    /// The defaults.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case name, task, from, seed, precision, data, text, encoder, generator, translator
        case imageToImage = "image_to_image", discriminator, gan, evaluate
    }

    /// Throws for the first value that is out of range.
    public func validate() throws(ConfigurationError) {
        guard !name.isEmpty, printable(name) == name else {
            throw ConfigurationError(
                key: "name", problem: "is empty or has control characters, expected a line of text")
        }
        try data.validate()
        guard encoder.imagesPerClass <= 1 || !data.caption.isEmpty else {
            throw ConfigurationError(
                key: "encoder.images_per_class",
                problem:
                    "is \(encoder.imagesPerClass), expected 1 without a data.caption template, since captions of one "
                    + "class are then no negatives of each other")
        }
        guard !text.encoder.isEmpty else {
            throw ConfigurationError(key: "text.encoder", problem: "is empty, expected built-in or a path")
        }
        try encoder.validate()
        try gan.validate()
        try evaluate.validate()
        try ConfigurationError.checkRate("generator.learning_rate", generator.learningRate)
        try ConfigurationError.checkRate("discriminator.learning_rate", discriminator.learningRate)
        try generatorConfiguration(condition: encoder.embedding).validate()
        try discriminatorConfiguration(condition: encoder.embedding).validate()
        try imageToImage.validateRanges()
        try ConfigurationError.checkRate("translator.learning_rate", translator.learningRate)
        if task == .imageToImage { try validateImageToImage() }
        guard evaluate.every == 0 || task == .contrastive || !trainingFeatures.contains(evaluate.network) else {
            throw ConfigurationError(
                key: "evaluate.network",
                problem: "is \(evaluate.network.rawValue), which the training uses; measure with another network")
        }
        guard evaluate.judge.isEmpty || evaluate.judge != text.encoder else {
            throw ConfigurationError(
                key: "evaluate.judge", problem: "is text.encoder, which the training uses; measure with another pair")
        }
        guard gan.diversity == 0 || discriminator.featureNetwork != nil else {
            throw ConfigurationError(
                key: "gan.diversity",
                problem: "needs discriminator.kind: features, by whose features it compares images")
        }
        guard gan.contrastive == 0 || sharesFeatures else {
            throw ConfigurationError(
                key: "gan.contrastive",
                problem: "needs discriminator.kind: features, encoder.network: \(discriminator.network.rawValue) and "
                    + "encoder.resolution: \(discriminator.resolution), since the image encoder reads the features that the "
                    + "discriminator computes; otherwise it must be 0")
        }
    }

    /// The frozen networks that the training uses, each once, which should not measure its result.
    var trainingFeatures: [FeatureNetwork] {
        let hasDiscriminator = task == .textToImage || (task == .imageToImage && imageToImage.adversarial > 0)
        let scored = hasDiscriminator ? discriminator.featureNetwork : nil
        let encoded = trainsEncoder ? encoder.featureNetwork : nil
        return [scored, encoded == scored ? nil : encoded].compactMap(\.self)
    }

    /// Whether the training has a stage of encoders.
    public var trainsEncoder: Bool { text.isTrained && (task != .imageToImage || imageToImage.text) }

    /// Whether the encoder stage's image encoder reads the discriminator's features; encoders from elsewhere are checked when
    /// they are read.
    private var sharesFeatures: Bool {
        guard let network = discriminator.featureNetwork else { return false }
        guard text.isTrained else { return true }
        return encoder.network == network.rawValue && encoder.resolution == discriminator.resolution
    }
}

/// The task of a recipe, which names its last stage.
public enum TaskKind: String, Codable, Sendable, CaseIterable {
    /// A generator of images from text.
    case textToImage = "text-to-image"
    /// A translator of images.
    case imageToImage = "image-to-image"
    /// A pair of a text and an image encoder.
    case contrastive
}

/// The training data.
public struct DataRecipe: Codable, Equatable, Sendable {
    /// The split of the corpus to train on; "" is all of it.
    public var split = "train"
    /// The metadata column that holds the class.
    public var classColumn = "class"
    /// A template of further captions, such as `{text}, {style} style`: each caption of a row, `{text}`, combined with other
    /// columns of the row. Half of the draws are such captions. "" is none.
    public var caption = ""
    /// What a caption is in a text file: each `line`, each `paragraph`, or the whole `file`.
    public var captionUnit = CaptionUnit.line
    /// Probability that a mismatched caption is one that the template built for another image of the same class, so that
    /// only the other columns are wrong; must be 0 without a template.
    public var attributeMismatch: Float = 0
    /// Side of the images in pixels, a multiple of 16 up to 512. Powers of two are the most efficient.
    public var side = 64
    /// How images that are not square are made square: `crop` cuts out the largest square, `pad` adds white margins,
    /// `stretch` changes the proportions.
    public var aspect = AspectMode.crop
    /// The position of the crop: `center`, or `random`, drawn each time an image is used.
    public var crop = CropMode.center
    /// With random crops, by how much the shorter side of the resized image exceeds that of the crop, as a share of it.
    public var margin: Float = 0.125
    /// Whether images are mirrored at random; must be false if captions mention left and right.
    public var mirror = false
    /// Size of the vocabulary that is learned from the captions.
    public var vocabulary = 2048
    /// Share of the images in the validation split, on which no loss is computed. Retrieval on it is measured twenty times
    /// while the encoders are trained, and the best pair is kept; `evaluate.every` measures the generator on its captions.
    public var holdOut: Float = 0.04

    enum CodingKeys: String, CodingKey {
        case split, classColumn = "class", caption, captionUnit = "caption_per", attributeMismatch =
            "attribute_mismatch", side, aspect, crop, margin
        case mirror, vocabulary, holdOut = "hold_out"
    }

    /// Throws for the first value that is out of range.
    func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("data.side", side)
        try ConfigurationError.check("data.vocabulary", vocabulary, in: 259...65_536)
        guard (0...1).contains(margin) else {
            throw ConfigurationError(key: "data.margin", problem: "is \(margin), expected 0 to 1")
        }
        guard (0...0.5).contains(holdOut) else {
            throw ConfigurationError(key: "data.hold_out", problem: "is \(holdOut), expected 0 to 0.5")
        }
        guard (0...1).contains(attributeMismatch), attributeMismatch == 0 || !caption.isEmpty else {
            throw ConfigurationError(
                key: "data.attribute_mismatch",
                problem: "is \(attributeMismatch), expected 0 to 1, and 0 without a data.caption template")
        }
        guard !classColumn.isEmpty else {
            throw ConfigurationError(key: "data.class", problem: "is empty, expected the name of a column")
        }
        do throws(CorpusError) {
            _ = try options()
        } catch {
            throw ConfigurationError(key: "data.caption", problem: "cannot be used: \(error)")
        }
    }

    /// `aspect` as a model file keeps it.
    var modelAspect: AspectMode? { aspect == .crop ? nil : aspect }

    /// How images are prepared.
    var form: ImagePreprocessing { ImagePreprocessing(side: side, aspect: aspect, crop: crop, margin: margin) }

    /// How the files of the corpus are read.
    /// - Throws: `CorpusError.badTemplate`.
    /// - Parameters:
    ///   - imageColumn: the column of metadata with the images' paths; nil is the usual one.
    ///   - requiresCaptions: whether images without captions are refused.
    func options(
        followsLinks: Bool = false, imageColumn: String? = nil, requiresCaptions: Bool = true
    ) throws(CorpusError) -> CorpusOptions {
        CorpusOptions(
            imageColumn: imageColumn, className: classColumn,
            template: caption.isEmpty ? nil : try CaptionTemplate(caption),
            captionUnit: captionUnit, followsLinks: followsLinks,
            requiresCaptions: requiresCaptions)
    }

    /// The corpus in a folder, as the recipe reads it: its split, or all of it if no row names a split.
    /// - Parameters: as of `options`.
    func corpus(
        in folder: String, badFiles: BadFilePolicy, followsLinks: Bool, imageColumn: String? = nil,
        requiresCaptions: Bool = true
    ) throws -> Corpus {
        let whole = try Corpus(
            folder: folder, split: nil, badFiles: badFiles,
            options: options(
                followsLinks: followsLinks, imageColumn: imageColumn, requiresCaptions: requiresCaptions))
        return try split.isEmpty || whole.splits.isEmpty ? whole : whole.restricted(to: split)
    }
}
