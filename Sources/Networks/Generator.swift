import Graphs
import Layers

/// Which published network a generator and its discriminator follow.
public enum NetworkFamily: String, Codable, Sendable, CaseIterable {
    /// Tao et al. 2022, "DF-GAN": conditional affine maps in every block, no normalisation.
    case dfGAN = "df-gan"
    /// Reed et al. 2016, "Generative Adversarial Text to Image Synthesis": deconvolutions from noise and projected text.
    case ganCLS = "gan-cls"
}

/// Sizes of a generator and of its discriminator.
public struct GANConfiguration: Codable, Hashable, Sendable {
    /// The published network.
    public var family: NetworkFamily
    /// Side of the pictures.
    public var side: Int
    /// Channels of the generator at full resolution; they double at each halving, up to eight times.
    public var generatorWidth: Int
    /// Channels of the discriminator at full resolution, likewise.
    public var discriminatorWidth: Int
    /// Width of the noise vector.
    public var noise: Int
    /// Width of the sentence vector.
    public var condition: Int

    /// Sizes of both networks; the defaults are the recipe's.
    public init(
        family: NetworkFamily = .dfGAN, side: Int = 64, generatorWidth: Int = 16, discriminatorWidth: Int = 16,
        noise: Int = 100, condition: Int = 256
    ) {
        self.family = family
        self.side = side
        self.generatorWidth = generatorWidth
        self.discriminatorWidth = discriminatorWidth
        self.noise = noise
        self.condition = condition
    }

    /// Throws when no networks can have these sizes.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("side", side)
        try ConfigurationError.check("generator.width", generatorWidth, in: 4...256)
        try ConfigurationError.check("discriminator.width", discriminatorWidth, in: 4...256)
        try ConfigurationError.check("generator.noise", noise, in: 1...4096)
        try ConfigurationError.check("encoder.embedding", condition, in: 8...4096)
    }

    /// Channels at 4×4, 8×8, … up to the full side, for a network of `width`.
    func channels(_ width: Int) -> [Int] {
        var result: [Int] = []
        var side = self.side
        while side >= 4 {
            result.append(min(width << result.count, 8 * width))
            side /= 2
        }
        return result.reversed()
    }
}

/// Noise and a sentence to a picture.
public struct Generator {
    private enum Body {
        case dfGAN(DFGANBody)
        case ganCLS(GANCLSBody)
    }
    private let body: Body

    /// A generator whose parameters lie under `scope`.
    public init(_ scope: ParameterScope, _ configuration: GANConfiguration) {
        switch configuration.family {
        case .dfGAN: body = .dfGAN(DFGANBody(scope, configuration))
        case .ganCLS: body = .ganCLS(GANCLSBody(scope, configuration))
        }
    }

    /// - Parameters:
    ///   - noise: standard normal, [batch×noise].
    ///   - text: one sentence vector a picture.
    public func callAsFunction(noise: Tensor, text: TextEmbedding) -> ImageBatch {
        switch body {
        case .dfGAN(let body): ImageBatch(body(noise: noise, text: text.tensor))
        case .ganCLS(let body): ImageBatch(body(noise: noise, text: text.tensor))
        }
    }
}

/// x → γ·x + β for each channel, with γ and β linear in a block's hidden condition (Tao et al. 2022, section 3.3). It
/// begins as the identity.
private struct ConditionalAffine {
    private let gamma: Linear
    private let beta: Linear

    init(_ scope: ParameterScope, hidden: Int, channels: Int) {
        gamma = Linear(scope / "gamma", hidden, channels, weightInitializer: .constant(0), biasValue: 1)
        beta = Linear(scope / "beta", hidden, channels, weightInitializer: .constant(0))
    }

    func callAsFunction(_ x: Tensor, _ hidden: Tensor) -> Tensor {
        let shape: Shape = [x.shape[0], 1, 1, x.shape[-1]]
        return x * gamma(hidden).reshaped(shape) + beta(hidden).reshaped(shape)
    }
}

