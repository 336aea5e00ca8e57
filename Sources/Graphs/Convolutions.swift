/// Stride, padding and groups of a convolution over one, two or three spatial dimensions.
public struct ConvolutionGeometry: Hashable, Sendable {
    /// Step between output positions, per spatial dimension.
    public let stride: [Int]
    /// Zeros before the first element, per spatial dimension.
    public let padLow: [Int]
    /// Zeros after the last element, per spatial dimension.
    public let padHigh: [Int]
    /// The number of groups: input and output channels are split evenly, and each group is convolved separately.
    public let groups: Int

    /// A geometry with stride and padding given for each spatial dimension.
    public init(stride: [Int], padLow: [Int], padHigh: [Int], groups: Int = 1) {
        precondition(stride.count == padLow.count && stride.count == padHigh.count && (1...3).contains(stride.count))
        self.stride = stride
        self.padLow = padLow
        self.padHigh = padHigh
        self.groups = groups
    }

    /// A geometry with the same stride and padding in each of `spatial` dimensions.
    public init(stride: Int = 1, padding: Int = 0, groups: Int = 1, spatial: Int = 2) {
        let pad = [Int](repeating: padding, count: spatial)
        self.init(stride: [Int](repeating: stride, count: spatial), padLow: pad, padHigh: pad, groups: groups)
    }

    func output(of input: Shape, filter: Shape) -> Shape {
        precondition(
            input.rank == stride.count + 2 && filter.rank == input.rank && filter[0] % groups == 0
                && filter[-1] * groups == input[-1], "convolution of \(input) with filter \(filter), groups \(groups)")
        var result = input.dimensions
        for axis in 0..<stride.count {
            let positions = input[axis + 1] + padLow[axis] + padHigh[axis] - filter[axis + 1]
            precondition(positions >= 0, "filter \(filter) is larger than the padded input \(input)")
            result[axis + 1] = positions / stride[axis] + 1
        }
        result[result.count - 1] = filter[0]
        return Shape(result)
    }
}

/// y = x ⋆ w, a cross-correlation: x [N, spatial…, C], w [O, spatial…, C/groups], y [N, spatial…, O].
///
/// Convolution and its two gradients are bilinear, and the VJP of each one consists of the other two: they can be
/// differentiated to any order.
package struct ConvolutionForward: Operation {
    package let geometry: ConvolutionGeometry
    package func shape(of inputs: [Shape]) -> Shape { geometry.output(of: inputs[0], filter: inputs[1]) }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        let (x, w) = (inputs[0], inputs[1])
        return [dy.inputGradient(filter: w, input: x.shape, geometry), x.filterGradient(dy, filter: w.shape, geometry)]
    }
}

/// dx from dy and w: the transposed convolution.
package struct ConvolutionInputGradient: Operation {
    package let geometry: ConvolutionGeometry
    package let input: Shape
    package func shape(of inputs: [Shape]) -> Shape {
        let expected = geometry.output(of: input, filter: inputs[1])
        precondition(inputs[0] == expected, "gradient \(inputs[0]) for output \(expected)")
        return input
    }
    package func pullback(_ ddx: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        let (dy, w) = (inputs[0], inputs[1])
        return [ddx.convolution(w, geometry), ddx.filterGradient(dy, filter: w.shape, geometry)]
    }
}

/// dw from x and dy.
package struct ConvolutionFilterGradient: Operation {
    package let geometry: ConvolutionGeometry
    package let filter: Shape
    package func shape(of inputs: [Shape]) -> Shape {
        let expected = geometry.output(of: inputs[0], filter: filter)
        precondition(inputs[1] == expected, "gradient \(inputs[1]) for output \(expected)")
        return filter
    }
    package func pullback(_ ddw: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        let (x, dy) = (inputs[0], inputs[1])
        return [dy.inputGradient(filter: ddw, input: x.shape, geometry), x.convolution(ddw, geometry)]
    }
}

