import Graphs
import Layers

/// The published generators.
public enum GeneratorKind: String, Codable, Sendable, CaseIterable {
    /// Tao et al. 2022, "DF-GAN": conditional affine transformations in every block, no normalization.
    case dfGAN = "df-gan"
    /// Reed et al. 2016, "Generative Adversarial Text to Image Synthesis": transposed convolutions of noise and
    /// projected text.
    case ganCLS = "gan-cls"
}

/// The activation of a generator's last layer.
public enum OutputActivation: String, Codable, Sendable, CaseIterable {
    /// Values stay in −1…1. The gradient vanishes near the bounds, which a strong discriminator can drive pixels to.
    case tanh
    /// Values are unbounded and clamped only when an image is written. Real images never exceed −1…1, so the
    /// discriminator penalizes values that do (Karras et al. 2020, StyleGAN2).
    case linear
}

/// The sizes and settings of a generator.
public struct GeneratorConfiguration: Codable, Hashable, Sendable {
    /// The published network.
    public var kind: GeneratorKind
    /// Side of the images.
    public var side: Int
    /// Channels at full resolution; they double at each halving of the side, up to `maximumWidth`.
    public var width: Int
    /// Most channels at any resolution; nil is eight times `width`.
    public var maximumWidth: Int?
    /// Width of the noise vector.
    public var noise: Int
    /// Width of the sentence vector.
    public var condition: Int
    /// Activation of the last layer; nil is `tanh`.
    public var output: OutputActivation?
    /// Factor of the sentence vectors, which have unit length; nil is 1. With √condition their elements are as large as
    /// those of the noise, and the generator learns to follow sentences much earlier.
    public var textScale: Float?
    /// Whether the first layer, which makes the map of lowest resolution, reads the sentence as well as the noise; nil is no, as in
    /// DF-GAN. Otherwise sentences only scale and shift channels, and where things are in an image is up to the noise.
    public var textInStart: Bool?

    // Names in model files from before the discriminator had its own configuration.
    enum CodingKeys: String, CodingKey {
        case kind = "family", side, width = "generatorWidth", maximumWidth, noise, condition, output, textScale
        case textInStart
    }

    /// A configuration; the defaults are those of a recipe.
    public init(
        kind: GeneratorKind = .dfGAN, side: Int = 64, width: Int = 16, maximumWidth: Int? = nil, noise: Int = 100,
        condition: Int = 256, output: OutputActivation? = nil, textScale: Float? = nil, textInStart: Bool? = nil
    ) {
        self.kind = kind
        self.side = side
        self.width = width
        self.maximumWidth = maximumWidth
        self.noise = noise
        self.condition = condition
        self.output = output
        self.textScale = textScale
        self.textInStart = textInStart
    }

    /// Throws if a value is out of range.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("side", side)
        try ConfigurationError.check("generator.width", width, in: 4...256)
        if let maximumWidth { try ConfigurationError.check("generator.max_width", maximumWidth, in: width...2048) }
        try ConfigurationError.check("generator.noise", noise, in: 1...4096)
        try ConfigurationError.check("encoder.embedding", condition, in: 8...4096)
        if let textScale, !(textScale > 0 && textScale <= 1000) {
            throw ConfigurationError(
                key: "generator.text_scale", problem: "is \(textScale), expected above 0 and at most 1000")
        }
        guard kind == .dfGAN || textInStart != true else {
            throw ConfigurationError(
                key: "generator.text_in_start",
                problem: "has no meaning for \(kind.rawValue), whose first layer always reads the sentence")
        }
    }

    var pyramid: Pyramid { Pyramid(side: side, width: width, maximum: maximumWidth ?? 8 * width) }
}

/// The resolutions of a network: the full side, halved as long as it is even and at least 8. A power of two ends at 4, other
/// multiples of 16 at 5 to 31, such as 48 at 6 and 80 at 5.
struct Pyramid {
    /// The lowest side.
    let base: Int
    /// Channels at `base`, twice that, … up to the full side: `width` there, doubled at each halving up to `maximum`.
    let channels: [Int]

    init(side: Int, width: Int, maximum: Int) {
        var (current, channels) = (side, [min(width, maximum)])
        while current.isMultiple(of: 2), current >= 8 {
            current /= 2
            channels.append(min(width << channels.count, maximum))
        }
        base = current
        self.channels = channels.reversed()
    }
}

/// The part of a generator that depends on its kind.
protocol GeneratorNetwork {
    /// Pixels before the output activation, [batch, side, side, 3], from noise [batch×noise] and text [batch×condition].
    func callAsFunction(noise: Tensor, text: Tensor) -> Tensor
}

/// A generator of images from noise and sentence vectors.
public struct Generator {
    private let network: any GeneratorNetwork
    private let output: OutputActivation
    private let textScale: Float

    /// A generator with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: GeneratorConfiguration) {
        output = configuration.output ?? .tanh
        textScale = configuration.textScale ?? 1
        network =
            switch configuration.kind {
            case .dfGAN: DFGANGenerator(scope, configuration)
            case .ganCLS: GANCLSGenerator(scope, configuration)
            }
    }

    /// - Parameters:
    ///   - noise: standard normal, [batch×noise].
    ///   - text: one sentence vector per image, [batch×condition].
    /// - Returns: images, [batch, side, side, 3]; with a linear output, values may exceed −1…1.
    public func callAsFunction(noise: Tensor, text: TextEmbedding) -> ImageBatch {
        let pixels = network(noise: noise, text: text.tensor * textScale)
        return ImageBatch(output == .tanh ? pixels.tanh() : pixels)
    }
}
