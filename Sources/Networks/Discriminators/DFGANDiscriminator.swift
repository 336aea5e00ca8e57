import Graphs
import Layers

/// DF-GAN's discriminator (Tao et al. 2022, section 3.4). All its maps are linear or leaky ReLU, as gradient penalties ask.
///
/// Shapes for side 64 and width w: [B, 64, 64, 3] → 64×64×w → 32×32×2w → … → 4×4×8w; with the sentence at each position
/// [B, 4, 4, 8w + condition] → [B, 4, 4, 2w] → one logit.
struct DFGANDiscriminator: Discriminator {
    private let stem: SpatialConvolution
    private let stages: [Stage]
    private let join: SpatialConvolution
    private let logit: SpatialConvolution

    /// One halving with a residual path.
    private struct Stage {
        let halve: SpatialConvolution
        let refine: SpatialConvolution
        let shortcut: SpatialConvolution?
        let scale: Tensor

        init(_ scope: ParameterScope, inputs: Int, outputs: Int) {
            halve = SpatialConvolution(
                scope / "convolution1", inputs, outputs, kernel: 4, stride: 2, padding: 1, bias: false)
            refine = SpatialConvolution(scope / "convolution2", outputs, outputs, kernel: 3, bias: false)
            shortcut = inputs == outputs ? nil : SpatialConvolution(scope / "shortcut", inputs, outputs, kernel: 1)
            // DF-GAN learns this scale from 0. From there it takes tens of thousands of images until the discriminator
            // sees more than the means that the shortcuts pass on, and the generator makes blocks meanwhile.
            scale = (scope / "scale").parameter([1], .constant(0.3))
        }

        func callAsFunction(_ x: Tensor) -> Tensor {
            // Pooling first: the 1×1 convolution of a mean is the mean of the convolutions, at a quarter of the cost.
            let pooled = x.averagePooled()
            let residual = refine(halve(x).leakyReLU()).leakyReLU() * scale
            return (shortcut.map { $0(pooled) } ?? pooled) + residual
        }
    }

    init(_ scope: ParameterScope, _ configuration: DiscriminatorConfiguration) {
        let plan = configuration.channels
        stem = SpatialConvolution(scope / "stem", 3, plan[0], kernel: 3)
        stages = (1..<plan.count).map { Stage(scope / "stages" / ($0 - 1), inputs: plan[$0 - 1], outputs: plan[$0]) }
        let (last, width) = (plan[plan.count - 1], 2 * configuration.width)
        join = SpatialConvolution(scope / "join", last + configuration.condition, width, kernel: 3, bias: false)
        logit = SpatialConvolution(scope / "logit", width, 1, kernel: 4, padding: 0, bias: false)
    }

    func features(of images: ImageBatch) -> ImageFeatures { ImageFeatures(maps: [images.tensor]) }

    func states(of features: ImageFeatures) -> [Tensor] { [stages.reduce(stem(features.maps[0])) { $1($0) }] }

    func logits(of states: [Tensor], given sentences: TextEmbedding) -> [Logits] {
        let joined = join(Tensor.concatenated([states[0], sentences.tensor.spread(over: states[0])], axis: 3))
        return [Logits(logit(joined.leakyReLU()).reshaped([states[0].shape[0], 1]))]
    }
}
