import Glibc

/// An array of numbers or truth values in row-major order; integers, too, are stored as `Double`.
struct Numbers: Equatable {
    let shape: [Int]
    let values: [Double]

    init(_ shape: [Int], _ values: [Double]) {
        precondition(shape.reduce(1, *) == values.count, "\(values.count) values for \(shape)")
        self.shape = shape
        self.values = values
    }

    var integers: [Int] { values.map { Int($0) } }

    private var strides: [Int] {
        shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    }

    /// The array of this shape whose elements are so many elements of this one apart along each axis.
    private func view(_ shape: [Int], strides: [Int], start: Int = 0) -> Numbers {
        var places = [start]
        for (extent, stride) in zip(shape, strides) {
            places = places.flatMap { place in (0..<extent).map { place + $0 * stride } }
        }
        return Numbers(shape, places.map { values[$0] })
    }

    func broadcast(to target: [Int]) -> Numbers {
        if target == shape { return self }
        let missing = target.count - shape.count
        let strides = target.indices.map { axis in
            axis < missing || shape[axis - missing] == 1 ? 0 : self.strides[axis - missing]
        }
        for (axis, extent) in shape.enumerated() {
            precondition(extent == 1 || extent == target[axis + missing], "broadcast of \(shape) to \(target)")
        }
        return view(target, strides: strides)
    }

    func transposed(_ order: [Int]) -> Numbers { view(order.map { shape[$0] }, strides: order.map { strides[$0] }) }

    func slice(axis: Int, from start: Int, to end: Int) -> Numbers {
        var extents = shape
        extents[axis] = min(end, shape[axis]) - start
        return view(extents, strides: strides, start: start * strides[axis])
    }

    func reduced(_ axes: [Int], _ combine: (Double, Double) -> Double) -> Numbers {
        let kept = shape.indices.filter { !axes.contains($0) }
        let rows = transposed(kept + axes)
        let count = axes.reduce(1) { $0 * shape[$1] }
        let values = stride(from: 0, to: rows.values.count, by: count).map { start in
            rows.values[start + 1..<start + count].reduce(rows.values[start], combine)
        }
        return Numbers(shape.indices.map { axes.contains($0) ? 1 : shape[$0] }, values)
    }

    static func map(_ arrays: [Numbers], _ function: ([Double]) -> Double) -> Numbers {
        let rank = arrays.map(\.shape.count).max() ?? 0
        let shape = (0..<rank).map { axis in
            arrays.map { array in
                let own = axis - (rank - array.shape.count)
                return own < 0 ? 1 : array.shape[own]
            }.max() ?? 1
        }
        let full = arrays.map { $0.broadcast(to: shape) }
        return Numbers(shape, (0..<shape.reduce(1, *)).map { index in function(full.map { $0.values[index] }) })
    }
}

extension ONNXModel {
    struct Unsupported: Error { let type: String }

    /// The values of the outputs, computed in double precision as the specification of each operator says.
    func run(_ inputs: [String: Numbers]) throws -> [String: Numbers] {
        var values = constants.merging(inputs) { $1 }
        for node in nodes {
            let operands = try node.inputs.map { name -> Numbers in
                if name.isEmpty { return Numbers([0], []) }
                guard let value = values[name] else { throw Unsupported(type: "\(node.type) of the unknown \(name)") }
                return value
            }
            values[node.output] = try Self.result(node, operands)
        }
        return Dictionary(
            uniqueKeysWithValues: outputs.compactMap { port in values[port.name].map { (port.name, $0) } })
    }

    private static let functions: [String: @Sendable ([Double]) -> Double] = [
        "Add": { $0[0] + $0[1] }, "Sub": { $0[0] - $0[1] }, "Mul": { $0[0] * $0[1] }, "Div": { $0[0] / $0[1] },
        "Pow": { pow($0[0], $0[1]) }, "Max": { max($0[0], $0[1]) }, "Equal": { $0[0] == $0[1] ? 1 : 0 },
        "Where": { $0[0] != 0 ? $0[1] : $0[2] }, "Clip": { max($0[1], min($0[2], $0[0])) }, "Relu": { max(0, $0[0]) },
        "Reciprocal": { 1 / $0[0] }, "Sqrt": { $0[0].squareRoot() }, "Exp": { exp($0[0]) }, "Log": { log($0[0]) },
        "Softplus": { log1p(exp($0[0])) }, "Tanh": { tanh($0[0]) },
        "Sigmoid": { 1 / (1 + exp(-$0[0])) }, "Erf": { erf($0[0]) }, "Identity": { $0[0] },
    ]

