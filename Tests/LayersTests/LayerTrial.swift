import CPUBackend
import Execution
import Graphs
import Layers
import RandomStreams
import Testing

/// Runs a layer with random parameters and inputs on the CPU; tests compare the result with a float64 computation.
struct LayerTrial {
    let graph = Graph()
    let store = ParameterStore()
    private var values: [String: HostArray] = [:]
    private var random = RandomStream(seed: 1, purpose: "layers")

    var root: ParameterScope { ParameterScope(graph, store) }

    /// An input of normally distributed values, with these values.
    mutating func input(_ name: String, _ shape: Shape) -> (tensor: Tensor, values: [Double]) {
        let numbers = random.normals(shape.count)
        return (input(name, shape, numbers), numbers.map(Double.init))
    }

    mutating func input(_ name: String, _ shape: Shape, _ numbers: [Float]) -> Tensor {
        values[name] = .floats(numbers)
        return graph.input(name, shape)
    }

    mutating func indices(_ name: String, _ numbers: [Int32]) -> Tensor {
        values[name] = .integers(numbers)
        return graph.input(name, [numbers.count], .int32)
    }

    /// Sets all parameters to normally distributed values of deviation 1/2, so that no bias is 0 and no gain 1.
    mutating func setParameters() throws {
        let buffer = try store.allocate(on: CPUDevice())
        buffer.values = random.normals(buffer.count).map { $0 / 2 }
    }

    /// The values of a parameter.
    func parameter(_ path: String) throws -> [Double] {
        let buffer = try #require(store.values)
        let array = try #require(store.arrays(from: buffer).first { $0.path == path }, "no parameter \(path)")
        return array.values.map(Double.init)
    }

    func run(_ tensor: Tensor) throws -> [Float] {
        let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)
        let program = try device.compile(
            Outputs(results: ["y": tensor]), parameters: store.values.map { ParameterMap(store.slices(of: $0)) } ?? [:])
        return try program.run(values)["y"]
    }

    /// Runs a layer and compares the result with `expected`, up to the rounding of float32 sums.
    func expect(
        _ tensor: Tensor, _ expected: [Double], shape: Shape, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(tensor.shape == shape, sourceLocation: sourceLocation)
        let found = try run(tensor)
        try #require(found.count == expected.count, sourceLocation: sourceLocation)
        let scale = (expected.reduce(0) { $0 + $1 * $1 } / Double(expected.count)).squareRoot()
        let wrong = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
        #expect(scale > 0 && wrong <= 2e-5 * scale, "off by \(wrong) of \(scale)", sourceLocation: sourceLocation)
    }
}

// MARK: Formulas

/// y = x·Wᵀ + b for each row of x; W is [outputs × inputs].
func linear(_ x: [Double], _ weight: [Double], _ bias: [Double]?, inputs: Int) -> [Double] {
    let outputs = weight.count / inputs
    return (0..<x.count / inputs).flatMap { row in
        (0..<outputs).map { output in
            (0..<inputs).reduce(bias?[output] ?? 0) { $0 + x[row * inputs + $1] * weight[output * inputs + $1] }
        }
    }
}

/// (x − mean) / √(variance + ε) · gain + bias for each row.
func normalized(_ x: [Double], gain: [Double], bias: [Double], epsilon: Double = 1e-5) -> [Double] {
    let width = gain.count
    return (0..<x.count / width).flatMap { row -> [Double] in
        let values = x[row * width..<(row + 1) * width]
        let mean = values.reduce(0, +) / Double(width)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
        return zip(values, zip(gain, bias)).map { ($0 - mean) / (variance + epsilon).squareRoot() * $1.0 + $1.1 }
    }
}
