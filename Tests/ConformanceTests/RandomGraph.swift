import Execution
import Graphs
import RandomStreams

/// A random graph of some sixty operations on images, matrices and statistics, with parameters, several results, values written
/// to buffers and, in every other graph, the derivatives of a scalar.
///
/// Operations are scaled so that values stay near 1. The graphs test the order of steps and the sharing of memory, where an
/// error changes values completely.
struct RandomGraph {
    let graph = Graph()
    private(set) var values: [String: HostArray] = [:]
    /// Parameters are stored one after another in one buffer, as those of a network are.
    private(set) var parameters: [(tensor: Tensor, path: String, offset: Int, values: [Float])] = []
    private(set) var parameterCount = 0
    private(set) var results: [String: Tensor] = [:]
    /// Tensors that are written to a buffer, and their offsets.
    private(set) var writes: [(tensor: Tensor, offset: Int)] = []
    private(set) var writtenCount = 0

    private var random: RandomStream
    private var pool: [Tensor] = []

    init(seed: UInt64) {
        random = RandomStream(seed: seed, purpose: "random graphs")
        // Every tenth is large enough for loops with several threads.
        let isLarge = seed % 10 == 0
        let side = isLarge ? 16 : 4
        let channels = pick([3, 8, 16, 17])
        let batch = isLarge ? 3 : 2
        for _ in 0..<2 { pool.append(input([batch, side, side, channels])) }
        pool.append(input([batch, channels]))
        pool.append(parameter([batch, 1, 1, channels]))
        while graph.nodes.count < 60 { pool.append(grown()) }

        if seed % 2 == 0 { drawDerivatives() }
        for index in 0..<2 + random.index(below: 3) { results["result \(index)"] = pick(pool) }
        for _ in 0..<1 + random.index(below: 3) { write(pick(pool)) }
        // Include the last values, or most of the graph would be dead.
        results["last"] = pool[pool.count - 1]
        write(pool[pool.count - 2])
    }

    // MARK: Construction

    private mutating func pick<T>(_ choices: [T]) -> T { choices[random.index(below: choices.count)] }

    private mutating func input(_ shape: Shape) -> Tensor {
        let name = "input \(values.count)"
        values[name] = .floats(random.normals(shape.count))
        return graph.input(name, shape)
    }

    private mutating func parameter(_ shape: Shape, fanIn: Int = 1) -> Tensor {
        let path = "parameter \(parameters.count)"
        let scale = 1 / Float(fanIn).squareRoot()
        let tensor = graph.parameter(path, shape)
        parameters.append((tensor, path, parameterCount, random.normals(shape.count).map { $0 * scale }))
        parameterCount += shape.count
        return tensor
    }

    private mutating func write(_ tensor: Tensor) {
        writes.append((tensor, writtenCount))
        writtenCount += tensor.shape.count
    }

    /// The derivatives of the sum of some values with respect to all parameters and the first input.
    private mutating func drawDerivatives() {
        let loss = [pick(pool), pick(pool), pool[pool.count - 1]].map { $0.tanh().sum() }
        let total = loss[0] + loss[1] + loss[2]
        for derivative in gradients(of: total, withRespectTo: parameters.map(\.tensor)) { write(derivative) }
        results["derivative by input"] = gradients(of: loss[2], withRespectTo: [pool[0]])[0]
    }

    /// A new value from recent ones: deep rather than wide.
    private mutating func grown() -> Tensor {
        let recent = Array(pool.suffix(8))
        let x = random.index(below: 4) == 0 ? pick(pool) : pick(recent)
        switch random.index(below: 16) {
        case 0...4: return elementwise(x)
        case 5, 6: return combined(x, with: pick(pool))
        case 7, 8: return statistics(x)
        case 9, 10: return convolved(x)
        case 11: return multiplied(x)
        case 12: return resampled(x)
        case 13: return sliced(x)
        case 14: return transposed(x)
        default: return reshaped(x)
        }
    }

    private mutating func elementwise(_ x: Tensor) -> Tensor {
        switch random.index(below: 14) {
        case 0: x * 0.7
        case 1: x + 0.25
        case 2: x.tanh().exp()
        case 3: (x.softplus() + 0.5).log()
        case 4: (x * x + 0.5).sqrt()
        case 5: (x.softplus() + 1).reciprocal()
        case 6: x.tanh()
        case 7: x.sigmoid()
        case 8: x.softplus()
        case 9: x.leakyReLU()
        case 10: x.clamped(-2, 2)
        case 11: x.sigmoid().pow(1.5)
        case 12: x.stoppingGradient() - x * 0.5
        default: x.geluTanh()
        }
    }

