import Graphs
import Layers

/// The generator of GAN-CLS (Reed et al. 2016, "Generative Adversarial Text to Image Synthesis", figure 2): transposed
/// convolutions of noise and a projection of the sentence.
///
/// The paper's batch normalization is replaced by layer normalization over channels, so that an image does not depend
/// on the other images of its batch.
struct GANCLSGenerator: GeneratorNetwork {
    /// Width of the projected sentence; the paper's.
    static let projectionWidth = 128

    private let project: Linear
    private let start: Linear
    private let norms: [LayerNormalization]
    private let deconvolutions: [TransposedConvolution]
    private let output: TransposedConvolution
    private let pyramid: Pyramid

    init(_ scope: ParameterScope, _ configuration: GeneratorConfiguration) {
        pyramid = configuration.pyramid
        let (plan, projected) = (pyramid.channels, GANCLSGenerator.projectionWidth)
        project = Linear(scope / "project", inputs: configuration.condition, outputs: projected)
        start = Linear(
            scope / "start", inputs: configuration.noise + projected, outputs: pyramid.base * pyramid.base * plan[0])
        norms = (0..<plan.count - 1).map { LayerNormalization(scope / "norms" / $0, width: plan[$0]) }
        deconvolutions = (1..<plan.count - 1).map {
            TransposedConvolution(
                scope / "deconvolutions" / ($0 - 1), inputChannels: plan[$0 - 1], outputChannels: plan[$0])
        }
        output = TransposedConvolution(scope / "output", inputChannels: plan[plan.count - 2], outputChannels: 3)
    }

    // Shapes for side 64 and width w.
    func callAsFunction(noise: Tensor, text: Tensor) -> Tensor {
        // [B × noise + 128]
        let joined = Tensor.concatenated([noise, project(text).leakyReLU()], axis: 1)
        // → [B, 4, 4, 8w]
        var x = norms[0](start(joined).reshaped([noise.shape[0], pyramid.base, pyramid.base, pyramid.channels[0]]))
            .relu()
        // → [B, 8, 8, 8w] → [B, 16, 16, 4w] → [B, 32, 32, 2w]
        for (deconvolution, norm) in zip(deconvolutions, norms.dropFirst()) { x = norm(deconvolution(x)).relu() }
        // → [B, 64, 64, 3]
        return output(x)
    }
}
