/// How a filter moves over one, two or three spatial dimensions.
public struct ConvolutionGeometry: Hashable, Sendable {
    /// Step between positions, per spatial dimension.
    public let stride: [Int]
    /// Zeros before the first element, per spatial dimension.
    public let padLow: [Int]
    /// Zeros after the last element, per spatial dimension.
    public let padHigh: [Int]
    /// Channels are split into this many groups that do not mix; 1 for an ordinary convolution.
    public let groups: Int

    /// A geometry with its own padding at each end of each spatial dimension.
    public init(stride: [Int], padLow: [Int], padHigh: [Int], groups: Int = 1) {
        precondition(stride.count == padLow.count && stride.count == padHigh.count && (1...3).contains(stride.count))
        self.stride = stride
        self.padLow = padLow
        self.padHigh = padHigh
        self.groups = groups
    }

    /// The same stride and padding along each of `spatial` dimensions.
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
            let room = input[axis + 1] + padLow[axis] + padHigh[axis] - filter[axis + 1]
            precondition(room >= 0, "filter \(filter) is larger than the padded input \(input)")
            result[axis + 1] = room / stride[axis] + 1
        }
        result[result.count - 1] = filter[0]
        return Shape(result)
    }
}

/// y = x ⋆ w: input N, spatial…, C; filter O, spatial…, C/groups; output N, spatial…, O.
///
/// Convolution and its two gradients are bilinear and closed under differentiation: each one's derivatives are the
/// other two, to any order.
package struct Convolution: Operation {
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

/// The filter [C×4×4×O] whose transposed convolution of stride 2 equals doubling by nearest neighbours and then
/// cross-correlation with w [O×3×3×C].
///
/// Along one dimension a doubled input reads x at ⌊(j + k) / 2⌋ for tap k = −1, 0, 1 of output j: even outputs weigh
/// x[j/2 − 1] by w₋₁ and x[j/2] by w₀ + w₁, odd ones x[(j−1)/2] by w₋₁ + w₀ and x[(j+1)/2] by w₁. A transposed
/// convolution with v = (w₁, w₀ + w₁, w₋₁ + w₀, w₋₁) weighs them so. Adjoint: `DoublingFilterGradient`.
package struct DoublingFilter: Operation {
    package init() {}
    package func shape(of inputs: [Shape]) -> Shape {
        let w = inputs[0]
        precondition(w.rank == 4 && w[1] == 3 && w[2] == 3, "doubling folds into 3×3 filters, found \(w)")
        return [w[3], 4, 4, w[0]]
    }
    package func pullback(_ dv: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dv.graph.apply(DoublingFilterGradient(), [dv])]
    }
}

/// The derivative by w [O×3×3×C] from that by v [C×4×4×O]. Adjoint: `DoublingFilter`.
package struct DoublingFilterGradient: Operation {
    package init() {}
    package func shape(of inputs: [Shape]) -> Shape { [inputs[0][3], 3, 3, inputs[0][0]] }
    package func pullback(_ ddw: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [ddw.graph.apply(DoublingFilter(), [ddw])]
    }
}

extension Tensor {
    /// Cross-correlation with `filter` [O, spatial…, C/groups] of an input [N, spatial…, C].
    public func convolution(_ filter: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
        graph.apply(Convolution(geometry: geometry), [self, filter])
    }
    /// What `upsampled().convolution(filter, .init(padding: 1))` is for a filter [O×3×3×C] and an input [N, H, W, C], drawn as
    /// the transposed 4×4 convolution that it equals: four ninths of the arithmetic, and nothing is doubled in memory.
    public func doubledConvolution(_ filter: Tensor) -> Tensor {
        let doubled: Shape = [shape[0], 2 * shape[1], 2 * shape[2], filter.shape[0]]
        return inputGradient(
            filter: graph.apply(DoublingFilter(), [filter]), input: doubled, ConvolutionGeometry(stride: 2, padding: 1))
    }
    /// The transposed convolution of a gradient [N, spatial…, O] back to `input`.
    public func inputGradient(filter: Tensor, input: Shape, _ geometry: ConvolutionGeometry) -> Tensor {
        graph.apply(ConvolutionInputGradient(geometry: geometry, input: input), [self, filter])
    }
    fileprivate func filterGradient(_ dy: Tensor, filter: Shape, _ geometry: ConvolutionGeometry) -> Tensor {
        graph.apply(ConvolutionFilterGradient(geometry: geometry, filter: filter), [self, dy])
    }
}
