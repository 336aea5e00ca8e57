/// Every element repeated `factor` times along each spatial dimension (nearest neighbour). Adjoint: `SumPool`.
package struct Upsample: Operation {
    package let factor: Int
    package func shape(of inputs: [Shape]) -> Shape { Resampling.shape(inputs[0]) { $0 * factor } }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [dy.sumPooled(factor)] }
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
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [dy.upsampled(factor)] }
}

private enum Resampling {
    /// [N, spatial…, C] with each spatial extent changed.
    static func shape(_ input: Shape, _ change: (Int) -> Int) -> Shape {
        precondition((3...5).contains(input.rank), "resampling needs N, spatial…, C; found \(input)")
        return (1..<input.rank - 1).reduce(input) { $0.replacing($1, with: change(input[$1])) }
    }
}

/// Bilinear resizing of [N, H, W, C] to another height and width, with pixels at half-integer positions as in PyTorch's
/// `align_corners=False`; shrinking widens the triangle by the factor, as in its `antialias=True`. Adjoint: `ResizeGradient`.
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

/// The derivative by an image of `height`×`width` from that by the image it was resized to. Adjoint: `Resize`.
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

/// Which inputs each output of a resampled axis reads, and with what weights.
package struct ResizeTaps {
    /// Output i has the taps from `start[i]` to `start[i + 1]` − 1.
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
            let near = first...min(inputs - 1, Int((center + reach).rounded(.down)))
            let taps = near.map { ($0, max(0, 1 - abs(Double($0) - center) / reach)) }.filter { $0.1 > 0 }
            let sum = taps.reduce(0) { $0 + $1.1 }
            append(taps.map { (Int32($0), Float($1 / sum)) })
        }
    }

    private init() {}

    /// What each input contributes to, with the same weights: the adjoint.
    package func transposed(inputs: Int) -> ResizeTaps {
        var readers = [[(Int32, Float)]](repeating: [], count: inputs)
        for output in 0..<start.count - 1 {
            for tap in Int(start[output])..<Int(start[output + 1]) {
                readers[Int(index[tap])].append((Int32(output), weight[tap]))
            }
        }
        var result = ResizeTaps()
        for taps in readers { result.append(taps) }
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
    /// Nearest-neighbour up-sampling of [N, spatial…, C] by a whole factor.
    public func upsampled(_ factor: Int = 2) -> Tensor { graph.apply(Upsample(factor: factor), [self]) }
    /// Sums over blocks of [N, spatial…, C]; extents must divide by `factor`.
    public func sumPooled(_ factor: Int = 2) -> Tensor { graph.apply(SumPool(factor: factor), [self]) }
    /// Means over blocks of [N, spatial…, C].
    public func averagePooled(_ factor: Int = 2) -> Tensor {
        var block: Float = 1
        for _ in 1..<shape.rank - 1 { block *= Float(factor) }
        return sumPooled(factor) * (1 / block)
    }
}
