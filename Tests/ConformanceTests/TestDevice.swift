import CPUBackend
import Execution
import Graphs
import RandomStreams
import Testing

/// The devices that graphs are tested on. `device()` cancels the test case if this machine lacks one.
enum TestDevice: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case openBLAS = "OpenBLAS, float32, 1 thread"
    case openBLASThreads = "OpenBLAS, float32, 2 threads"
    case oneDNN = "oneDNN, float32"
    case oneDNNBFloat16 = "oneDNN, bfloat16"

    var testDescription: String { rawValue }

    /// The device, or nil if this machine lacks it.
    var available: CPUDevice? {
        let (library, threads, precision): (CPUDevice.Library, Int, Precision) =
            switch self {
            case .openBLAS: (.openBLAS, 1, .float32)
            case .openBLASThreads: (.openBLAS, 2, .float32)
            case .oneDNN: (.oneDNN, 2, .float32)
            case .oneDNNBFloat16: (.oneDNN, 2, .bfloat16)
            }
        let device = CPUDevice(library: library, threads: threads, precision: precision)
        return device.library == library && device.precision == precision ? device : nil
    }

    func device() throws -> CPUDevice {
        guard let available else { try Test.cancel("\(rawValue) is not on this machine") }
        return available
    }

    /// Largest error of one operation, relative to the element and to the root mean square of its tensor: rounding of
    /// sums in float32; of operands to 8 significant bits in bfloat16.
    var tolerance: Double { self == .oneDNNBFloat16 ? 3e-2 : 3e-5 }

    /// Largest relative error, in Euclidean norm, of a value some sixty operations deep.
    var deepTolerance: Double { self == .oneDNNBFloat16 ? 0.2 : 2e-3 }
}

/// All suites that run programs: serialized, because each uses every processor.
@Suite(.serialized) struct Conformance {}

/// The values of a float array; none of anything else.
func floats(_ array: HostArray?) -> [Float] {
    guard case .floats(let values)? = array else { return [] }
    return values
}

extension HostArray {
    /// The same values for the reference.
    var doubles: [Double] {
        switch self {
        case .floats(let values): values.map(Double.init)
        case .integers(let values): values.map(Double.init)
        }
    }
}

/// A graph with random values for its inputs.
struct Case {
    let graph = Graph()
    var values: [String: HostArray] = [:]
    var results: [String: Tensor] = [:]
    private var random: RandomStream

    init(seed: UInt64 = 1) { random = RandomStream(seed: seed, purpose: "conformance") }

    /// An input of normal variates, or of positive ones away from zero.
    mutating func input(_ shape: Shape, positive: Bool = false) -> Tensor {
        let normals = random.normals(shape.count)
        return input(shape, positive ? normals.map { abs($0) + 0.25 } : normals)
    }

    mutating func input(_ shape: Shape, _ elements: [Float]) -> Tensor {
        let name = "x\(values.count)"
        values[name] = .floats(elements)
        return graph.input(name, shape)
    }

    mutating func indices(_ shape: Shape, _ elements: [Int32]) -> Tensor {
        let name = "x\(values.count)"
        values[name] = .integers(elements)
        return graph.input(name, shape, .int32)
    }

    /// Compares `tensor` with the reference when the case is checked.
    mutating func expect(_ name: String, _ tensor: Tensor) { results[name] = tensor }

    /// Runs the program and compares each result with the reference, element by element.
    func check(on target: TestDevice, location: SourceLocation = #_sourceLocation) throws {
        let device = try target.device()
        let found = try device.compile(Outputs(results: results), parameters: [:]).run(values)
        var reference = Reference(values.mapValues(\.doubles))
        for name in results.keys.sorted() {
            guard let tensor = results[name] else { continue }
            let wrong = firstDifference(found[name], reference(tensor), target.tolerance)
            #expect(wrong == nil, "\(name) on \(target.rawValue)", sourceLocation: location)
        }
    }
}

/// The first element that is further from the expected one than `tolerance` times its size and the root mean square of
/// all; NaN and infinities must match exactly. Nil when all agree.
func firstDifference(_ found: [Float], _ expected: [Double], _ tolerance: Double) -> String? {
    guard found.count == expected.count else { return "\(found.count) elements, expected \(expected.count)" }
    let finite = expected.filter(\.isFinite)
    let scale = (finite.reduce(0) { $0 + $1 * $1 } / Double(max(finite.count, 1))).squareRoot()
    for (index, (value, wanted)) in zip(found, expected).enumerated() {
        let agrees =
            wanted.isFinite
            ? abs(Double(value) - wanted) <= tolerance * (abs(wanted) + scale)
            : wanted.isNaN ? value.isNaN : Double(value) == wanted
        if !agrees { return "element \(index): \(value), expected \(wanted)" }
    }
    return nil
}
