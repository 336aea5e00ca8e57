import Graphs
import Layers

/// The published networks from images to images.
public enum TranslatorKind: String, Codable, Sendable, CaseIterable {
    /// That of CycleGAN (Zhu et al. 2017, after Johnson et al. 2016): residual blocks at the lowest resolution, reflection padding.
    case resNet = "resnet"
    /// A U-Net (Ronneberger et al. 2015) of residual blocks, whose two halves are connected at each resolution.
    case uNet = "unet"
}

/// Normalization between the layers of a translator.
public enum TranslatorNormalization: String, Codable, Sendable, CaseIterable {
    /// Instance normalization (Ulyanov et al. 2016), which removes the contrast of the source: for changes of style.
    case instance
    /// None: for restoration, where brightness and contrast must be kept.
    case none
}

/// The sizes and settings of a translator.
public struct TranslatorConfiguration: Codable, Hashable, Sendable {
    /// The published network.
    public var kind: TranslatorKind
    /// Channels at full resolution; they double at each halving of the side, up to `maximumWidth`.
    public var width: Int
    /// Most channels at any resolution.
    public var maximumWidth: Int
    /// Residual blocks: of `resnet` in all, of `unet` at each resolution of each half.
    public var blocks: Int
    /// How often the resolution is halved.
    public var halvings: Int
    /// Normalization between layers.
    public var normalization: TranslatorNormalization
    /// Whether the network computes what is added to the source. Otherwise it computes the result, by tanh.
    public var isResidual: Bool
    /// Width of the sentence vectors on which the translation depends; 0 is none.
    public var condition: Int

    /// A configuration; the defaults are those of a recipe.
    public init(
        kind: TranslatorKind = .resNet, width: Int = 32, maximumWidth: Int = 128, blocks: Int = 6, halvings: Int = 2,
        normalization: TranslatorNormalization = .instance, isResidual: Bool = false, condition: Int = 0
    ) {
        self.kind = kind
        self.width = width
        self.maximumWidth = maximumWidth
        self.blocks = blocks
        self.halvings = halvings
        self.normalization = normalization
        self.isResidual = isResidual
        self.condition = condition
    }

    /// Throws if a value is out of range.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.check("translator.width", width, in: 4...256)
        try ConfigurationError.check("translator.max_width", maximumWidth, in: width...2048)
        try ConfigurationError.check("translator.blocks", blocks, in: 1...32)
        try ConfigurationError.check("translator.halvings", halvings, in: 1...4)
        if condition != 0 { try ConfigurationError.check("encoder.embedding", condition, in: 8...4096) }
    }

    /// Both extents of an image must be multiples of this.
    public var multiple: Int { 1 << halvings }

    /// An upper bound of the distance in pixels from which a pixel of the result depends on the source, apart from the statistics of
    /// instance normalization, which depend on all of it.
    public var reach: Int {
        switch kind {
        case .resNet: 6 + (0..<halvings).reduce(0) { $0 + 4 << $1 } + (2 * blocks) << halvings
        case .uNet: 2 + (0..<halvings).reduce(0) { $0 + (4 * blocks + 4) << $1 } + (2 * blocks) << halvings
        }
    }

    /// Channels at each resolution, the full one first.
    var channels: [Int] { (0...halvings).map { min(width << $0, maximumWidth) } }
}

/// The part of a translator that depends on its kind.
protocol TranslatorNetwork {
    /// The maps of the first half of the network at several depths, which contrastive translation compares.
    func encoded(_ images: Tensor, condition: Tensor?) -> [Tensor]
    /// Pixels before the output activation from the maps.
    func decoded(_ maps: [Tensor], condition: Tensor?) -> Tensor
}

/// A generator of images from images of the same size.
public struct Translator {
    private let network: any TranslatorNetwork
    private let isResidual: Bool

    /// A translator with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: TranslatorConfiguration) {
        isResidual = configuration.isResidual
        network =
            switch configuration.kind {
            case .resNet: ResNetTranslator(scope, configuration)
            case .uNet: UNetTranslator(scope, configuration)
            }
    }

    /// - Parameters:
    ///   - source: images in −1…1, [batch, H, W, 3], H and W multiples of `TranslatorConfiguration.multiple`.
    ///   - sentences: one sentence vector per image, [batch×condition]; nil if the configuration's `condition` is 0.
    /// - Returns: images of the same shape; those of a residual network may exceed −1…1.
    public func callAsFunction(_ source: ImageBatch, sentences: TextEmbedding? = nil) -> ImageBatch {
        let condition = sentences?.scaled
        let pixels = network.decoded(network.encoded(source.tensor, condition: condition), condition: condition)
        return ImageBatch(isResidual ? source.tensor + pixels : pixels.tanh())
    }

    /// The maps of the first half of the network at several depths, [batch, height, width, channels] each.
    public func encoded(_ images: ImageBatch, sentences: TextEmbedding? = nil) -> [Tensor] {
        network.encoded(images.tensor, condition: sentences?.scaled)
    }
}

/// A convolution of a translator with its normalization.
struct NormalizedConvolution {
    private let convolution: Convolution
    private let norm: InstanceNormalization?
    private let reflection: Int

    /// - Parameter reflection: mirrored pixels at each border; 0 pads with zeros.
    init(
        _ scope: ParameterScope, inputChannels: Int, outputChannels: Int, kernelSize: Int = 3, stride: Int = 1,
        reflection: Int = 0, _ normalization: TranslatorNormalization
    ) {
        let isNormalized = normalization == .instance
        // Normalization removes a bias.
        convolution = Convolution(
            scope, inputChannels: inputChannels, outputChannels: outputChannels, kernelSize: kernelSize,
            stride: stride, padding: reflection > 0 ? 0 : nil, bias: !isNormalized)
        norm =
            isNormalized ? InstanceNormalization(scope / "norm", channels: outputChannels, isAffine: false) : nil
        self.reflection = reflection
    }

    /// [N, H, W, in] → [N, H/stride, W/stride, out].
    func callAsFunction(_ x: Tensor) -> Tensor { normalized(convolution(x.reflectionPadded(by: reflection))) }

    /// [N, H, W, in] → [N, 2H, 2W, out].
    func callAsFunction(upsampling x: Tensor) -> Tensor { normalized(convolution(upsampling: x)) }

    private func normalized(_ x: Tensor) -> Tensor { norm.map { $0(x) } ?? x }
}

/// y = x + residual(x), with two convolutions, the sentence as an affine function per channel between them.
struct TranslatorBlock {
    private let convolution1: NormalizedConvolution
    private let convolution2: NormalizedConvolution
    private let affine: ConditionalAffine?

    init(_ scope: ParameterScope, channels: Int, reflects: Bool, _ configuration: TranslatorConfiguration) {
        func convolution(_ name: String) -> NormalizedConvolution {
            NormalizedConvolution(
                scope / name, inputChannels: channels, outputChannels: channels, reflection: reflects ? 1 : 0,
                configuration.normalization)
        }
        convolution1 = convolution("convolution1")
        convolution2 = convolution("convolution2")
        affine =
            configuration.condition > 0
            ? ConditionalAffine(scope / "affine", hidden: configuration.condition, channels: channels) : nil
    }

    /// [N, H, W, channels] → the same shape; `condition` [N×condition].
    func callAsFunction(_ x: Tensor, condition: Tensor?) -> Tensor {
        var y = convolution1(x)
        if let affine, let condition { y = affine(y, hidden: condition) }
        return x + convolution2(y.relu())
    }
}
