import Graphs
import Layers

/// The part of a discriminator's computation on images that has no learned parameters.
public struct ImageFeatures {
    /// The images themselves, [batch, side, side, 3], or feature maps of a frozen network at several scales.
    public let maps: [Tensor]
    /// A frozen network's features, before projections; nil for discriminators without a frozen network.
    public let frozen: FeatureNetwork.Features?

    /// Features of the same images.
    public init(maps: [Tensor], frozen: FeatureNetwork.Features? = nil) {
        self.maps = maps
        self.frozen = frozen
    }
}

/// A matching-aware discriminator (Reed et al. 2016, section 4.2): it scores an image together with a sentence, by one
/// or several logits. Without a condition it scores images alone. The logits of an image do not depend on the other images of
/// its batch.
///
/// The computation has three stages so that training can reuse results: a frozen network's features of generated images
/// serve both phases of a step, and the states of real images serve both their matching and their mismatched captions.
public protocol Discriminator {
    /// The computation without learned parameters: the images themselves, or a frozen network's features.
    func features(of images: ImageBatch) -> ImageFeatures
    /// The learned computation that does not depend on the sentence, one tensor per head.
    func states(of features: ImageFeatures) -> [Tensor]
    /// Logits of each image by each head; high means real and matching.
    /// - Parameter sentences: nil if the configuration's `condition` is 0.
    func logits(of states: [Tensor], given sentences: TextEmbedding?) -> [Logits]
}

/// The kinds of discriminator.
public enum DiscriminatorKind: String, Codable, Sendable, CaseIterable {
    /// That of DF-GAN (Tao et al. 2022): residual blocks and one logit.
    case dfGAN = "df-gan"
    /// That of GAN-CLS (Reed et al. 2016): strided convolutions and one logit.
    case ganCLS = "gan-cls"
    /// Heads on the features of a frozen pretrained network at four scales (Sauer et al. 2021, "Projected GANs").
    case features
    /// That of pix2pix and CycleGAN (Isola et al. 2017, section 3.2.2, "PatchGAN"): one logit per patch of the image.
    case patch

    /// Whether the discriminator uses the features of a frozen pretrained network.
    public var usesFeatureNetwork: Bool {
        switch self {
        case .dfGAN, .ganCLS, .patch: false
        case .features: true
        }
    }
}

/// The sizes and settings of a discriminator.
public struct DiscriminatorConfiguration: Hashable, Sendable {
    /// The kind of discriminator.
    public var kind: DiscriminatorKind
    /// Side of the images.
    public var side: Int
    /// Channels at full resolution; with heads on features, half of the channels at which a head joins the sentence.
    public var width: Int
    /// Width of the sentence vector; 0 scores images alone.
    public var condition: Int
    /// Channels of the images: 3, or 6 if `patch` scores an image together with another one (Isola et al. 2017, equation 1).
    public var channels: Int
    /// The frozen network of `features`; other kinds ignore it.
    public var network: FeatureNetwork
    /// The side that images are resized to for the frozen network, a multiple of 32.
    public var resolution: Int

    /// A configuration; the defaults are those of a recipe.
    public init(
        kind: DiscriminatorKind = .dfGAN, side: Int = 64, width: Int = 16, condition: Int = 256,
        channels: Int = 3, network: FeatureNetwork = .efficientNetLite0, resolution: Int = 96
    ) {
        self.kind = kind
        self.side = side
        self.width = width
        self.condition = condition
        self.channels = channels
        self.network = network
        self.resolution = resolution
    }

    /// Throws if a value is out of range.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("side", side)
        try ConfigurationError.check("discriminator.width", width, in: 4...256)
        if condition != 0 { try ConfigurationError.check("encoder.embedding", condition, in: 8...4096) }
        guard resolution % 32 == 0, (64...256).contains(resolution) else {
            throw ConfigurationError(
                key: "discriminator.resolution", problem: "is \(resolution), expected a multiple of 32 from 64 to 256")
        }
    }

    /// The frozen network that the discriminator uses; nil for the kinds without one.
    public var featureNetwork: FeatureNetwork? { kind.usesFeatureNetwork ? network : nil }

    /// Channels per resolution of the discriminators that are trained from scratch.
    var pyramid: Pyramid { Pyramid(side: side, width: width, maximum: 8 * width) }

    /// The discriminator of this configuration.
    /// - Parameters:
    ///   - scope: for the learned parameters.
    ///   - frozen: for the parameters of a frozen network, if the discriminator uses one.
    public func discriminator(_ scope: ParameterScope, frozen: ParameterScope) -> any Discriminator {
        switch kind {
        case .dfGAN: DFGANDiscriminator(scope, self)
        case .ganCLS: GANCLSDiscriminator(scope, self)
        case .features: FeatureDiscriminator(scope, frozen: frozen, self)
        case .patch: PatchDiscriminator(scope, self)
        }
    }
}
