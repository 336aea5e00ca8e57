import Graphs
import Layers

/// The conditional affine transformation of DF-GAN (Tao et al. 2022, section 3.3): y = γ·x + β for each channel, with γ
/// and β linear in the block's hidden condition. Initially the identity.
///
/// Shapes: x and y [B, H, W, channels]; hidden condition [B×hidden]; γ and β [B, 1, 1, channels].
struct ConditionalAffine {
    private let gamma: Linear
    private let beta: Linear

    init(_ scope: ParameterScope, hidden: Int, channels: Int) {
        gamma = Linear(
            scope / "gamma", inputs: hidden, outputs: channels, weightInitializer: .constant(0), biasValue: 1)
        beta = Linear(scope / "beta", inputs: hidden, outputs: channels, weightInitializer: .constant(0))
    }

    func callAsFunction(_ x: Tensor, hidden: Tensor) -> Tensor {
        let shape: Shape = [x.shape[0], 1, 1, x.shape[-1]]
        return x * gamma(hidden).reshaped(shape) + beta(hidden).reshaped(shape)
    }
}
