import Graphs
import Layers

/// The discriminator of DF-GAN (Tao et al. 2022, section 3.4): residual downsampling blocks, then convolutions of the
/// result joined with the sentence. All activations are leaky ReLU, whose second derivative is zero; that keeps gradient
/// penalties cheap.
struct DFGANDiscriminator: Discriminator {
    private let stem: Convolution
    private let stages: [Stage]
    private let join: JoinedConvolution
    private let logit: Convolution

    /// A residual block that halves both spatial extents: y = shortcut(pool(x)) + scale · residual(x).
    private struct Stage {
        let halve: Convolution
        let refine: Convolution
        let shortcut: Convolution?
        let scale: Tensor

        init(_ scope: ParameterScope, inputChannels: Int, outputChannels: Int) {
            halve = Convolution(
                scope / "convolution1", inputChannels: inputChannels, outputChannels: outputChannels, kernelSize: 4,
                stride: 2, padding: 1, bias: false)
            refine = Convolution(
                scope / "convolution2", inputChannels: outputChannels, outputChannels: outputChannels, kernelSize: 3,
                bias: false)
            shortcut =
                inputChannels == outputChannels
                ? nil
                : Convolution(
                    scope / "shortcut", inputChannels: inputChannels, outputChannels: outputChannels, kernelSize: 1)
            // DF-GAN starts this scale at 0. Then it takes tens of thousands of images until the discriminator uses
            // more than the block means that the shortcuts pass on, and until then the generator produces blocks.
            scale = (scope / "scale").parameter([1], .constant(0.3))
        }

        /// [B, H, W, in] → [B, H/2, W/2, out].
        func callAsFunction(_ x: Tensor) -> Tensor {
            // Pooling commutes with the 1×1 convolution; before it the convolution costs a quarter.
            let pooled = x.averagePooled()
            let residual = refine(halve(x).leakyReLU()).leakyReLU() * scale
            return (shortcut.map { $0(pooled) } ?? pooled) + residual
        }
    }

    init(_ scope: ParameterScope, _ configuration: DiscriminatorConfiguration) {
        let (plan, base) = (configuration.pyramid.channels.reversed() as [Int], configuration.pyramid.base)
        stem = Convolution(scope / "stem", inputChannels: 3, outputChannels: plan[0], kernelSize: 3)
        stages = (1..<plan.count).map {
            Stage(scope / "stages" / ($0 - 1), inputChannels: plan[$0 - 1], outputChannels: plan[$0])
        }
        let (last, width) = (plan[plan.count - 1], 2 * configuration.width)
        join = JoinedConvolution(
            scope / "join", channels: last, width: configuration.condition, outputChannels: width, kernelSize: 3,
            bias: false)
        logit = Convolution(
            scope / "logit", inputChannels: width, outputChannels: 1, kernelSize: base, padding: 0, bias: false)
    }

    func features(of images: ImageBatch) -> ImageFeatures { ImageFeatures(maps: [images.tensor]) }

    // Shapes for side 64 and width w.
    func states(of features: ImageFeatures) -> [Tensor] {
        // [B, 64, 64, 3] → [B, 64, 64, w]
        let x = stem(features.maps[0])
        // → [B, 32, 32, 2w] → [B, 16, 16, 4w] → [B, 8, 8, 8w] → [B, 4, 4, 8w] → [B, 4, 4, 2w]
        return [join.partial(stages.reduce(x) { $1($0) })]
    }

    func logits(of states: [Tensor], given sentences: TextEmbedding?) -> [Logits] {
        // [B, 4, 4, 2w]
        let joined = join(partial: states[0], vectors: sentences?.tensor)
        // → [B, 1, 1, 1] → [B×1]
        return [Logits(logit(joined.leakyReLU()).reshaped([states[0].shape[0], 1]))]
    }
}
