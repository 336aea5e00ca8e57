import Graphs
import Layers

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

/// DF-GAN's generator (Tao et al. 2022, section 3): noise starts an image of 4×4, and blocks that read noise and sentence
/// double it until it has its full side.
///
/// Shapes for side 64 and width w: noise [B×100] → [B, 4, 4, 8w] → 8×8×8w → 16×16×4w → 32×32×2w → 64×64×w → [B, 64, 64, 3].
struct DFGANGenerator {
    private let start: Linear
    private let blocks: [DFGANBlock]
    private let output: SpatialConvolution
    private let channels: [Int]

    init(_ scope: ParameterScope, _ configuration: GeneratorConfiguration) {
        let plan = configuration.channels
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
        return output(blocks.reduce(seed) { $1($0, condition) }.leakyReLU())
    }
}
