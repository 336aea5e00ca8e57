/// Rows of a table [V×D] at int32 indices [N] → [N×D]. Adjoint: `Scatter`.
package struct Gather: Operation {
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(inputs[0].rank == 2 && inputs[1].rank == 1, "gather from \(inputs[0]) by \(inputs[1])")
        return [inputs[1][0], inputs[0][1]]
    }
    package func isIndex(operand index: Int) -> Bool { index == 1 }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dy.scattered(by: inputs[1], rows: inputs[0].shape[0]), nil]
    }
}

/// Rows [N×D] added into a table of zeros [V×D] at int32 indices [N]. Adjoint: `Gather`.
package struct Scatter: Operation {
    package let rows: Int
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(inputs[0].rank == 2 && inputs[1].rank == 1 && inputs[0][0] == inputs[1][0])
        return [rows, inputs[0][1]]
    }
    package func isIndex(operand index: Int) -> Bool { index == 1 }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dy.gathered(by: inputs[1]), nil]
    }
}

/// `count` positions from `start` along one axis. Adjoint: `Pad`.
package struct Slice: Operation {
    package let axis: Int
    package let start: Int
    package let count: Int
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(
            start >= 0 && start + count <= inputs[0][axis], "slice \(start)..<\(start + count) of \(inputs[0])")
        return inputs[0].replacing(axis, with: count)
    }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dy.padded(axis: axis, before: start, total: inputs[0].shape[axis])]
    }
}

/// Zeros before and after along one axis, to an extent of `total`. Adjoint: `Slice`.
package struct Pad: Operation {
    package let axis: Int
    package let before: Int
    package let total: Int
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(before >= 0 && before + inputs[0][axis] <= total)
        return inputs[0].replacing(axis, with: total)
    }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dy.slice(axis: axis, start: before, count: inputs[0].shape[axis])]
    }
}

/// Concatenation along one axis.
package struct Concatenate: Operation {
    package let axis: Int
    package func shape(of inputs: [Shape]) -> Shape {
        for shape in inputs {
            precondition(
                shape.replacing(axis, with: 1) == inputs[0].replacing(axis, with: 1), "concatenation of \(inputs)")
        }
        return inputs[0].replacing(axis, with: inputs.reduce(0) { $0 + $1[axis] })
    }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        var start = 0
        return inputs.map { input in
            defer { start += input.shape[axis] }
            return dy.slice(axis: axis, start: start, count: input.shape[axis])
        }
    }
}

/// A permutation of axes: axis i of the result is axis `order[i]` of the operand.
package struct Transpose: Operation {
    package let order: [Int]
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(order.sorted() == Array(0..<inputs[0].rank), "order \(order) for \(inputs[0])")
        return Shape(order.map { inputs[0][$0] })
    }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        var inverse = order
        for (to, from) in order.enumerated() { inverse[from] = to }
        return [dy.transposed(inverse)]
    }
}

/// Each image of [N, H, W, C] shifted by its own whole number of pixels with zeros shifted in; offsets are int32 [N×2],
/// down and right. Adjoint: the opposite shift.
package struct Translate: Operation {
    package let isBack: Bool
    package func shape(of inputs: [Shape]) -> Shape {
        precondition(
            inputs[0].rank == 4 && inputs[1] == [inputs[0][0], 2], "translation of \(inputs[0]) by \(inputs[1])")
        return inputs[0]
    }
    package func isIndex(operand index: Int) -> Bool { index == 1 }
    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        [dy.graph.apply(Translate(isBack: !isBack), [dy, inputs[1]]), nil]
    }
}

extension Tensor {
    /// Each image of [N, H, W, C] shifted down and right by its row of `offsets` (int32, [N×2]), with zeros shifted in.
    public func translated(by offsets: Tensor) -> Tensor { graph.apply(Translate(isBack: false), [self, offsets]) }

    /// Rows of this table [V×D] at `indices` (int32, [N]) → [N×D]. Indices outside 0 ..< V give zeros.
    public func gathered(by indices: Tensor) -> Tensor { graph.apply(Gather(), [self, indices]) }
    package func scattered(by indices: Tensor, rows: Int) -> Tensor {
        graph.apply(Scatter(rows: rows), [self, indices])
    }
    /// `count` positions from `start` along `axis`.
    public func slice(axis: Int, start: Int, count: Int) -> Tensor {
        let axis = normalized([axis])[0]
        return count == shape[axis] ? self : graph.apply(Slice(axis: axis, start: start, count: count), [self])
    }
    /// Zeros before and after along `axis`, to an extent of `total`.
    public func padded(axis: Int, before: Int, total: Int) -> Tensor {
        graph.apply(Pad(axis: normalized([axis])[0], before: before, total: total), [self])
    }
    /// Mirror images of [N, spatial…, C] at the ends of each spatial dimension, `padding` positions each, without
    /// repeating the outermost position: a b c d with 2 becomes c b a b c d c b.
    public func reflectionPadded(by padding: Int) -> Tensor {
        if padding == 0 { return self }
        return (1..<shape.rank - 1).reduce(self) { x, axis in
            let extent = x.shape[axis]
            precondition(padding < extent, "reflection padding \(padding) for \(x.shape)")
            let before = (1...padding).reversed().map { x.slice(axis: axis, start: $0, count: 1) }
            let after = (1...padding).map { x.slice(axis: axis, start: extent - 1 - $0, count: 1) }
            return Tensor.concatenated(before + [x] + after, axis: axis)
        }
    }
    /// A permutation of axes: axis i of the result is axis `order[i]` of this tensor.
    public func transposed(_ order: [Int]) -> Tensor {
        order == Array(0..<shape.rank) ? self : graph.apply(Transpose(order: order), [self])
    }
    /// Concatenation along `axis`.
    public static func concatenated(_ tensors: [Tensor], axis: Int) -> Tensor {
        let axis = tensors[0].normalized([axis])[0]
        return tensors.count == 1 ? tensors[0] : tensors[0].graph.apply(Concatenate(axis: axis), tensors)
    }
}
