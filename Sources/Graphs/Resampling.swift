/// Nearest-neighbour upsampling by a whole factor along each spatial dimension. Adjoint: `SumPool`.
package struct Upsample: Operation {
    package let factor: Int
    package func shape(of inputs: [Shape]) -> Shape { Resampling.shape(inputs[0]) { $0 * factor } }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [dy.sumPooled(by: factor)] }
}

/// The sum of each block of `factor` elements along each spatial dimension. Adjoint: `Upsample`.
package struct SumPool: Operation {
    package let factor: Int
    package func shape(of inputs: [Shape]) -> Shape {
        Resampling.shape(inputs[0]) {
            precondition($0 % factor == 0, "pooling by \(factor) of \(inputs[0])")
            return $0 / factor
        }
    }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [dy.upsampled(by: factor)] }
}

private enum Resampling {
    /// [N, spatial…, C] with each spatial extent changed.
    static func shape(_ input: Shape, _ change: (Int) -> Int) -> Shape {
        precondition((3...5).contains(input.rank), "resampling needs N, spatial…, C; found \(input)")
        return (1..<input.rank - 1).reduce(input) { $0.replacing($1, with: change(input[$1])) }
    }
}

/// Bilinear resizing of [N, H, W, C] as PyTorch's `interpolate` does it with `align_corners=False` and
/// `antialias=True`: pixel centers are at half-integer positions, and a triangle filter is as wide as a pixel of the
/// coarser image on either side. Adjoint: `ResizeGradient`.
package struct Resize: Operation {
    package let height: Int
    package let width: Int
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(inputs[0].rank == 4, "resizing needs N, H, W, C; found \(inputs[0])")
        return inputs[0].replacing(1, with: height).replacing(2, with: width)
    }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dy.graph.apply(ResizeGradient(height: inputs[0].shape[1], width: inputs[0].shape[2]), [dy])]
    }
}

/// The gradient of an image of `height`×`width` from the gradient of the resized image. Adjoint: `Resize`.
package struct ResizeGradient: Operation {
    package let height: Int
    package let width: Int
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(inputs[0].rank == 4, "resizing needs N, H, W, C; found \(inputs[0])")
        return inputs[0].replacing(1, with: height).replacing(2, with: width)
    }
    package func pullback(_ ddx: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [ddx.resized(height: inputs[0].shape[1], width: inputs[0].shape[2])]
    }
}

/// The inputs of each output of a resized axis, with their weights.
package struct ResizeTaps {
    /// Output i has the taps `start[i]` ..< `start[i + 1]`.
    package private(set) var start: [Int32] = [0]
    package private(set) var index: [Int32] = []
    package private(set) var weight: [Float] = []

    /// The triangle filter from `inputs` positions to `outputs`; the weights of each output sum to 1.
    package init(from inputs: Int, to outputs: Int) {
        let step = Double(inputs) / Double(outputs)
        let reach = max(1, step)
        for output in 0..<outputs {
            let center = (Double(output) + 0.5) * step - 0.5
            let first = max(0, Int((center - reach).rounded(.up)))
            let last = min(inputs - 1, Int((center + reach).rounded(.down)))
            let taps = (first...last).map { ($0, max(0, 1 - abs(Double($0) - center) / reach)) }.filter { $0.1 > 0 }
            let sum = taps.reduce(0) { $0 + $1.1 }
            append(taps.map { (Int32($0), Float($1 / sum)) })
        }
    }

    private init() {}

    /// The adjoint: the outputs that each input contributes to, with the same weights.
    package func transposed(inputs: Int) -> ResizeTaps {
        var consumers = [[(Int32, Float)]](repeating: [], count: inputs)
        for output in 0..<start.count - 1 {
            for tap in Int(start[output])..<Int(start[output + 1]) {
                consumers[Int(index[tap])].append((Int32(output), weight[tap]))
            }
        }
        var result = ResizeTaps()
        for taps in consumers { result.append(taps) }
        return result
    }

    private mutating func append(_ taps: [(Int32, Float)]) {
        index += taps.map(\.0)
        weight += taps.map(\.1)
        start.append(Int32(index.count))
    }
}

extension Tensor {
    /// Bilinear resizing of [N, H, W, C] to `height`×`width`; see `Resize`.
    public func resized(height: Int, width: Int) -> Tensor {
        height == shape[1] && width == shape[2] ? self : graph.apply(Resize(height: height, width: width), [self])
    }
    /// Nearest-neighbour upsampling of [N, spatial…, C] by a whole factor.
    public func upsampled(by factor: Int = 2) -> Tensor { graph.apply(Upsample(factor: factor), [self]) }
    /// Sums over blocks of `factor` positions per spatial dimension of [N, spatial…, C]; `factor` must divide each extent.
    public func sumPooled(by factor: Int = 2) -> Tensor { graph.apply(SumPool(factor: factor), [self]) }
    /// Means over blocks of `factor` positions per spatial dimension of [N, spatial…, C]; `factor` must divide each extent.
    public func averagePooled(by factor: Int = 2) -> Tensor {
        var block: Float = 1
        for _ in 1..<shape.rank - 1 { block *= Float(factor) }
        return sumPooled(by: factor) * (1 / block)
    }
}
