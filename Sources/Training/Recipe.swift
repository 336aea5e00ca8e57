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
    /// The generator and the discriminator; nothing but the encoder is trained when its `images` is 0.
    public var gan = GANRecipe()

    /// The defaults.
    public init() {}

    enum CodingKeys: String, CodingKey { case name, seed, precision, data, text, encoder, gan }

    /// Throws the first value that no training can have.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("data.side", data.side)
        try ConfigurationError.check("data.vocabulary", data.vocabulary, in: 259...65_536)
        guard (0...1).contains(data.margin) else {
            throw ConfigurationError(key: "data.margin", problem: "is \(data.margin), expected 0 to 1")
        }
        guard !text.encoder.isEmpty else {
            throw ConfigurationError(key: "text.encoder", problem: "is empty, expected own or a path")
        }
        try encoder.validate()
        try gan.validate()
    }
}

/// What is learnt from.
public struct DataRecipe: Codable, Equatable, Sendable {
    /// The part of the corpus, or "" for all of it.
    public var split = "train"
    /// Side of the pictures.
    public var side = 64
    /// What becomes of pictures that are no squares: `crop` takes the largest square or window, `pad` the whole picture
    /// on white, `stretch` the whole picture in other proportions.
    public var aspect = PictureAspect.crop
    /// Where the window lies that is cut out: `center`, or `random`, another one each time the picture is seen.
    public var crop = PictureCrop.center
    /// How much longer than the window the shorter side of a picture is made that random windows are cut from.
    public var margin: Float = 0.125
    /// Whether pictures may be mirrored: not where captions name sides.
    public var mirror = false
    /// Entries of the vocabulary that is learnt from the captions.
    public var vocabulary = 2048

    enum CodingKeys: String, CodingKey { case split, side, aspect, crop, margin, mirror, vocabulary }

    /// How pictures become squares.
    var form: PictureForm { PictureForm(side: side, aspect: aspect, crop: crop, margin: margin) }

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
    /// Adam's step size, after a warm-up over the first twentieth and before a decay to zero over the rest.
    public var rate: Float = 1e-3
    /// Decoupled weight decay is not used; this part of the pictures' side is the farthest they are moved.
    public var translation: Float = 0.1
    /// Share of the pictures that are not trained on and are looked for twenty times in a training; the encoders that
    /// find most of them are kept.
    public var holdOut: Float = 0.04
    /// The training ends after so many such trials without a better one; 0 never ends it early.
    public var patience = 0

    enum CodingKeys: String, CodingKey {
        case width, layers, heads, length, embedding, imageWidth = "image_width", batch, images, rate, translation
        case holdOut = "hold_out", patience
    }

    func validate() throws(ConfigurationError) {
        try ConfigurationError.check("encoder.batch", batch, in: 2...4096)
        try ConfigurationError.check("encoder.images", images, in: 0...1_000_000_000)
        try ConfigurationError.check("encoder.translation (percent)", Int(translation * 100), in: 0...50)
        try ConfigurationError.check("encoder.patience", patience, in: 0...1000)
        guard (0...0.5).contains(holdOut) else {
            throw ConfigurationError(key: "encoder.hold_out", problem: "is \(holdOut), expected 0 to 0.5")
        }
        guard rate > 0, rate < 1 else {
            throw ConfigurationError(key: "encoder.rate", problem: "is \(rate), expected above 0 and below 1")
        }
        try text(vocabulary: 259).validate()
        try image(side: 64).validate()
    }

    func text(vocabulary: Int) -> TextEncoderConfiguration {
        TextEncoderConfiguration(
            vocabulary: vocabulary, width: width, layers: layers, heads: heads, length: length, embedding: embedding)
    }

    func image(side: Int) -> ImageEncoderConfiguration {
        ImageEncoderConfiguration(side: side, width: imageWidth, embedding: embedding)
    }
}

