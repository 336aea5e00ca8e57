import Graphs

/// A convolution over one, two or three spatial dimensions (LeCun et al. 1989): y = x ⋆ w + b.
///
/// Shapes: x [N, spatial…, in], w [out, kernel…, in/groups], b [out], y [N, spatial…, out], where an extent of y is
/// ⌊(extent of x + padding at both ends − kernel) / stride⌋ + 1. Images have
/// the spatial dimensions H, W, videos T, H, W, and time series one.
public struct Convolution {
    let weight: Tensor
    let bias: Tensor?
    let geometry: ConvolutionGeometry

    /// Initial weights are uniform in ±1/√(kernel elements · in/groups), as in PyTorch; initial biases are zero.
    /// - Parameters:
    ///   - kernelSize: extent of the filter in each spatial dimension.
    ///   - stride: in each spatial dimension.
    ///   - padding: zeros at each end of each spatial dimension; nil is ⌊(kernelSize − 1) / 2⌋, which keeps extents if the
    ///     kernel is odd and the stride 1.
    ///   - groups: channels are split into so many groups, which are convolved separately.
    ///   - spatialDimensions: 1 to 3.
    ///   - isSpectrallyNormalized: whether the optimizer divides the filters by the largest singular value of their matrix
    ///     [out × kernel elements · in/groups] (Miyato et al. 2018, "Spectral Normalization").
    public init(
        _ scope: ParameterScope, inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1,
        padding: Int? = nil, groups: Int = 1, spatialDimensions: Int = 2, bias: Bool = true,
        isSpectrallyNormalized: Bool = false
    ) {
        self.init(
            scope, inputChannels: inputChannels, outputChannels: outputChannels,
            kernelSize: [Int](repeating: kernelSize, count: spatialDimensions),
            geometry: ConvolutionGeometry(
                stride: stride, padding: padding ?? (kernelSize - 1) / 2, groups: groups, spatial: spatialDimensions),
            bias: bias, isSpectrallyNormalized: isSpectrallyNormalized)
    }

    /// A convolution whose spatial dimensions differ in kernel, stride or padding.
    /// - Parameters:
    ///   - kernelSize: one extent per spatial dimension.
    ///   - weightInitializer: nil is the uniform one of the other initializer.
    public init(
        _ scope: ParameterScope, inputChannels: Int, outputChannels: Int, kernelSize: [Int],
        geometry: ConvolutionGeometry, bias: Bool = true, weightInitializer: Initializer? = nil,
        isSpectrallyNormalized: Bool = false
    ) {
        precondition(
            inputChannels % geometry.groups == 0 && outputChannels % geometry.groups == 0,
            "\(scope.path): \(geometry.groups) groups of \(inputChannels) and \(outputChannels) channels")
        let shape = Shape([outputChannels] + kernelSize + [inputChannels / geometry.groups])
        let bound = 1 / Float(shape.count / outputChannels).squareRoot()
        weight = (scope / "weight").parameter(
            shape, weightInitializer ?? .uniform(bound: bound), isSpectrallyNormalized: isSpectrallyNormalized)
        self.bias = bias ? (scope / "bias").parameter([outputChannels], .constant(0)) : nil
        self.geometry = geometry
    }

    /// [N, spatial…, in] → [N, spatial…, out].
    public func callAsFunction(_ x: Tensor) -> Tensor { withBias(x.convolution(weight, geometry)) }

    /// The convolution of x after nearest-neighbour upsampling by 2. In two dimensions with 3×3 filters, stride 1 and
    /// padding 1 it is traced as one transposed convolution; see `Tensor.upsampledConvolution`.
    public func callAsFunction(upsampling x: Tensor) -> Tensor {
        let isFused = weight.shape.dimensions[1..<weight.shape.rank - 1] == [3, 3] && geometry == .init(padding: 1)
        return isFused ? withBias(x.upsampledConvolution(weight)) : self(x.upsampled())
    }

    private func withBias(_ y: Tensor) -> Tensor { bias.map { y + $0 } ?? y }
}

/// A transposed convolution over one, two or three spatial dimensions (Zeiler et al. 2010; Radford et al. 2016): the
/// input gradient of a convolution from `out` to `in` channels, applied to x, plus b. The defaults double each extent.
///
/// Shapes: x [N, spatial…, in], w [in, kernel…, out/groups], b [out], y [N, spatial…, out], where an extent of y is
/// (extent of x − 1) · stride + kernel − 2 · padding + outputPadding.
public struct TransposedConvolution {
    let weight: Tensor
    let bias: Tensor?
    let geometry: ConvolutionGeometry
    let outputPadding: Int

    /// Initial weights are normal, initial biases zero.
    /// - Parameters:
    ///   - kernelSize: extent of the filter in each spatial dimension.
    ///   - stride: factor by which each extent grows, but for its ends.
    ///   - padding: positions removed from each end of each spatial dimension.
    ///   - outputPadding: positions added at the end of each spatial dimension, fewer than `stride`.
    ///   - groups: channels are split into so many groups, which are convolved separately.
    ///   - spatialDimensions: 1 to 3.
    ///   - deviation: of the initial weights; 0.02 is that of DCGAN (Radford et al. 2016).
    public init(
        _ scope: ParameterScope, inputChannels: Int, outputChannels: Int, kernelSize: Int = 4, stride: Int = 2,
        padding: Int = 1, outputPadding: Int = 0, groups: Int = 1, spatialDimensions: Int = 2, bias: Bool = true,
        deviation: Float = 0.02
    ) {
        precondition(
            inputChannels % groups == 0 && outputChannels % groups == 0,
            "\(scope.path): \(groups) groups of \(inputChannels) and \(outputChannels) channels")
        let kernel = [Int](repeating: kernelSize, count: spatialDimensions)
        weight = (scope / "weight").parameter(
            Shape([inputChannels] + kernel + [outputChannels / groups]), .normal(deviation: deviation))
        self.bias = bias ? (scope / "bias").parameter([outputChannels], .constant(0)) : nil
        geometry = ConvolutionGeometry(stride: stride, padding: padding, groups: groups, spatial: spatialDimensions)
        self.outputPadding = outputPadding
    }

    /// [N, spatial…, in] → [N, spatial…, out].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let y = x.transposedConvolution(weight, geometry, outputPadding: outputPadding)
        return bias.map { y + $0 } ?? y
    }
}
