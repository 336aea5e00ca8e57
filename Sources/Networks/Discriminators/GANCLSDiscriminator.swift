import Graphs
import Layers

/// The discriminator of GAN-CLS (Reed et al. 2016, figure 2): strided convolutions down to 4×4, where the projected sentence
/// joins by a 1×1 convolution.
///
/// Shapes for side 64 and width w: [B, 64, 64, 3] → 64×64×w → 32×32×2w → … → 4×4×8w; with 128 numbers of the sentence at each
/// position [B, 4, 4, 8w + 128] → [B, 4, 4, 8w] → one logit.
struct GANCLSDiscriminator: Discriminator {
    private let stem: SpatialConvolution
    private let stages: [SpatialConvolution]
    private let project: Linear
    private let join: SpatialConvolution
    private let logit: SpatialConvolution

    init(_ scope: ParameterScope, _ configuration: DiscriminatorConfiguration) {
        let plan = configuration.channels
        let last = plan[plan.count - 1]
        stem = SpatialConvolution(scope / "stem", 3, plan[0], kernel: 3)
        stages = (1..<plan.count).map {
            SpatialConvolution(scope / "stages" / ($0 - 1), plan[$0 - 1], plan[$0], kernel: 4, stride: 2, padding: 1)
        }
        project = Linear(scope / "project", configuration.condition, 128)
        join = SpatialConvolution(scope / "join", last + 128, last, kernel: 1)
        logit = SpatialConvolution(scope / "logit", last, 1, kernel: 4, padding: 0)
    }

    func features(of images: ImageBatch) -> ImageFeatures { ImageFeatures(maps: [images.tensor]) }

    func states(of features: ImageFeatures) -> [Tensor] {
        [stages.reduce(stem(features.maps[0])) { $1($0).leakyReLU() }]
    }

    func logits(of states: [Tensor], given sentences: TextEmbedding) -> [Logits] {
        let sentence = project(sentences.tensor).leakyReLU()
        let joined = join(Tensor.concatenated([states[0], sentence.spread(over: states[0])], axis: 3))
        return [Logits(logit(joined.leakyReLU()).reshaped([states[0].shape[0], 1]))]
    }
}
