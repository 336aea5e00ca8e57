import Graphs

/// A convolution over the two spatial dimensions of an image: y = x ⋆ w + b; x is [N, H, W, in], w [out, k, k, in].
public struct SpatialConvolution {
    let weight: Tensor
    let bias: Tensor?
    let geometry: ConvolutionGeometry

    /// Weights begin uniform in ±1/√(k²·in), biases at zero.
    /// - Parameters:
    ///   - kernel: extent of the square filter.
    ///   - padding: zeros on each side; nil keeps the extent at stride 1.
    ///   - isSpectrallyNormalized: whether the filters are divided by the largest singular value of the matrix [out × k²·in]
    ///     that they are (Miyato et al. 2018); the optimizer does that.
    public init(
        _ scope: ParameterScope, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil,
        bias: Bool = true, isSpectrallyNormalized: Bool = false
    ) {
        let bound = 1 / Float(kernel * kernel * inputs).squareRoot()
        weight = (scope / "weight").parameter(
            [outputs, kernel, kernel, inputs], .uniform(bound: bound), isSpectrallyNormalized: isSpectrallyNormalized)
        self.bias = bias ? (scope / "bias").parameter([outputs], .constant(0)) : nil
        geometry = ConvolutionGeometry(stride: stride, padding: padding ?? (kernel - 1) / 2)
    }

    /// Applies the filters.
    public func callAsFunction(_ x: Tensor) -> Tensor { withBias(x.convolution(weight, geometry)) }

    /// Applies the filters, which must be 3×3, to x doubled by nearest neighbours.
    public func afterDoubling(_ x: Tensor) -> Tensor { withBias(x.doubledConvolution(weight)) }

    private func withBias(_ y: Tensor) -> Tensor { bias.map { y + $0 } ?? y }
}

/// A transposed convolution that doubles both spatial extents: the input gradient of a 4×4 convolution of stride 2.
public struct TransposedConvolution {
    let weight: Tensor
    let bias: Tensor
    let outputs: Int

    /// Weights [in, 4, 4, out] begin normal with deviation 0.02 (Radford et al. 2016), biases at zero.
    public init(_ scope: ParameterScope, _ inputs: Int, _ outputs: Int) {
        weight = (scope / "weight").parameter([inputs, 4, 4, outputs], .normal(deviation: 0.02))
        bias = (scope / "bias").parameter([outputs], .constant(0))
        self.outputs = outputs
    }

    /// [N, H, W, in] → [N, 2H, 2W, out].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let target: Shape = [x.shape[0], 2 * x.shape[1], 2 * x.shape[2], outputs]
        return x.inputGradient(filter: weight, input: target, ConvolutionGeometry(stride: 2, padding: 1)) + bias
    }
}