    /// Two operands that broadcast together, or the first alone.
    private mutating func combined(_ x: Tensor, with other: Tensor) -> Tensor {
        let y = Shape.broadcast(x.shape, other.shape) == nil ? x.stoppingGradient() : other
        return switch random.index(below: 4) {
        case 0: (x + y) * 0.7
        case 1: x - y.tanh()
        case 2: x * y.tanh()
        default: x / (y.softplus() + 1)
        }
    }

    private mutating func statistics(_ x: Tensor) -> Tensor {
        let axes = (0..<x.shape.rank).filter { _ in random.index(below: 2) == 0 }
        let mean = x.mean(along: axes)
        return switch random.index(below: 5) {
        case 0: mean
        case 1: x - mean
        case 2: (x - mean) / ((x * x).mean(along: axes) + 0.5).sqrt()
        case 3: x.softmax()
        default: x - x.maximumWithoutGradient(along: axes) * 0.1
        }
    }

    private mutating func convolved(_ x: Tensor) -> Tensor {
        guard x.shape.rank == 4, x.shape[1] > 1, x.shape[2] > 1 else { return elementwise(x) }
        let inputs = x.shape[3]
        let outputs = pick([3, 8, 16, inputs])
        switch random.index(below: 5) {
        case 0: return x.convolution(parameter([outputs, 1, 1, inputs], fanIn: inputs), .init())
        case 1 where x.shape[1] >= 4 && x.shape[2] >= 4:
            let filter = parameter([outputs, 4, 4, inputs], fanIn: 16 * inputs)
            return x.convolution(filter, .init(stride: 2, padding: 1))
        case 2: return x.convolution(parameter([inputs, 3, 3, 1], fanIn: 9), .init(padding: 1, groups: inputs))
        case 3:
            // Stride 2 with unequal paddings, and epilogues of convolutions.
            let filter = parameter([inputs, 3, 3, 1], fanIn: 9)
            let (low, high) = (random.index(below: 2), 1 + random.index(below: 2))
            let geometry = ConvolutionGeometry(
                stride: [2, 2], padLow: [low, low], padHigh: [high, high], groups: inputs)
            let y = x.convolution(filter, geometry) + parameter([inputs], fanIn: 4)
            return random.index(below: 2) == 0 ? y.clamped(-1, 1) : y
        default: return x.convolution(parameter([outputs, 3, 3, inputs], fanIn: 9 * inputs), .init(padding: 1))
        }
    }

    private mutating func multiplied(_ x: Tensor) -> Tensor {
        let columns = x.shape[-1]
        let rows = x.reshaped([x.shape.count / columns, columns])
        if random.index(below: 3) == 0, rows.shape[0] <= 64 {
            let scores = rows.matmul(rows, otherTransposed: true) * (1 / Float(columns))
            return scores.softmax().matmul(rows)
        }
        let outputs = pick([1, 5, 16, columns])
        return rows.matmul(parameter([outputs, columns], fanIn: columns), otherTransposed: true)
    }

    private mutating func resampled(_ x: Tensor) -> Tensor {
        guard x.shape.rank == 4 else { return elementwise(x) }
        if random.index(below: 2) == 0, x.shape.count < 6000 {
            return x.resized(height: 1 + random.index(below: 8), width: 1 + random.index(below: 8))
        }
        if x.shape[1] % 2 == 0, x.shape[2] % 2 == 0, random.index(below: 2) == 0 { return x.averagePooled() }
        return x.shape.count < 6000 ? x.upsampled() : elementwise(x)
    }

    private mutating func sliced(_ x: Tensor) -> Tensor {
        let axis = random.index(below: x.shape.rank)
        let extent = x.shape[axis]
        let start = random.index(below: extent)
        let part = x.slice(axis: axis, start: start, count: 1 + random.index(below: extent - start))
        return switch random.index(below: 3) {
        case 0: part
        case 1: part.padded(axis: axis, before: min(start, 1), total: max(extent, part.shape[axis] + 1))
        default: x.shape.count < 6000 ? Tensor.concatenated([part, x, part * 0.5], axis: axis) : part
        }
    }

    private mutating func transposed(_ x: Tensor) -> Tensor {
        var order = Array(0..<x.shape.rank)
        for index in order.indices { order.swapAt(index, random.index(below: order.count)) }
        return x.transposed(order)
    }

    private mutating func reshaped(_ x: Tensor) -> Tensor {
        let count = x.shape.count
        let factors = [2, 3, 4, 8, 16].filter { count % $0 == 0 }
        let columns = factors.isEmpty ? 1 : pick(factors)
        return x.reshaped([count / columns, columns])
    }
}
