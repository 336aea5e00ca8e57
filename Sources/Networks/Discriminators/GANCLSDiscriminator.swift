import Graphs
import Layers

/// The discriminator of GAN-CLS (Reed et al. 2016, "Generative Adversarial Text to Image Synthesis", figure 2): strided
/// convolutions down to 4×4, and a 1×1 convolution of the result joined with a projection of the sentence.
struct GANCLSDiscriminator: Discriminator {
    private let stem: Convolution
    private let stages: [Convolution]
    /// Nil without a condition.
    private let project: Linear?
    private let join: JoinedConvolution
    private let logit: Convolution

    init(_ scope: ParameterScope, _ configuration: DiscriminatorConfiguration) {
        let (plan, base) = (configuration.pyramid.channels.reversed() as [Int], configuration.pyramid.base)
        let projected = GANCLSGenerator.projectionWidth
        let last = plan[plan.count - 1]
        stem = Convolution(scope / "stem", inputChannels: 3, outputChannels: plan[0], kernelSize: 3)
        stages = (1..<plan.count).map {
            Convolution(
                scope / "stages" / ($0 - 1), inputChannels: plan[$0 - 1], outputChannels: plan[$0], kernelSize: 4,
                stride: 2, padding: 1)
        }
        project =
            configuration.condition > 0
            ? Linear(scope / "project", inputs: configuration.condition, outputs: projected) : nil
        join = JoinedConvolution(
            scope / "join", channels: last, width: project == nil ? 0 : projected, outputChannels: last, kernelSize: 1)
        logit = Convolution(scope / "logit", inputChannels: last, outputChannels: 1, kernelSize: base, padding: 0)
    }

    func features(of images: ImageBatch) -> ImageFeatures { ImageFeatures(maps: [images.tensor]) }

    // Shapes for side 64 and width w.
    func states(of features: ImageFeatures) -> [Tensor] {
        // [B, 64, 64, 3] → [B, 64, 64, w]
        let x = stem(features.maps[0])
        // → [B, 32, 32, 2w] → [B, 16, 16, 4w] → [B, 8, 8, 8w] → [B, 4, 4, 8w]
        return [join.partial(stages.reduce(x) { $1($0).leakyReLU() })]
    }

    func logits(of states: [Tensor], given sentences: TextEmbedding?) -> [Logits] {
        // [B×condition] → [B×128]
        let sentence = sentences.flatMap { project?($0.tensor).leakyReLU() }
        // [B, 4, 4, 8w]
        let joined = join(partial: states[0], vectors: sentence)
        // → [B, 1, 1, 1] → [B×1]
        return [Logits(logit(joined.leakyReLU()).reshaped([states[0].shape[0], 1]))]
    }
}
