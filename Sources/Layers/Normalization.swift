import Graphs

/// Layer normalization over the last axis (Ba et al. 2016): y = (x − mean) / √(variance + ε) · gain + bias.
///
/// Shapes: x and y […, width]; gain and bias [width].
public struct LayerNormalization {
    let gain: Tensor
    let bias: Tensor
    let epsilon: Float

    /// Initial gains are one, initial biases zero.
    public init(_ scope: ParameterScope, width: Int, epsilon: Float = 1e-5) {
        gain = (scope / "gain").parameter([width], .constant(1))
        bias = (scope / "bias").parameter([width], .constant(0))
        self.epsilon = epsilon
    }

    /// […, width] → […, width].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        x.standardized(along: [-1], epsilon: epsilon) * gain + bias
    }
}

/// Instance normalization (Ulyanov et al. 2016): y = (x − mean) / √(variance + ε) · gain + bias, with mean and variance
/// over the spatial positions of each image and channel.
///
/// Shapes: x and y [N, spatial…, channels]; gain and bias [channels].
public struct InstanceNormalization {
    let gain: Tensor?
    let bias: Tensor?
    let epsilon: Float

    /// Initial gains are one, initial biases zero.
    /// - Parameter isAffine: false leaves out gain and bias, as in pix2pix and CycleGAN.
    public init(_ scope: ParameterScope, channels: Int, epsilon: Float = 1e-5, isAffine: Bool = true) {
        gain = isAffine ? (scope / "gain").parameter([channels], .constant(1)) : nil
        bias = isAffine ? (scope / "bias").parameter([channels], .constant(0)) : nil
        self.epsilon = epsilon
    }

    /// [N, spatial…, channels] → [N, spatial…, channels].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let y = x.standardized(along: Array(1..<x.shape.rank - 1), epsilon: epsilon)
        guard let gain, let bias else { return y }
        return y * gain + bias
    }
}

extension Tensor {
    /// (x − mean) / √(variance + ε), with mean and variance over `axes`.
    func standardized(along axes: [Int], epsilon: Float) -> Tensor {
        let centered = self - mean(along: axes)
        let variance = (centered * centered).mean(along: axes)
        return centered * (variance + epsilon).sqrt().reciprocal()
    }

    /// Vectors of unit Euclidean length: x / √(Σx² + 10⁻¹²) over the last axis.
    public func l2Normalized() -> Tensor { self * ((self * self).sum(along: [-1]) + 1e-12).sqrt().reciprocal() }
}
