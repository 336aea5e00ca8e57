import FoundationEssentials
import Networks

/// The text encoder.
public struct TextRecipe: Codable, Equatable, Sendable {
    /// `built-in` for an encoder that the run trains on its captions, or a path: the file of a pair of encoders that Limn has
    /// trained, or the folder of a pretrained sentence encoder, on whose vectors the run trains a head.
    public let encoder: String
    let isBuiltIn: Bool
    /// Whether the run trains it, or a head on it: it is built in, or was a folder when this value was made.
    package let isTrained: Bool

    enum CodingKeys: String, CodingKey { case encoder }

    /// Looks up whether `encoder` is a folder.
    public init(encoder: String = "built-in") {
        self.encoder = encoder
        isBuiltIn = encoder == "built-in"
        var isFolder = false
        if !isBuiltIn { _ = FileManager.default.fileExists(atPath: encoder, isDirectory: &isFolder) }
        isTrained = isBuiltIn || isFolder
    }

    /// Reads `encoder` and looks it up.
    public init(from decoder: any Decoder) throws {
        self.init(encoder: try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .encoder))
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
    /// Most tokens of a caption, start and end included.
    public var length = 48
    /// Width of sentence and image vectors.
    public var embedding = 256
    /// Channels of the image encoder at half resolution.
    public var imageWidth = 24
    /// Pairs per step.
    public var batch = 128
    /// Pairs seen in total.
    public var images = 120_000
    /// How many images of one class follow each other, so that captions of a `data.caption` template are compared with images that
    /// differ only in the other columns; must be 1 without a template.
    public var imagesPerClass = 1
    /// The weight of a classification loss: both vectors of a pair must also tell the image's class from all others by a linear
    /// classifier that the encoders share. Images without a class have no such loss.
    public var classLoss: Float = 0
    /// Adam's peak learning rate: it warms up linearly over the first twentieth of the training, then follows half a cosine to
    /// zero.
    public var learningRate: Float = 1e-3
    /// For a convolutional image encoder, the maximum random translation as a share of the side; for one on frozen features,
    /// the maximum share of the side that a view crops away.
    public var translation: Float = 0.1
    /// The frozen pretrained network on whose pooled features the image encoder is a head, such as `efficientnet-lite0`;
    /// `none` trains a convolutional image encoder, for which `multiscale`, `resolution`, `views` and `image_hidden` have no effect.
    public var network = "none"
    /// Whether the head reads the means of the network's features at strides 4 to 32 too, which hold colours and textures.
    public var multiscale = false
    /// The side that images are resized to for that network; a multiple of 32.
    public var resolution = 96
    /// Views of each image, cropped and (with `data.mirror`) mirrored, whose features are computed before the training.
    public var views = 6
    /// Probability that a token between start and end is dropped, so that no single word decides; only of a built-in text encoder.
    public var tokenDropout: Float = 0
    /// Width of the hidden layer of the head on frozen features.
    public var imageHidden = 512
    /// The training ends early after this many validations without improvement; 0 is never.
    public var patience = 0

    enum CodingKeys: String, CodingKey {
        case width, layers, heads, length, embedding, imageWidth = "image_width", batch, images
        case imagesPerClass = "images_per_class", classLoss = "class_loss"
        case learningRate = "learning_rate", translation, network, multiscale, resolution, views, imageHidden =
            "image_hidden"
        case tokenDropout = "token_dropout", patience
    }

    func validate() throws(ConfigurationError) {
        try ConfigurationError.check("encoder.batch", batch, in: 2...4096)
        try ConfigurationError.check("encoder.images", images, in: 0...1_000_000_000)
        try ConfigurationError.check("encoder.images_per_class", imagesPerClass, in: 1...1000)
        guard (0...0.5).contains(translation) else {
            throw ConfigurationError(key: "encoder.translation", problem: "is \(translation), expected 0 to 0.5")
        }
        guard (0...100).contains(classLoss) else {
            throw ConfigurationError(key: "encoder.class_loss", problem: "is \(classLoss), expected 0 to 100")
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

    /// The width of the features that the head on `network` reads.
    package func headInputs(_ network: FeatureNetwork) -> Int {
        multiscale ? network.multiscaleWidth : FeatureNetwork.pooledWidth
    }

    func text(vocabulary: Int) -> TextEncoderConfiguration {
        TextEncoderConfiguration(
            vocabulary: vocabulary, width: width, layers: layers, heads: heads, length: length, embedding: embedding)
    }

    func image(side: Int) -> ImageEncoderConfiguration {
        ImageEncoderConfiguration(side: side, width: imageWidth, embedding: embedding)
    }
}
