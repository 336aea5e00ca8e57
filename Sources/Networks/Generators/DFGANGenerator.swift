import Graphs
import Layers

/// A residual upsampling block of DF-GAN's generator: y = upsample(shortcut(x)) + residual(upsample(x)).
///
/// In the paper each γ and each β has its own hidden layer. Here the eight of a block share one, which preserves
/// quality and leaves most of the parameters to the convolutions.
private struct DFGANBlock {
    /// Width of the hidden layer.
    private static let hiddenWidth = 256

    private let hidden: Linear
    private let affines: [ConditionalAffine]
    private let convolution1: Convolution
    private let convolution2: Convolution
    private let shortcut: Convolution?

    init(_ scope: ParameterScope, condition: Int, inputChannels: Int, outputChannels: Int) {
        let width = DFGANBlock.hiddenWidth
        hidden = Linear(scope / "condition", inputs: condition, outputs: width)
        affines = [inputChannels, inputChannels, outputChannels, outputChannels].enumerated().map {
            ConditionalAffine(scope / "affines" / $0, hidden: width, channels: $1)
        }
        convolution1 = Convolution(
            scope / "convolution1", inputChannels: inputChannels, outputChannels: outputChannels, kernelSize: 3)
        convolution2 = Convolution(
            scope / "convolution2", inputChannels: outputChannels, outputChannels: outputChannels, kernelSize: 3)
        shortcut =
            inputChannels == outputChannels
            ? nil
            : Convolution(
                scope / "shortcut", inputChannels: inputChannels, outputChannels: outputChannels, kernelSize: 1)
    }

    /// [B, H, W, in] → [B, 2H, 2W, out]; `condition` is [B × noise + text].
    func callAsFunction(_ x: Tensor, condition: Tensor) -> Tensor {
        // [B×256]
        let c = hidden(condition).relu()
        // Affine functions and 1×1 convolutions commute with nearest-neighbour upsampling; before it they cost a quarter.
        // [B, H, W, in]
        let before = affines[1](affines[0](x, hidden: c).leakyReLU(), hidden: c).leakyReLU()
        // [B, 2H, 2W, out]
        let middle = convolution1(upsampling: before)
        let after = affines[3](affines[2](middle, hidden: c).leakyReLU(), hidden: c).leakyReLU()
        return (shortcut.map { $0(x) } ?? x).upsampled() + convolution2(after)
    }
}

/// The generator of DF-GAN (Tao et al. 2022, "DF-GAN: A Simple and Effective Baseline for Text-to-Image Synthesis",
/// section 3): a linear layer turns noise, and with `textInStart` the sentence, into a 4×4 feature map, and residual blocks
/// conditioned on noise and sentence upsample it to the full side.
struct DFGANGenerator: GeneratorNetwork {
    private let start: Linear
    private let blocks: [DFGANBlock]
    private let output: Convolution
    private let pyramid: Pyramid
    private let textInStart: Bool

    init(_ scope: ParameterScope, _ configuration: GeneratorConfiguration) {
        pyramid = configuration.pyramid
        let plan = pyramid.channels
        let condition = configuration.noise + configuration.condition
        textInStart = configuration.textInStart ?? false
        start = Linear(
            scope / "start", inputs: textInStart ? condition : configuration.noise,
            outputs: pyramid.base * pyramid.base * plan[0])
        blocks = (1..<plan.count).map {
            DFGANBlock(
                scope / "blocks" / ($0 - 1), condition: condition, inputChannels: plan[$0 - 1], outputChannels: plan[$0]
            )
        }
        output = Convolution(scope / "output", inputChannels: plan[plan.count - 1], outputChannels: 3, kernelSize: 3)
    }

    // Shapes for side 64 and width w.
    func callAsFunction(noise: Tensor, text: Tensor) -> Tensor {
        // [B × noise + text]
        let condition = Tensor.concatenated([noise, text], axis: 1)
        // [B×noise] or [B × noise + text] → [B, 4, 4, 8w]
        let seed = start(textInStart ? condition : noise)
            .reshaped([noise.shape[0], pyramid.base, pyramid.base, pyramid.channels[0]])
        // → [B, 8, 8, 8w] → [B, 16, 16, 4w] → [B, 32, 32, 2w] → [B, 64, 64, w]
        let maps = blocks.reduce(seed) { $1($0, condition: condition) }
        // → [B, 64, 64, 3]
        return output(maps.leakyReLU())
    }
}
