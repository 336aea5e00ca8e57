import Graphs

/// Layer normalization over the last axis (Ba et al. 2016): y = (x − mean) / √(variance + ε) · gain + bias.
///
/// Shapes: x and y […, width]; gain and bias [width].
public struct LayerNormalization {
    let gain: Tensor
    let bias: Tensor?
    let epsilon: Float
    let isCentered: Bool

    /// Initial gains are one, initial biases zero.
    /// - Parameters:
    ///   - isCentered: false divides by the root of the mean square and subtracts no mean (Zhang and Sennrich 2019,
    ///     "RMSNorm").
    ///   - bias: whether a bias is added.
    public init(
        _ scope: ParameterScope, width: Int, epsilon: Float = 1e-5, isCentered: Bool = true, bias: Bool = true
    ) {
        gain = (scope / "gain").parameter([width], .constant(1))
        self.bias = bias ? (scope / "bias").parameter([width], .constant(0)) : nil
        self.epsilon = epsilon
        self.isCentered = isCentered
    }

    /// […, width] → […, width].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let y =
            isCentered
            ? x.standardized(along: [-1], epsilon: epsilon)
            : x * ((x * x).mean(along: [-1]) + epsilon).sqrt().reciprocal()
        return bias.map { y * gain + $0 } ?? y * gain
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
