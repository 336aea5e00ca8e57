import Graphs

/// A convolution of feature maps joined with a vector that is repeated at each position as further channels (Reed et al. 2016,
/// section 4.1): y = [x, v] ⋆ w + b, with stride 1.
///
/// It is computed as (x ⋆ wₓ + b) + v ⋆ wᵥ, where wₓ and wᵥ are the two parts of the filter. The first summand serves all vectors
/// that maps are joined with. The second needs one product per tap of the filter instead of one per tap and position: repeated
/// vectors have the same product with a tap everywhere, and a position adds the taps that fall inside the map.
///
/// Shapes: x [N, H, W, channels], v [N×width], w [out, k, k, channels + width], b [out].
public struct JoinedConvolution {
    private let weight: Tensor
    private let bias: Tensor?
    private let channels: Int
    private let padding: Int

    /// The parameters of a `Convolution` from `channels + width` channels.
    /// - Parameters:
    ///   - width: of the vectors; 0 if there are none.
    ///   - padding: zeros at each end of both spatial dimensions; nil is ⌊(kernelSize − 1) / 2⌋.
    public init(
        _ scope: ParameterScope, channels: Int, width: Int, outputChannels: Int, kernelSize: Int, padding: Int? = nil,
        bias: Bool = true, isSpectrallyNormalized: Bool = false
    ) {
        let joined = Convolution(
            scope, inputChannels: channels + width, outputChannels: outputChannels, kernelSize: kernelSize,
            padding: padding, bias: bias, isSpectrallyNormalized: isSpectrallyNormalized)
        (weight, self.bias) = (joined.weight, joined.bias)
        self.channels = channels
        self.padding = joined.geometry.padLow[0]
    }

    /// The part of the result that does not depend on the vectors, x ⋆ wₓ + b: [N, H, W, channels] → [N, H', W', out].
    public func partial(_ x: Tensor) -> Tensor {
        let filter = weight.slice(axis: -1, start: 0, count: channels)
        let y = x.convolution(filter, ConvolutionGeometry(padding: padding))
        return bias.map { y + $0 } ?? y
    }

    /// The whole result, from `partial` [N, H', W', out] and the vectors [N×width]; without vectors, the former.
    public func callAsFunction(partial: Tensor, vectors: Tensor?) -> Tensor {
        guard let vectors else { return partial }
        let (outputs, kernel) = (weight.shape[0], weight.shape[1])
        let (batch, width) = (vectors.shape[0], vectors.shape[1])
        let filter = weight.slice(axis: -1, start: channels, count: width)
        // [N×width] → [N×out·k·k] → [N, k, k, out]: the product of each vector with each tap
        let taps = vectors.matmul(filter.reshaped([outputs * kernel * kernel, width]), otherTransposed: true)
            .reshaped([batch, outputs, kernel * kernel]).transposed([0, 2, 1])
            .reshaped([batch, kernel, kernel, outputs])
        return partial + [1, 2].reduce(taps) { summed($0, axis: $1, positions: partial.shape[$1]) }
    }

    /// Taps [.., k, ..] along one axis → their sums [.., positions, ..] over the taps inside the map at each position.
    private func summed(_ taps: Tensor, axis: Int, positions: Int) -> Tensor {
        let kernel = taps.shape[axis]
        let extent = positions + kernel - 1 - 2 * padding
        let inside = (0..<positions).map { max(0, padding - $0)..<min(kernel, extent + padding - $0) }
        var (parts, start): ([Tensor], Int) = ([], 0)
        while start < positions {
            let end = inside[start...].firstIndex { $0 != inside[start] } ?? positions
            let terms = inside[start].map { taps.slice(axis: axis, start: $0, count: 1) }
            let sum = terms.sum()
            parts.append(sum.broadcast(to: sum.shape.replacing(axis, with: end - start)))
            start = end
        }
        return Tensor.concatenated(parts, axis: axis)
    }
}