/// The filter v [C×4×4×O] for which a transposed convolution of stride 2 equals nearest-neighbour upsampling by 2
/// followed by a convolution with w [O×3×3×C].
///
/// In one dimension, output j of the convolution uses x[⌊(j + k) / 2⌋] for the taps k = −1, 0, 1. Even outputs are
/// w₋₁·x[j/2 − 1] + (w₀ + w₁)·x[j/2], odd outputs (w₋₁ + w₀)·x[(j−1)/2] + w₁·x[(j+1)/2]. The transposed convolution
/// with v = (w₁, w₀ + w₁, w₋₁ + w₀, w₋₁) computes the same. Adjoint: `DoublingFilterGradient`.
package struct DoublingFilter: Operation {
    package init() {}
    package func shape(of inputs: [Shape]) -> Shape {
        let w = inputs[0]
        precondition(w.rank == 4 && w[1] == 3 && w[2] == 3, "upsampling folds into 3×3 filters, found \(w)")
        return [w[3], 4, 4, w[0]]
    }
    package func pullback(_ dv: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dv.graph.apply(DoublingFilterGradient(), [dv])]
    }
}

/// dw [O×3×3×C] from dv [C×4×4×O]. Adjoint: `DoublingFilter`.
package struct DoublingFilterGradient: Operation {
    package init() {}
    package func shape(of inputs: [Shape]) -> Shape { [inputs[0][3], 3, 3, inputs[0][0]] }
    package func pullback(_ ddw: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [ddw.graph.apply(DoublingFilter(), [ddw])]
    }
}

extension Tensor {
    /// Cross-correlation of an input [N, spatial…, C] with `filter` [O, spatial…, C/groups].
    public func convolution(_ filter: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
        graph.apply(ConvolutionForward(geometry: geometry), [self, filter])
    }
    /// Transposed convolution with `filter` [C, spatial…, O/groups]: the input gradient of a convolution from O to C
    /// channels, applied to a tensor [N, spatial…, C] as if it were the gradient of that convolution's output.
    /// - Parameters:
    ///   - geometry: of the convolution.
    ///   - outputPadding: positions added at the end of each spatial dimension, fewer than its stride.
    /// - Returns: [N, spatial…, O] of extents (x − 1)·stride + kernel − padLow − padHigh + outputPadding.
    public func transposedConvolution(
        _ filter: Tensor, _ geometry: ConvolutionGeometry, outputPadding: Int = 0
    ) -> Tensor {
        var target = shape.replacing(-1, with: filter.shape[-1] * geometry.groups)
        for axis in 0..<geometry.stride.count {
            precondition(
                (0..<geometry.stride[axis]).contains(outputPadding),
                "output padding \(outputPadding) for stride \(geometry.stride[axis])")
            let full = (shape[axis + 1] - 1) * geometry.stride[axis] + filter.shape[axis + 1] + outputPadding
            target = target.replacing(axis + 1, with: full - geometry.padLow[axis] - geometry.padHigh[axis])
        }
        return inputGradient(filter: filter, input: target, geometry)
    }
    /// `upsampled().convolution(filter, .init(padding: 1))` for an input [N, H, W, C] and a filter [O×3×3×C], traced as the
    /// equal transposed 4×4 convolution: four ninths of the arithmetic, and no upsampled copy in memory.
    public func upsampledConvolution(_ filter: Tensor) -> Tensor {
        transposedConvolution(graph.apply(DoublingFilter(), [filter]), ConvolutionGeometry(stride: 2, padding: 1))
    }
    /// dx of shape `input` from this gradient [N, spatial…, O] of the output and the filter.
    package func inputGradient(filter: Tensor, input: Shape, _ geometry: ConvolutionGeometry) -> Tensor {
        graph.apply(ConvolutionInputGradient(geometry: geometry, input: input), [self, filter])
    }
    fileprivate func filterGradient(_ dy: Tensor, filter: Shape, _ geometry: ConvolutionGeometry) -> Tensor {
        graph.apply(ConvolutionFilterGradient(geometry: geometry, filter: filter), [self, dy])
    }
}