/// One doubling of DF-GAN's generator: x → up(shortcut(x)) + residual(up(x)).
///
/// The paper gives each γ and each β a hidden layer of its own; here a block's eight share one, which keeps the
/// quality and leaves most parameters to the convolutions.
private struct DFGANBlock {
    private let hidden: Linear
    private let affines: [ConditionalAffine]
    private let convolution1: SpatialConvolution
    private let convolution2: SpatialConvolution
    private let shortcut: SpatialConvolution?

    init(_ scope: ParameterScope, condition: Int, _ inputs: Int, _ outputs: Int) {
        let width = 256
        hidden = Linear(scope / "condition", condition, width)
        affines = (0..<4).map {
            ConditionalAffine(scope / "affines" / $0, hidden: width, channels: $0 < 2 ? inputs : outputs)
        }
        convolution1 = SpatialConvolution(scope / "convolution1", inputs, outputs, kernel: 3)
        convolution2 = SpatialConvolution(scope / "convolution2", outputs, outputs, kernel: 3)
        shortcut = inputs == outputs ? nil : SpatialConvolution(scope / "shortcut", inputs, outputs, kernel: 1)
    }

    func callAsFunction(_ x: Tensor, _ condition: Tensor) -> Tensor {
        let c = hidden(condition).relu()
        // Maps of single pixels commute with nearest up-sampling: before it they cost a quarter.
        let before = affines[1](affines[0](x, c).leakyReLU(), c).leakyReLU()
        let middle = convolution1.afterDoubling(before)
        let after = affines[3](affines[2](middle, c).leakyReLU(), c).leakyReLU()
        return (shortcut.map { $0(x) } ?? x).upsampled() + convolution2(after)
    }
}

private struct DFGANBody {
    private let start: Linear
    private let blocks: [DFGANBlock]
    private let output: SpatialConvolution
    private let channels: [Int]

    init(_ scope: ParameterScope, _ configuration: GANConfiguration) {
        let plan = configuration.channels(configuration.generatorWidth)
        let condition = configuration.noise + configuration.condition
        start = Linear(scope / "start", configuration.noise, 16 * plan[0])
        blocks = (1..<plan.count).map {
            DFGANBlock(scope / "blocks" / ($0 - 1), condition: condition, plan[$0 - 1], plan[$0])
        }
        output = SpatialConvolution(scope / "output", plan[plan.count - 1], 3, kernel: 3)
        channels = plan
    }

    func callAsFunction(noise: Tensor, text: Tensor) -> Tensor {
        let condition = Tensor.concatenated([noise, text], axis: 1)
        let seed = start(noise).reshaped([noise.shape[0], 4, 4, channels[0]])
        return output(blocks.reduce(seed) { $1($0, condition) }.leakyReLU()).tanh()
    }
}

/// Reed et al. 2016, figure 2. Layer normalisation over channels stands where the paper has batch normalisation, so
/// that a picture does not depend on the others of its batch.
private struct GANCLSBody {
    private let project: Linear
    private let start: Linear
    private let norms: [LayerNormalization]
    private let deconvolutions: [TransposedConvolution]
    private let output: TransposedConvolution
    private let channels: [Int]

    init(_ scope: ParameterScope, _ configuration: GANConfiguration) {
        let plan = configuration.channels(configuration.generatorWidth)
        project = Linear(scope / "project", configuration.condition, 128)
        start = Linear(scope / "start", configuration.noise + 128, 16 * plan[0])
        norms = (0..<plan.count - 1).map { LayerNormalization(scope / "norms" / $0, width: plan[$0]) }
        deconvolutions = (1..<plan.count - 1).map {
            TransposedConvolution(scope / "deconvolutions" / ($0 - 1), plan[$0 - 1], plan[$0])
        }
        output = TransposedConvolution(scope / "output", plan[plan.count - 2], 3)
        channels = plan
    }

    func callAsFunction(noise: Tensor, text: Tensor) -> Tensor {
        let joined = Tensor.concatenated([noise, project(text).leakyReLU()], axis: 1)
        var x = norms[0](start(joined).reshaped([noise.shape[0], 4, 4, channels[0]])).relu()
        for (deconvolution, norm) in zip(deconvolutions, norms.dropFirst()) { x = norm(deconvolution(x)).relu() }
        return output(x).tanh()
    }
}