/// Adversarial training of the generator and the matching-aware discriminator.
public struct GANRecipe: Codable, Equatable, Sendable {
    /// The published network: `df-gan` or `gan-cls`.
    public var family = NetworkFamily.dfGAN
    /// Channels of the generator at full resolution.
    public var generatorWidth = 16
    /// Channels of the discriminator at full resolution.
    public var discriminatorWidth = 16
    /// Width of the noise vector.
    public var noise = 100
    /// What the two networks play for.
    public var loss = AdversarialLoss.hinge
    /// Weight of the mismatching term against the real one; the fake one has the rest of 1.
    public var mismatchWeight: Float = 0.5
    /// Weight of the gradient penalty: matching-aware with `hinge` and `cross-entropy`, R1 and R2 with `relativistic`.
    public var penalty: Float = 2
    /// Steps from one penalty to the next; each then weighs as many times more.
    public var penaltyEvery = 1
    /// Pairs a step.
    public var batch = 32
    /// Pictures seen in all.
    public var images = 400_000
    /// Adam's step size for the generator.
    public var generatorRate: Float = 1e-4
    /// Adam's step size for the discriminator.
    public var discriminatorRate: Float = 4e-4
    /// Share of noise in the sentence vectors the generator sees.
    public var textNoise: Float = 0.1
    /// Part of the generator's batch that gets the mean of two sentences (Reed et al. 2016, section 4.3).
    public var interpolation: Float = 0.25
    /// Probability that a picture the discriminator sees is moved and partly covered (Zhao et al. 2020).
    public var augmentation: Float = 0.3
    /// Half-life of the generator's moving average, in thousands of pictures.
    public var averageHalfLife: Float = 10
    /// Pictures from one grid and snapshot to the next.
    public var snapshotEvery = 20_000
    /// Pictures from one checkpoint to the next.
    public var checkpointEvery = 5_000

    enum CodingKeys: String, CodingKey {
        case family, generatorWidth = "generator_width", discriminatorWidth = "discriminator_width", noise, loss
        case mismatchWeight = "mismatch_weight", penalty, penaltyEvery = "penalty_every", batch, images
        case generatorRate = "generator_rate", discriminatorRate = "discriminator_rate", textNoise = "text_noise"
        case interpolation, augmentation, averageHalfLife = "average_half_life", snapshotEvery = "snapshot_every"
        case checkpointEvery = "checkpoint_every"
    }

    func validate() throws(ConfigurationError) {
        try ConfigurationError.check("gan.batch", batch, in: 1...4096)
        try ConfigurationError.check("gan.images", images, in: 0...10_000_000_000)
        try ConfigurationError.check("gan.penalty_every", penaltyEvery, in: 1...1024)
        try ConfigurationError.check("gan.snapshot_every", snapshotEvery, in: 1...1_000_000_000)
        try ConfigurationError.check("gan.checkpoint_every", checkpointEvery, in: 1...1_000_000_000)
        for (key, value) in [("penalty", penalty), ("average_half_life", averageHalfLife)] {
            guard value >= 0, value.isFinite else {
                throw ConfigurationError(key: "gan.\(key)", problem: "is \(value), expected 0 or more")
            }
        }
        for (key, share) in [
            ("augmentation", augmentation), ("interpolation", interpolation), ("text_noise", textNoise),
            ("mismatch_weight", mismatchWeight),
        ] {
            guard (0...1).contains(share) else {
                throw ConfigurationError(key: "gan.\(key)", problem: "is \(share), expected 0 to 1")
            }
        }
        for (key, rate) in [("generator_rate", generatorRate), ("discriminator_rate", discriminatorRate)] {
            guard rate > 0, rate < 1 else {
                throw ConfigurationError(key: "gan.\(key)", problem: "is \(rate), expected above 0 and below 1")
            }
        }
        try networks(side: 64, condition: 256).validate()
    }

    func networks(side: Int, condition: Int) -> GANConfiguration {
        GANConfiguration(
            family: family, side: side, generatorWidth: generatorWidth, discriminatorWidth: discriminatorWidth,
            noise: noise,
            condition: condition)
    }
}
