import Graphs

/// Layer normalisation over the last axis (Ba et al. 2016): (x − mean) / √(variance + ε) · gain + bias.
public struct LayerNormalization {
    let gain: Tensor
    let bias: Tensor
    let epsilon: Float

    /// Gains begin at one, biases at zero.
    public init(_ scope: ParameterScope, width: Int, epsilon: Float = 1e-5) {
        gain = (scope / "gain").parameter([width], .constant(1))
        bias = (scope / "bias").parameter([width], .constant(0))
        self.epsilon = epsilon
    }

    /// Normalises each run of `width` values.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let centered = x - x.mean(along: [-1])
        let variance = (centered * centered).mean(along: [-1])
        return centered * (variance + epsilon).squareRoot().reciprocal() * gain + bias
    }
}

extension Tensor {
    /// Rows divided by their Euclidean length: x / √(Σx² + 10⁻¹²) over the last axis.
    public func unitLength() -> Tensor { self * ((self * self).sum(along: [-1]) + 1e-12).squareRoot().reciprocal() }
}
