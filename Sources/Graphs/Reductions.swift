/// The sum over some axes, kept with extent 1. Adjoint: `Broadcast`.
package struct Sum: Operation {
    package let axes: [Int]
    package func shape(of inputs: [Shape]) -> Shape { axes.reduce(inputs[0]) { $0.replacing($1, with: 1) } }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dy.broadcast(to: inputs[0].shape)]
    }
}

/// The maximum over some axes, kept with extent 1.
///
/// It has no derivative: that would select the elements equal to the maximum, but a device may round the elements to
/// bfloat16 in memory after their maximum was taken, and then none is equal.
package struct Maximum: Operation {
    package let axes: [Int]
    package init(axes: [Int]) { self.axes = axes }
    package func shape(of inputs: [Shape]) -> Shape { axes.reduce(inputs[0]) { $0.replacing($1, with: 1) } }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { hasNoDerivative() }
}

/// Repetition along axes of extent 1. Adjoint: `Sum`.
package struct Broadcast: Operation {
    package let target: Shape
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(
            inputs[0].rank == target.rank
                && zip(inputs[0].dimensions, target.dimensions).allSatisfy { $0 == $1 || $0 == 1 },
            "cannot broadcast \(inputs[0]) to \(target)")
        return target
    }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        let shape = inputs[0].shape
        return [dy.sum(along: (0..<shape.rank).filter { shape[$0] != target[$0] })]
    }
}

/// The same elements in the same order with another shape.
package struct Reshape: Operation {
    package let target: Shape
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(inputs[0].count == target.count, "cannot reshape \(inputs[0]) to \(target)")
        return target
    }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dy.reshaped(inputs[0].shape)]
    }
}

extension Tensor {
    /// The sum over `axes`, kept with extent 1; negative axes count from the end.
    public func sum(along axes: [Int]) -> Tensor {
        let axes = normalized(axes).filter { shape[$0] > 1 }
        return axes.isEmpty ? self : graph.apply(Sum(axes: axes), [self])
    }
    /// The mean over `axes`, kept with extent 1.
    public func mean(along axes: [Int]) -> Tensor {
        let count = normalized(axes).reduce(1) { $0 * shape[$1] }
        return sum(along: axes) * (1 / Float(count))
    }
    /// The sum of all elements, of shape [1].
    public func sum() -> Tensor { sum(along: Array(0..<shape.rank)).reshaped([1]) }
    /// The mean of all elements, of shape [1].
    public func mean() -> Tensor { sum() * (1 / Float(shape.count)) }
    /// The maximum over `axes`, kept with extent 1, treated as a constant by `gradients(of:withRespectTo:)`. It is the
    /// shift of `logSumExp` and `softmax`, whose values do not depend on it.
    package func maximumWithoutGradient(along axes: [Int]) -> Tensor {
        graph.apply(Maximum(axes: normalized(axes)), [self]).stoppingGradient()
    }

    /// log Σ eˣ over the last axis, kept with extent 1, without overflow.
    public func logSumExp() -> Tensor {
        let shift = maximumWithoutGradient(along: [-1])
        return (self - shift).exp().sum(along: [-1]).log() + shift
    }
    /// eˣ / Σ eˣ over the last axis.
    public func softmax() -> Tensor {
        let exponentials = (self - maximumWithoutGradient(along: [-1])).exp()
        return exponentials * exponentials.sum(along: [-1]).reciprocal()
    }

    /// The same elements in the same order with another shape of equal count.
    public func reshaped(_ target: Shape) -> Tensor {
        if target == shape { return self }
        if let fill = node.operation as? Fill { return graph.fill(fill.value, target) }
        if node.operation is Reshape { return Tensor(graph: graph, id: node.inputs[0]).reshaped(target) }
        return graph.apply(Reshape(target: target), [self])
    }

    /// Repetition along axes of extent 1 and along new leading axes, to the shape `target`.
    public func broadcast(to target: Shape) -> Tensor {
        if target == shape { return self }
        return reshaped(shape.padded(to: target.rank)).repeated(to: target)
    }

    private func repeated(to target: Shape) -> Tensor {
        if target == shape { return self }
        if let fill = node.operation as? Fill { return graph.fill(fill.value, target) }
        return graph.apply(Broadcast(target: target), [self])
    }

    package func normalized(_ axes: [Int]) -> [Int] { axes.map { $0 < 0 ? shape.rank + $0 : $0 }.sorted() }
}

extension [Tensor] {
    /// The sum of tensors of one shape, of that shape; there must be at least one.
    public func sum() -> Tensor { dropFirst().reduce(self[0]) { $0 + $1 } }
}
