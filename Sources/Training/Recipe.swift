import Corpora
import Execution
import FoundationEssentials
import Images
import Networks

/// Everything that decides a training, as its YAML file spells it. Keys left out keep the defaults written here.
public struct Recipe: Codable, Equatable, Sendable {
    /// What the model is called.
    public var name = "untitled"
    /// Seed of every random stream.
    public var seed: UInt64 = 1
    /// Whether operands and activations are kept in bfloat16 where the processor multiplies it.
    public var precision = Precision.bfloat16
    /// What is learnt from.
    public var data = DataRecipe()
    /// What reads the captions.
    public var text = TextRecipe()
    /// The text encoder and the image encoder it is trained against, where it is the run's own.
    public var encoder = EncoderRecipe()
    /// The generator.
    public var generator = GeneratorRecipe()
    /// The discriminator it is trained against.
    public var discriminator = DiscriminatorRecipe()
    /// How the two are trained; nothing but the encoder is trained when its `images` is 0.
    public var gan = GANRecipe()
    /// What is measured during the training.
    public var evaluate = EvaluationRecipe()

    /// The defaults.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case name, seed, precision, data, text, encoder, generator, discriminator, gan, evaluate
    }

    /// Throws the first value that no training can have.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("data.side", data.side)
        try ConfigurationError.check("data.vocabulary", data.vocabulary, in: 259...65_536)
        guard (0...1).contains(data.margin) else {
            throw ConfigurationError(key: "data.margin", problem: "is \(data.margin), expected 0 to 1")
        }
        guard (0...0.5).contains(data.holdOut) else {
            throw ConfigurationError(key: "data.hold_out", problem: "is \(data.holdOut), expected 0 to 0.5")
        }
        guard !text.encoder.isEmpty else {
            throw ConfigurationError(key: "text.encoder", problem: "is empty, expected own or a path")
        }
        try encoder.validate()
        try gan.validate()
        try evaluate.validate()
        try ConfigurationError.checkRate("generator.learning_rate", generator.learningRate)
        try ConfigurationError.checkRate("discriminator.learning_rate", discriminator.learningRate)
        try generatorConfiguration(condition: encoder.embedding).validate()
        try discriminatorConfiguration(condition: encoder.embedding).validate()
        let sharesFeatures = discriminator.featureNetwork?.rawValue == encoder.network
        guard gan.contrastive == 0 || sharesFeatures else {
            throw ConfigurationError(
                key: "gan.contrastive",
                problem: "needs discriminator.kind: features and encoder.network: \(discriminator.network.rawValue), "
                    + "whose image encoder reads the features that the discriminator computes; else it must be 0")
        }
    }
}

/// What is learnt from.
public struct DataRecipe: Codable, Equatable, Sendable {
    /// The part of the corpus, or "" for all of it.
    public var split = "train"
    /// Side of the images.
    public var side = 64
    /// What becomes of images that are no squares: `crop` takes the largest square or window, `pad` the whole image
    /// on white, `stretch` the whole image in other proportions.
    public var aspect = AspectMode.crop
    /// Where the window lies that is cut out: `center`, or `random`, another one each time the image is seen.
    public var crop = CropMode.center
    /// How much longer than the window the shorter side of an image is made that random windows are cut from.
    public var margin: Float = 0.125
    /// Whether images may be mirrored: not where captions name sides.
    public var mirror = false
    /// Entries of the vocabulary that is learned from the captions.
    public var vocabulary = 2048
    /// Share of the images that nothing is trained on, the validation split. The encoders are tried on it twenty times in
    /// their training, and those that find most of it are kept; `evaluate.every` measures the generator on its captions.
    public var holdOut: Float = 0.04

    enum CodingKeys: String, CodingKey {
        case split, side, aspect, crop, margin, mirror, vocabulary, holdOut = "hold_out"
    }

    /// How images become squares.
    var form: ImagePreprocessing { ImagePreprocessing(side: side, aspect: aspect, crop: crop, margin: margin) }

    /// The part of the corpus, as readers of corpora name it.
    var part: String? { split.isEmpty ? nil : split }
}

/// What reads the captions.
public struct TextRecipe: Codable, Equatable, Sendable {
    /// `own` for an encoder that the run trains on its captions, or the path of one that is there: a pair of encoders
    /// that Limn has trained, or the folder of a pretrained sentence encoder, on whose vectors the run trains a head.
    public var encoder = "own"