    private static func result(_ node: Node, _ x: [Numbers]) throws -> Numbers {
        if let function = functions[node.type] { return Numbers.map(x, function) }
        switch node.type {
        case "LeakyRelu":
            let slope = Double(node.attributes["alpha"]?.float(2) ?? 0.01)
            return Numbers.map(x) { $0[0] > 0 ? $0[0] : slope * $0[0] }
        case "Cast": return node.integer("to") == 9 ? Numbers.map(x) { $0[0] != 0 ? 1 : 0 } : x[0]
        case "Shape":
            let part = x[0].shape[(node.integer("start") ?? 0)..<(node.integer("end") ?? x[0].shape.count)]
            return Numbers([part.count], part.map(Double.init))
        case "Squeeze": return Numbers(x[0].shape.filter { $0 != 1 }, x[0].values)
        case "Range":
            return Numbers(
                [x[1].integers[0] - x[0].integers[0]], (x[0].integers[0]..<x[1].integers[0]).map(Double.init))
        case "Reshape":
            let fixed = x[1].integers.filter { $0 != -1 }.reduce(1, *)
            return Numbers(x[1].integers.map { $0 == -1 ? x[0].values.count / fixed : $0 }, x[0].values)
        case "Expand": return x[0].broadcast(to: x[1].integers)
        case "Transpose": return x[0].transposed(node.integers("perm") ?? [])
        case "Slice":
            return x[0].slice(axis: x[3].integers[0], from: x[1].integers[0], to: x[2].integers[0])
        case "Concat":
            let (axis, rank) = (node.integer("axis") ?? 0, x[0].shape.count)
            // With the axis in front, concatenation appends the elements.
            let front = [axis] + (0..<rank).filter { $0 != axis }
            let parts = x.map { $0.transposed(front) }
            let shape = [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dropFirst()
            let back = (0..<rank).map { $0 == axis ? 0 : $0 < axis ? $0 + 1 : $0 }
            return Numbers(shape, parts.flatMap(\.values)).transposed(back)
        case "Pad":
            let (shape, pads) = (x[0].shape, x[1].integers)
            precondition(pads[0] == 0 && pads[1] == 0 && pads[2] == 0 && shape.count == 2)
            let rows = (0..<shape[0]).flatMap { row in
                x[0].values[row * shape[1]..<(row + 1) * shape[1]] + [Double](repeating: x[2].values[0], count: pads[3])
            }
            return Numbers([shape[0], shape[1] + pads[3]], rows)
        case "Gather":
            let width = x[0].shape.dropFirst().reduce(1, *)
            return Numbers(
                x[1].shape + x[0].shape.dropFirst(),
                x[1].integers.flatMap { x[0].values[$0 * width..<($0 + 1) * width] })
        case "ReduceSum": return x[0].reduced(x[1].integers, +)
        case "ReduceMax": return x[0].reduced(node.integers("axes") ?? [], max)
        case "ArgMax":
            let width = x[0].shape[1]
            return Numbers(
                [x[0].shape[0], 1],
                stride(from: 0, to: x[0].values.count, by: width).map { start in
                    let row = x[0].values[start..<start + width]
                    return Double((row.firstIndex(of: row.max() ?? 0) ?? start) - start)
                })
        case "Gemm":
            return product(
                node.integer("transA") == 1 ? x[0].transposed([1, 0]) : x[0],
                node.integer("transB") == 1 ? x[1].transposed([1, 0]) : x[1])
        case "MatMul":
            let parts = (0..<x[0].shape[0]).map { index in
                product(
                    Numbers([Int](x[0].shape.dropFirst()), x[0].slice(axis: 0, from: index, to: index + 1).values),
                    Numbers([Int](x[1].shape.dropFirst()), x[1].slice(axis: 0, from: index, to: index + 1).values))
            }
            return Numbers([parts.count] + parts[0].shape, parts.flatMap(\.values))
        case "Conv", "ConvTranspose": return convolution(node, x[0], x[1])
        case "Resize":
            let factors = x[2].integers
            // One axis after another: each element is repeated.
            return factors.indices.reduce(x[0]) { image, axis in
                let parts = (0..<image.shape[axis]).map { image.slice(axis: axis, from: $0, to: $0 + 1).values }
                let rest = image.shape.indices.filter { $0 != axis }
                let repeated = parts.flatMap { part in (0..<factors[axis]).flatMap { _ in part } }
                let back = image.shape.indices.map { $0 == axis ? 0 : $0 < axis ? $0 + 1 : $0 }
                return Numbers([image.shape[axis] * factors[axis]] + rest.map { image.shape[$0] }, repeated).transposed(
                    back)
            }
        default: throw Unsupported(type: node.type)
        }
    }

    private static func product(_ a: Numbers, _ b: Numbers) -> Numbers {
        let (rows, inner, columns) = (a.shape[0], a.shape[1], b.shape[1])
        precondition(b.shape[0] == inner, "product of \(a.shape) and \(b.shape)")
        var result = [Double](repeating: 0, count: rows * columns)
        for row in 0..<rows {
            for k in 0..<inner {
                let factor = a.values[row * inner + k]
                for column in 0..<columns { result[row * columns + column] += factor * b.values[k * columns + column] }
            }
        }
        return Numbers([rows, columns], result)
    }

    /// A convolution of NCHW images, or its transpose, in one group.
    private static func convolution(_ node: Node, _ x: Numbers, _ w: Numbers) -> Numbers {
        let isTransposed = node.type == "ConvTranspose"
        let (stride, pads) = (node.integers("strides") ?? [1, 1], node.integers("pads") ?? [0, 0, 0, 0])
        precondition(node.integer("group") == 1)
        let extra = node.integers("output_padding") ?? [0, 0]
        func extent(_ axis: Int) -> Int {
            let (size, kernel, pad) = (x.shape[axis + 2], w.shape[axis + 2], pads[axis] + pads[axis + 2])
            return isTransposed
                ? (size - 1) * stride[axis] + kernel - pad + extra[axis] : (size + pad - kernel) / stride[axis] + 1
        }
        let (height, width) = (extent(0), extent(1))
        let (inputs, outputs) = (x.shape[1], isTransposed ? w.shape[1] : w.shape[0])
        var result = [Double](repeating: 0, count: x.shape[0] * outputs * height * width)
        // Pairs of a position in the smaller and one in the larger image, for each tap.
        func each(_ axis: Int, small: Int, large: Int, _ tap: Int) -> [(Int, Int)] {
            (0..<small).map { ($0, $0 * stride[axis] + tap - pads[axis]) }.filter { (0..<large).contains($0.1) }
        }
        for row in 0..<w.shape[2] {
            for column in 0..<w.shape[3] {
                let (small, large) =
                    isTransposed ? (x.shape, [0, 0, height, width]) : ([0, 0, height, width], x.shape)
                let rows = each(0, small: small[2], large: large[2], row)
                let columns = each(1, small: small[3], large: large[3], column)
                for n in 0..<x.shape[0] {
                    for (o, i) in (0..<outputs).flatMap({ o in (0..<inputs).map { (o, $0) } }) {
                        let (first, second) = isTransposed ? (i, o) : (o, i)
                        let factor = w.values[((first * w.shape[1] + second) * w.shape[2] + row) * w.shape[3] + column]
                        for (smallRow, largeRow) in rows {
                            for (smallColumn, largeColumn) in columns {
                                let (from, to) =
                                    isTransposed
                                    ? ((smallRow, smallColumn), (largeRow, largeColumn))
                                    : ((largeRow, largeColumn), (smallRow, smallColumn))
                                result[((n * outputs + o) * height + to.0) * width + to.1] +=
                                    factor * x.values[((n * inputs + i) * x.shape[2] + from.0) * x.shape[3] + from.1]
                            }
                        }
                    }
                }
            }
        }
        return Numbers([x.shape[0], outputs, height, width], result)
    }
}
