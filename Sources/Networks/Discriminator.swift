import Graphs
import Layers

/// What a discriminator sees of a picture before it reads the sentence: [batch, 4, 4, channels]. The features of a
/// real picture serve its matching and its mismatching caption alike.
public struct ImageFeatures {
    /// [batch, 4, 4, channels].
    public let tensor: Tensor
}

/// A matching-aware discriminator (Reed et al. 2016, section 4.2): one verdict on a picture *with* a sentence. All its
/// maps are linear or leaky ReLU and none looks across the batch, as gradient penalties ask.
public struct Discriminator {
    private let stem: SpatialConvolution
    private let stages: [Stage]
    private let project: Linear?
    private let join: SpatialConvolution
    private let verdict: SpatialConvolution

    /// One halving: residual (DF-GAN) or plain (GAN-CLS).
    private struct Stage {
        let halve: SpatialConvolution
        let refine: (convolution: SpatialConvolution, shortcut: SpatialConvolution?, scale: Tensor)?

        init(_ scope: ParameterScope, _ inputs: Int, _ outputs: Int, family: NetworkFamily) {
            halve = SpatialConvolution(
                scope / "convolution1", inputs, outputs, kernel: 4, stride: 2, padding: 1, bias: family == .ganCLS)
            guard family == .dfGAN else {
                refine = nil
                return
            }
            let shortcut = inputs == outputs ? nil : SpatialConvolution(scope / "shortcut", inputs, outputs, kernel: 1)
            // DF-GAN learns this scale from 0. From there it takes tens of thousands of pictures until the discriminator
            // sees more than the means that the shortcuts pass on, and the generator paints blocks meanwhile.
            let scale = (scope / "scale").parameter([1], .constant(0.3))
            refine = (
                SpatialConvolution(scope / "convolution2", outputs, outputs, kernel: 3, bias: false), shortcut, scale
            )
        }

        func callAsFunction(_ x: Tensor) -> Tensor {
            let halved = halve(x).leakyReLU()
            guard let refine else { return halved }
            // Pooling first: the 1×1 convolution of a mean is the mean of the convolutions, at a quarter of the cost.
            let pooled = x.averagePooled()
            return (refine.shortcut.map { $0(pooled) } ?? pooled) + refine.convolution(halved).leakyReLU()
                * refine.scale
        }
    }

    /// A discriminator whose parameters lie under `scope`.
    public init(_ scope: ParameterScope, _ configuration: GANConfiguration) {
        let plan = Array(configuration.channels(configuration.discriminatorWidth).reversed())
        let family = configuration.family
        let last = plan[plan.count - 1]
        stem = SpatialConvolution(scope / "stem", 3, plan[0], kernel: 3)
        stages = (1..<plan.count).map { Stage(scope / "stages" / ($0 - 1), plan[$0 - 1], plan[$0], family: family) }
        // DF-GAN joins the sentence as it is by a 3×3 convolution, GAN-CLS projected to 128 by a 1×1 convolution.
        project = family == .ganCLS ? Linear(scope / "project", configuration.condition, 128) : nil
        let (condition, width, kernel) =
            family == .ganCLS ? (128, last, 1) : (configuration.condition, 2 * configuration.discriminatorWidth, 3)
        join = SpatialConvolution(scope / "join", last + condition, width, kernel: kernel, bias: family == .ganCLS)
        verdict = SpatialConvolution(scope / "verdict", width, 1, kernel: 4, padding: 0, bias: family == .ganCLS)
    }

    /// The features of pictures, which do not depend on a sentence.
    public func features(_ images: ImageBatch) -> ImageFeatures {
        ImageFeatures(tensor: stages.reduce(stem(images.tensor)) { $1($0) })
    }

    /// The verdict on features with a sentence each.
    public func callAsFunction(_ features: ImageFeatures, _ text: TextEmbedding) -> Logits {
        let batch = features.tensor.shape[0]
        let sentence = project.map { $0(text.tensor).leakyReLU() } ?? text.tensor
        let spread = sentence.reshaped([batch, 1, 1, sentence.shape[1]]).broadcast(to: [batch, 4, 4, sentence.shape[1]])
        let joined = join(Tensor.concatenated([features.tensor, spread], axis: 3)).leakyReLU()
        return Logits(verdict(joined).reshaped([batch, 1]))
    }
}