    enum CodingKeys: String, CodingKey { case encoder }

    var isOwn: Bool { encoder == "own" }
    /// Whether a stage of the run trains it: an encoder of its own, or a head on a pretrained one.
    var isTrained: Bool {
        var isFolder = false
        _ = FileManager.default.fileExists(atPath: encoder, isDirectory: &isFolder)
        return isOwn || isFolder
    }
}

/// Contrastive training of the text encoder against an image encoder (symmetric InfoNCE; van den Oord et al. 2018).
public struct EncoderRecipe: Codable, Equatable, Sendable {
    /// Width of token states.
    public var width = 128
    /// Transformer blocks.
    public var layers = 2
    /// Attention heads.
    public var heads = 4
    /// Most tokens of a sentence.
    public var length = 48
    /// Width of sentence and image vectors.
    public var embedding = 256
    /// Channels of the image encoder at half resolution.
    public var imageWidth = 24
    /// Pairs a step.
    public var batch = 128
    /// Pairs seen in all.
    public var images = 120_000
    /// Adam's learning rate, after a warm-up over the first twentieth and before a decay to zero over the rest.
    public var learningRate: Float = 1e-3
    /// The farthest that images are moved, as a part of their side, for an image encoder of the run's own; for one on frozen
    /// features, the part of the side that a view may leave out.
    public var translation: Float = 0.1
    /// The frozen pretrained network on whose pooled features the image encoder is a head, such as `efficientnet-lite0`;
    /// `none` trains a convolutional image encoder.
    public var network = "none"
    /// The side that images are resized to for that network, a multiple of 32.
    public var resolution = 96
    /// Views of each image, cropped and (with `data.mirror`) mirrored, whose features are computed before the training.
    public var views = 6
    /// Share of a caption's tokens, between its start and its end, that a step leaves out, so that no single word decides.
    public var tokenDropout: Float = 0
    /// Width of the hidden layer of the head on frozen features.
    public var imageHidden = 512
    /// The training ends after so many such trials without a better one; 0 never ends it early.
    public var patience = 0

    enum CodingKeys: String, CodingKey {
        case width, layers, heads, length, embedding, imageWidth = "image_width", batch, images
        case learningRate = "learning_rate", translation, network, resolution, views, imageHidden = "image_hidden"
        case tokenDropout = "token_dropout", patience
    }

    func validate() throws(ConfigurationError) {
        try ConfigurationError.check("encoder.batch", batch, in: 2...4096)
        try ConfigurationError.check("encoder.images", images, in: 0...1_000_000_000)
        guard (0...0.5).contains(translation) else {
            throw ConfigurationError(key: "encoder.translation", problem: "is \(translation), expected 0 to 0.5")
        }
        guard (0...0.9).contains(tokenDropout) else {
            throw ConfigurationError(key: "encoder.token_dropout", problem: "is \(tokenDropout), expected 0 to 0.9")
        }
        try ConfigurationError.check("encoder.patience", patience, in: 0...1000)
        try ConfigurationError.check("encoder.views", views, in: 1...64)
        try ConfigurationError.check("encoder.image_hidden", imageHidden, in: 8...8192)
        guard network == "none" || featureNetwork != nil else {
            let known = (["none"] + FeatureNetwork.allCases.map(\.rawValue)).joined(separator: ", ")
            throw ConfigurationError(key: "encoder.network", problem: "is \(network), expected one of \(known)")
        }
        guard resolution % 32 == 0, (64...320).contains(resolution) else {
            throw ConfigurationError(
                key: "encoder.resolution", problem: "is \(resolution), expected a multiple of 32 from 64 to 320")
        }
        try ConfigurationError.checkRate("encoder.learning_rate", learningRate)
        try text(vocabulary: 259).validate()
        try image(side: 64).validate()
    }

    /// The frozen network that the image encoder reads, if it does.
    var featureNetwork: FeatureNetwork? { FeatureNetwork(rawValue: network) }

    func text(vocabulary: Int) -> TextEncoderConfiguration {
        TextEncoderConfiguration(
            vocabulary: vocabulary, width: width, layers: layers, heads: heads, length: length, embedding: embedding)
    }

    func image(side: Int) -> ImageEncoderConfiguration {
        ImageEncoderConfiguration(side: side, width: imageWidth, embedding: embedding)
    }
}
