import Glibc
import Graphs

/// Evaluates a graph in float64 with plain loops. Every device is compared with it.
///
/// One function per operation, which shares with the engine only the fields of the operations. Slow on purpose.
struct Reference {
    /// Values of inputs by name and of parameters by path, row-major; indices as whole numbers.
    let inputs: [String: [Double]]
    private var known: [Int: [Double]] = [:]

    init(_ inputs: [String: [Double]]) { self.inputs = inputs }

    /// The elements of `tensor` in row-major order.
    mutating func callAsFunction(_ tensor: Tensor) -> [Double] {
        // Nodes come after their operands, so one pass in ascending order needs no recursion.
        var needed = Set([tensor.id])
        for id in stride(from: tensor.id, through: 0, by: -1) where needed.contains(id) && known[id] == nil {
            needed.formUnion(tensor.graph.nodes[id].inputs)
        }
        for id in needed.sorted() where known[id] == nil { known[id] = evaluate(tensor.graph.nodes[id], tensor.graph) }
        return known[tensor.id] ?? []
    }

    private func evaluate(_ node: Graph.Node, _ graph: Graph) -> [Double] {
        let x = node.inputs.map { known[$0] ?? [] }
        let shapes = node.inputs.map { graph.nodes[$0].shape }
        switch node.operation {
        case let input as Input: return inputs[input.inputName] ?? []
        case let parameter as Parameter: return inputs[parameter.path] ?? []
        case let fill as Fill: return [Double](repeating: Double(fill.value), count: fill.shape.count)
        case is StopGradient, is Reshape: return x[0]
        case let map as Elementwise: return elementwise(map.function, x)
        case is Sum: return reduce(x[0], shapes[0], to: node.shape, from: 0, +)
        case is Maximum:
            return reduce(x[0], shapes[0], to: node.shape, from: -.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
        case is Broadcast: return broadcast(x[0], shapes[0], to: node.shape)
        case let product as MatrixProduct: return matrixProduct(product, x, shapes, node.shape)
        case let convolution as ConvolutionForward:
            return convolve(
                convolution.geometry, input: shapes[0], filter: shapes[1], output: node.shape, node.shape.count
            ) {
                $0[$1.output] += x[0][$1.input] * x[1][$1.filter]
            }
        case let gradient as ConvolutionInputGradient:
            return convolve(
                gradient.geometry, input: node.shape, filter: shapes[1], output: shapes[0], node.shape.count
            ) {
                $0[$1.input] += x[0][$1.output] * x[1][$1.filter]
            }
        case let gradient as ConvolutionFilterGradient:
            return convolve(
                gradient.geometry, input: shapes[0], filter: node.shape, output: shapes[1], node.shape.count
            ) {
                $0[$1.filter] += x[0][$1.input] * x[1][$1.output]
            }
        case let upsample as Upsample: return resample(x[0], node.shape, shapes[0], upsample.factor) { $0[$1] = $2[$3] }
        case let pool as SumPool:
            return resample(x[0], shapes[0], node.shape, pool.factor, result: node.shape.count) { $0[$3] += $2[$1] }
        case is Resize:
            return resized(shapes[0], node.shape, node.shape.count) { $0[$1.output] += $1.weight * x[0][$1.input] }
        case is ResizeGradient:
            return resized(node.shape, shapes[0], node.shape.count) { $0[$1.input] += $1.weight * x[0][$1.output] }
        case is DoublingFilter: return doubled(x[0], shapes[0], node.shape) { $0[$2] += $1[$3] }
        case is DoublingFilterGradient: return doubled(x[0], node.shape, shapes[0]) { $0[$3] += $1[$2] }
        case is Gather: return gather(x[0], by: x[1], shapes[0])
        case is Scatter: return scatter(x[0], by: x[1], node.shape)
        case let slice as Slice:
            return moved(node.shape) { result in
                var from = result
                from[slice.axis] += slice.start
                return x[0][flat(from, shapes[0])]
            }
        case let pad as Pad:
            return moved(node.shape) { result in
                var from = result
                from[pad.axis] -= pad.before
                return (0..<shapes[0][pad.axis]).contains(from[pad.axis]) ? x[0][flat(from, shapes[0])] : 0
            }
        case let concatenate as Concatenate:
            return moved(node.shape) { result in
                var from = result
                var part = 0
                while from[concatenate.axis] >= shapes[part][concatenate.axis] {
                    from[concatenate.axis] -= shapes[part][concatenate.axis]
                    part += 1
                }
                return x[part][flat(from, shapes[part])]
            }
        case let transpose as Transpose:
            return moved(node.shape) { result in
                var from = result
                for (to, axis) in transpose.order.enumerated() { from[axis] = result[to] }
                return x[0][flat(from, shapes[0])]
            }
        case let translate as Translate:
            return moved(node.shape) { result in
                var from = result
                for axis in 1...2 { from[axis] -= Int(x[1][result[0] * 2 + axis - 1]) * (translate.isBack ? -1 : 1) }
                let inside = (1...2).allSatisfy { (0..<node.shape[$0]).contains(from[$0]) }
                return inside ? x[0][flat(from, node.shape)] : 0
            }
        default: preconditionFailure("the reference does not know \(node.operation.name)")
        }
    }
}

// MARK: Positions

private func flat(_ index: [Int], _ shape: Shape) -> Int {
    var result = 0
    for (position, extent) in zip(index, shape.dimensions) { result = result * extent + position }
    return result
}

/// A result whose element at each index is given by `source`.
private func moved(_ shape: Shape, _ source: ([Int]) -> Double) -> [Double] {
    var result: [Double] = []
    var index = [Int](repeating: 0, count: shape.rank)
    for _ in 0..<shape.count {
        result.append(source(index))
        for axis in index.indices.reversed() {
            index[axis] += 1
            if index[axis] < shape[axis] { break }
            index[axis] = 0
        }
    }
    return result
}

/// The index in a shape with some extents of 1 that corresponds to `index` in the full shape.
private func projected(_ index: [Int], _ shape: Shape) -> [Int] {
    zip(index, shape.dimensions).map { $1 == 1 ? 0 : $0 }
}

// MARK: Operations

/// Visits the pairs of taps of v [C×4×4×O] and w [O×3×3×C] that multiply the same input pixel: for each output of a transposed
/// convolution of stride 2, the pixel that the up-sampled image has at the position of tap k of w.
private func doubled(
    _ x: [Double], _ w: Shape, _ v: Shape, _ add: (inout [Double], [Double], Int, Int) -> Void
) -> [Double] {
    var result = [Double](repeating: 0, count: x.count == w.count ? v.count : w.count)
    /// Tap t of v joins input cell i to output 2i + t − 1; tap k of w reads position output + k − 1 of the up-sampled image.
    func meets(_ k: Int, _ t: Int) -> Bool {
        let (cell, output) = (8, 16 + t - 1)
        return (output + k - 1) / 2 == cell
    }
    for (o, c) in (0..<w[0]).flatMap({ o in (0..<w[3]).map { (o, $0) } }) {
        for at in 0..<144 {
            let (i, j, k, l) = (at / 36, at / 9 % 4, at / 3 % 3, at % 3)
            guard meets(k, i), meets(l, j) else { continue }
            add(&result, x, flat([c, i, j, o], v), flat([o, k, l, c], w))
        }
    }
    return result
}

private func elementwise(_ function: Elementwise.Function, _ x: [[Double]]) -> [Double] {
    let a = x[0]
    let b = x[x.count - 1]
    return a.indices.map { i in
        switch function {
        case .scale(let factor): a[i] * Double(factor)
        case .offset(let value): a[i] + Double(value)
        case .pow(let exponent): pow(a[i], Double(exponent))
        case .exp: exp(a[i])
        case .log: log(a[i])
        case .sqrt: a[i].squareRoot()
        case .reciprocal: 1 / a[i]
        case .tanh: tanh(a[i])
        case .sigmoid: 1 / (1 + exp(-a[i]))
        case .softplus: a[i] > 0 ? a[i] + log1p(exp(-a[i])) : log1p(exp(a[i]))
        case .erf: erf(a[i])
        case .leakyReLU(let slope): a[i] > 0 ? a[i] : a[i] * Double(slope)
        case .clamp(let low, let high): a[i] < Double(low) ? Double(low) : a[i] > Double(high) ? Double(high) : a[i]
        case .between(let low, let high): a[i] > Double(low) && a[i] < Double(high) ? 1 : 0
        case .add: a[i] + b[i]
        case .subtract: a[i] - b[i]
        case .multiply: a[i] * b[i]
        case .divide: a[i] / b[i]
        case .leakyReLUGradient(let slope): b[i] > 0 ? a[i] : a[i] * Double(slope)
        }
    }
}

private func reduce(
    _ x: [Double], _ shape: Shape, to result: Shape, from start: Double, _ join: (Double, Double) -> Double
) -> [Double] {
    var totals = [Double](repeating: start, count: result.count)
    var at = 0
    _ = moved(shape) { index in
        let target = flat(projected(index, result), result)
        totals[target] = join(totals[target], x[at])
        at += 1
        return 0
    }
    return totals
}

private func broadcast(_ x: [Double], _ shape: Shape, to result: Shape) -> [Double] {
    moved(result) { x[flat(projected($0, shape), shape)] }
}

private func matrixProduct(_ product: MatrixProduct, _ x: [[Double]], _ shapes: [Shape], _ result: Shape) -> [Double] {
    let (rows, columns, inner) = (result[-2], result[-1], product.inner(shapes[0]))
    var values: [Double] = []
    for batch in 0..<result.count / (rows * columns) {
        for row in 0..<rows {
            for column in 0..<columns {
                var total = 0.0
                for k in 0..<inner {
                    let a = product.transposeA ? k * rows + row : row * inner + k
                    let b = product.transposeB ? column * inner + k : k * columns + column
                    total += x[0][batch * rows * inner + a] * x[1][batch * inner * columns + b]
                }
                values.append(total)
            }
        }
    }
    return values
}

/// Calls `accumulate` once for each product of a convolution with the positions of input, filter and output; the convolution
/// and its two gradients differ only in which of the three is the sum.
private func convolve(
    _ geometry: ConvolutionGeometry, input: Shape, filter: Shape, output: Shape, _ count: Int,
    _ accumulate: (inout [Double], (input: Int, filter: Int, output: Int)) -> Void
) -> [Double] {
    let lead = [Int](repeating: 1, count: 3 - geometry.stride.count)
    func spatial(_ shape: Shape) -> [Int] { lead + Array(shape.dimensions[1..<shape.rank - 1]) }
    let (i, f, o) = (spatial(input), spatial(filter), spatial(output))
    let stride = lead + geometry.stride
    let pad = lead.map { _ in 0 } + geometry.padLow
    let (width, outs) = (filter[-1], filter[0] / geometry.groups)
    var result = [Double](repeating: 0, count: count)
    for n in 0..<input[0] {
        for z in 0..<o[0] {
            for y in 0..<o[1] {
                for x in 0..<o[2] {
                    for fz in 0..<f[0] {
                        for fy in 0..<f[1] {
                            for fx in 0..<f[2] {
                                let (iz, iy, ix) = (
                                    z * stride[0] + fz - pad[0], y * stride[1] + fy - pad[1],
                                    x * stride[2] + fx - pad[2]
                                )
                                guard (0..<i[0]).contains(iz), (0..<i[1]).contains(iy), (0..<i[2]).contains(ix) else {
                                    continue
                                }
                                let from = ((n * i[0] + iz) * i[1] + iy) * i[2] + ix
                                let to = ((n * o[0] + z) * o[1] + y) * o[2] + x
                                for channel in 0..<filter[0] {
                                    let tap = ((channel * f[0] + fz) * f[1] + fy) * f[2] + fx
                                    for c in 0..<width {
                                        let inChannel = channel / outs * width + c
                                        accumulate(
                                            &result,
                                            (from * input[-1] + inChannel, tap * width + c, to * filter[0] + channel))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    return result
}

/// Calls `visit(result, large, x, small)` for each position of the larger side and the position it shrinks to.
private func resample(
    _ x: [Double], _ large: Shape, _ small: Shape, _ factor: Int, result count: Int? = nil,
    _ visit: (inout [Double], Int, [Double], Int) -> Void
) -> [Double] {
    var result = [Double](repeating: 0, count: count ?? large.count)
    var at = 0
    _ = moved(large) { index in
        var shrunk = index
        for axis in 1..<index.count - 1 { shrunk[axis] /= factor }
        visit(&result, at, x, flat(shrunk, small))
        at += 1
        return 0
    }
    return result
}

/// The weights of a linear resampling along one axis, [outputs][inputs]: a triangle around the output's centre, on either side
/// as wide as a pixel of the coarser grid, normalized to sum 1.
private func triangleWeights(_ inputs: Int, _ outputs: Int) -> [[Double]] {
    let pixel = Double(inputs) / Double(outputs)
    let halfWidth = pixel > 1 ? pixel : 1
    return (0..<outputs).map { output in
        let center = (Double(output) + 0.5) * pixel
        let weights = (0..<inputs).map { input in
            let distance = abs(Double(input) + 0.5 - center) / halfWidth
            return distance < 1 ? 1 - distance : 0
        }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }
}

/// Calls `accumulate` for every pair of an input and an output pixel, for each batch element and channel; resizing and its
/// gradient differ only in which of the two is the sum.
private func resized(
    _ input: Shape, _ output: Shape, _ count: Int,
    _ accumulate: (inout [Double], (input: Int, output: Int, weight: Double)) -> Void
) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    let (rows, columns) = (triangleWeights(input[1], output[1]), triangleWeights(input[2], output[2]))
    for n in 0..<input[0] {
        for (row, byRow) in rows.enumerated() {
            for (column, byColumn) in columns.enumerated() {
                for y in byRow.indices where byRow[y] > 0 {
                    for x in byColumn.indices where byColumn[x] > 0 {
                        for c in 0..<input[3] {
                            let (from, to) = (flat([n, y, x, c], input), flat([n, row, column, c], output))
                            accumulate(&result, (from, to, byRow[y] * byColumn[x]))
                        }
                    }
                }
            }
        }
    }
    return result
}

private func gather(_ table: [Double], by indices: [Double], _ shape: Shape) -> [Double] {
    indices.flatMap { index in
        (0..<shape[1]).map { (0..<shape[0]).contains(Int(index)) ? table[Int(index) * shape[1] + $0] : 0 }
    }
}

private func scatter(_ rows: [Double], by indices: [Double], _ shape: Shape) -> [Double] {
    var table = [Double](repeating: 0, count: shape.count)
    for (row, index) in indices.enumerated() where (0..<shape[0]).contains(Int(index)) {
        for column in 0..<shape[1] { table[Int(index) * shape[1] + column] += rows[row * shape[1] + column] }
    }
    return table
}
