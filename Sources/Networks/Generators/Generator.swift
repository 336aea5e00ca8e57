import Graphs
import Layers

/// Which published generator.
public enum GeneratorKind: String, Codable, Sendable, CaseIterable {
    /// Tao et al. 2022, "DF-GAN": conditional affine maps in every block, no normalization.
    case dfGAN = "df-gan"
    /// Reed et al. 2016, "Generative Adversarial Text to Image Synthesis": deconvolutions from noise and projected text.
    case ganCLS = "gan-cls"
}

/// How the last convolution of a generator becomes pixels.
public enum OutputActivation: String, Codable, Sendable, CaseIterable {
    /// Values stay in −1…1. Where they reach the bounds no gradient is left, which a strong discriminator soon brings about.
    case tanh
    /// Values are left as they are and limited only when an image is written: what exceeds the bounds, real images never
    /// showing it, is taught to return (Karras et al. 2020, StyleGAN2).
    case linear
}

/// Sizes of a generator.
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
    /// How pixels are made; nil is `tanh`.
    public var output: OutputActivation?
    /// What sentence vectors, whose length is 1, are multiplied by; nil is 1. At √condition their elements are as large as those
    /// of the noise, and sentences are followed much sooner.
    public var textScale: Float?

    // Models of before the discriminator had a configuration of its own keep these names.
    enum CodingKeys: String, CodingKey {
        case kind = "family", side, width = "generatorWidth", maximumWidth, noise, condition, output, textScale
    }

    /// Sizes of a generator; the defaults are the recipe's.
    public init(
        kind: GeneratorKind = .dfGAN, side: Int = 64, width: Int = 16, maximumWidth: Int? = nil, noise: Int = 100,
        condition: Int = 256, output: OutputActivation? = nil, textScale: Float? = nil
    ) {
        self.kind = kind
        self.side = side
        self.width = width
        self.maximumWidth = maximumWidth
        self.noise = noise
        self.condition = condition
        self.output = output
        self.textScale = textScale
    }

    /// Throws when no generator can have these sizes.
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
    }

    /// Channels at 4×4, 8×8, … up to the full side.
    var channels: [Int] { pyramid(side: side, width: width, maximum: maximumWidth ?? 8 * width) }
}

/// Channels at 4×4, 8×8, … up to `side`: `width` at the full side, doubled at each halving up to `maximum`.
func pyramid(side: Int, width: Int, maximum: Int) -> [Int] {
    var result: [Int] = []
    var current = side
    while current >= 4 {
        result.append(min(width << result.count, maximum))
        current /= 2
    }
    return result.reversed()
}

/// Noise and a sentence to an image.
public struct Generator {
    private enum Network {
        case dfGAN(DFGANGenerator)
        case ganCLS(GANCLSGenerator)
    }
    private let network: Network
    private let output: OutputActivation
    private let textScale: Float

    /// A generator whose parameters lie under `scope`.
    public init(_ scope: ParameterScope, _ configuration: GeneratorConfiguration) {
        output = configuration.output ?? .tanh
        textScale = configuration.textScale ?? 1
        switch configuration.kind {
        case .dfGAN: network = .dfGAN(DFGANGenerator(scope, configuration))
        case .ganCLS: network = .ganCLS(GANCLSGenerator(scope, configuration))
        }
    }

    /// - Parameters:
    ///   - noise: standard normal, [batch×noise].
    ///   - text: one sentence vector per image, [batch×condition].
    /// - Returns: images [batch, side, side, 3]; values in −1…1, or near it with a linear output.
    public func callAsFunction(noise: Tensor, text: TextEmbedding) -> ImageBatch {
        let text = text.tensor * textScale
        let pixels =
            switch network {
            case .dfGAN(let network): network(noise: noise, text: text)
            case .ganCLS(let network): network(noise: noise, text: text)
            }
        return ImageBatch(output == .tanh ? pixels.tanh() : pixels)
    }
}
