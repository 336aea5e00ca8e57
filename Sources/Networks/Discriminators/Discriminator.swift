import Graphs
import Layers

/// What a discriminator reads of images before anything that it learns.
public struct ImageFeatures {
    /// The images themselves, [batch, side, side, 3], or maps of a frozen network at several scales.
    public let maps: [Tensor]
    /// A frozen network's pooled features, [batch×1280]; nil where the discriminator reads the images themselves.
    public let pooled: Tensor?

    /// Features of the same images.
    public init(maps: [Tensor], pooled: Tensor? = nil) {
        self.maps = maps
        self.pooled = pooled
    }
}

/// A matching-aware discriminator (Reed et al. 2016, section 4.2): it judges an image *with* a sentence, by one logit or
/// by several. None of its maps looks across the batch.
///
/// The three steps are apart so that training can share them: a frozen network's features of generated images serve
/// both phases of a step, and the states of real images serve their matching and their mismatched caption.
public protocol Discriminator {
    /// What no training of the discriminator changes.
    func features(of images: ImageBatch) -> ImageFeatures
    /// What it makes of features without the sentence, one tensor for each head.
    func states(of features: ImageFeatures) -> [Tensor]
    /// One logit per image and head: high for "real and matching".
    func logits(of states: [Tensor], given sentences: TextEmbedding) -> [Logits]
}

/// Which discriminator.
public enum DiscriminatorKind: String, Codable, Sendable, CaseIterable {
    /// DF-GAN's (Tao et al. 2022): residual stages and one logit.
    case dfGAN = "df-gan"
    /// GAN-CLS's (Reed et al. 2016): plain stages and one logit.
    case ganCLS = "gan-cls"
    /// Heads on the features of a frozen pretrained network at four scales (Sauer et al. 2021, "Projected GANs").
    case features
}

/// Sizes of a discriminator.
public struct DiscriminatorConfiguration: Hashable, Sendable {
    /// Which network.
    public var kind: DiscriminatorKind
    /// Side of the images.
    public var side: Int
    /// Channels at full resolution; of heads on features, half of the channels of their joins.
    public var width: Int
    /// Width of the sentence vector.
    public var condition: Int
    /// The frozen network whose features are read; other kinds do not use it.
    public var network: FeatureNetwork
    /// The side that images are resized to for the network, a multiple of 32.
    public var resolution: Int

    /// Sizes of a discriminator; the defaults are the recipe's.
    public init(
        kind: DiscriminatorKind = .dfGAN, side: Int = 64, width: Int = 16, condition: Int = 256,
        network: FeatureNetwork = .efficientNetLite0, resolution: Int = 96
    ) {
        self.kind = kind
        self.side = side
        self.width = width
        self.condition = condition
        self.network = network
        self.resolution = resolution
    }

    /// Throws when no discriminator can have these sizes.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("side", side)
        try ConfigurationError.check("discriminator.width", width, in: 4...256)
        try ConfigurationError.check("encoder.embedding", condition, in: 8...4096)
        guard resolution % 32 == 0, (64...256).contains(resolution) else {
            throw ConfigurationError(
                key: "discriminator.resolution", problem: "is \(resolution), expected a multiple of 32 from 64 to 256")
        }
    }

    /// Channels at full resolution, half of it, … down to 4×4.
    var channels: [Int] { pyramid(side: side, width: width, maximum: 8 * width).reversed() }

    /// The discriminator of these sizes.
    /// - Parameters:
    ///   - scope: where its learned parameters lie.
    ///   - frozen: where the parameters of its frozen network lie, if it has one.
    public func discriminator(_ scope: ParameterScope, frozen: ParameterScope) -> any Discriminator {
        switch kind {
        case .dfGAN: DFGANDiscriminator(scope, self)
        case .ganCLS: GANCLSDiscriminator(scope, self)
        case .features: FeatureDiscriminator(scope, frozen: frozen, self)
        }
    }
}

extension Tensor {
    /// Sentence vectors [batch×width] at each position of maps [batch, height, width, …].
    func spread(over maps: Tensor) -> Tensor {
        let (batch, width) = (shape[0], shape[1])
        return reshaped([batch, 1, 1, width]).broadcast(to: [batch, maps.shape[1], maps.shape[2], width])
    }
}
