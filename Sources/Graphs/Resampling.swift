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

extension Tensor {
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
