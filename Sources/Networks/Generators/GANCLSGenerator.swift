import Graphs
import Layers

/// Reed et al. 2016, figure 2. Layer normalisation over channels stands where the paper has batch normalisation, so
/// that an image does not depend on the others of its batch.
struct GANCLSGenerator {
    private let project: Linear
    private let start: Linear
    private let norms: [LayerNormalization]
    private let deconvolutions: [TransposedConvolution]
    private let output: TransposedConvolution
    private let channels: [Int]

    init(_ scope: ParameterScope, _ configuration: GeneratorConfiguration) {
        let plan = configuration.channels
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
        return output(x)
    }
}
