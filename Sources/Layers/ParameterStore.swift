import Basics
import Execution
import Graphs
import RandomStreams

/// How a parameter begins. Each value is drawn from a stream of its own path, so a new layer changes no other.
public enum Initializer: Hashable, Sendable {
    case constant(Float)
    case normal(deviation: Float)
    /// Uniform in −bound … bound.
    case uniform(bound: Float)
}

/// The learnt values of a network, one after another in flat buffers, found by path.
///
/// Layers declare parameters while a graph is drawn; `allocate` then lays them out. Drawing another graph with the
/// same layers finds the same parameters: building and loading are the same act.
public final class ParameterStore {
    /// One parameter.
    public struct Entry: Sendable {
        /// Path, such as `generator.blocks.0.convolution1.weight`.
        public let path: String
        /// Extents.
        public let shape: Shape
        /// How it begins.
        public let initializer: Initializer
        /// Position of its first value in the flat buffers; a multiple of 16, so that it is 64-byte aligned.
        public let offset: Int
        /// Whether programs read it divided by its largest singular value, as a matrix of `shape[0]` rows.
        public let isSpectrallyNormalized: Bool

        /// The initial values, drawn from a stream of the parameter's own path.
        package func initialValues(seed: UInt64) -> [Float] {
            var stream = RandomStream(seed: seed, purpose: path)
            return switch initializer {
            case .constant(let value): [Float](repeating: value, count: shape.count)
            case .uniform(let bound): (0..<shape.count).map { _ in (2 * stream.uniform() - 1) * bound }
            case .normal(let deviation): stream.normals(shape.count).map { $0 * deviation }
            }
        }
    }

    /// All parameters in the order in which they were declared.
    public private(set) var entries: [Entry] = []
    private var positions: [String: Int] = [:]
    /// Length of the flat buffers, padding included.
    public private(set) var length = 0
    /// The current values; nil before `allocate`.
    public private(set) var values: (any Buffer)?

    /// An empty store.
    public init() {}

    /// The number of learnt values.
    public var count: Int { entries.reduce(0) { $0 + $1.shape.count } }

    func declare(_ path: String, _ shape: Shape, _ initializer: Initializer, isSpectrallyNormalized: Bool = false) {
        if let position = positions[path] {
            precondition(
                entries[position].shape == shape, "\(path) was declared as \(entries[position].shape), now \(shape)")
            return
        }
        precondition(values == nil, "\(path) is declared after the parameters were laid out")
        positions[path] = entries.count
        entries.append(
            Entry(
                path: path, shape: shape, initializer: initializer, offset: length,
                isSpectrallyNormalized: isSpectrallyNormalized))
        length += (shape.count + 15) / 16 * 16
    }

    /// Lays out the declared parameters in a new buffer of `device`, once.
    /// - Parameter seed: of the initial values; nil leaves zeros, to be loaded.
    /// - Returns: the buffer of values.
    @discardableResult
    public func allocate(on device: some Device, seed: UInt64? = nil) throws(ExecutionError) -> any Buffer {
        if let values { return values }
        let buffer = try device.makeBuffer(count: length)
        values = buffer
        guard let seed else { return buffer }
        for entry in entries { buffer.write(entry.initialValues(seed: seed), at: entry.offset) }
        return buffer
    }

    /// Where each parameter lies in `buffer`, which may hold values, gradients or averages.
    public func slices(of buffer: any Buffer) -> [String: BufferSlice] {
        Dictionary(uniqueKeysWithValues: entries.map { ($0.path, slice($0, of: buffer)) })
    }

    /// Where one parameter lies in `buffer`.
    public func slice(_ entry: Entry, of buffer: any Buffer) -> BufferSlice {
        BufferSlice(buffer, offset: entry.offset, count: entry.shape.count)
    }

    /// Copies named arrays into `buffer`, strictly: every parameter must be there with its shape and no array may be
    /// left over. All that is wrong is listed in one error, and nothing is copied then.
    public func load(_ arrays: [String: (shape: [Int], values: [Float])], into buffer: any Buffer)
        throws(ParameterMismatch)
    {
        try check(arrays)
        for entry in entries {
            if let array = arrays[entry.path] { buffer.write(array.values, at: entry.offset) }
        }
    }

    /// Throws what `load` would; for arrays from elsewhere before memory is laid out for what a file says it holds.
    public func check(_ arrays: [String: (shape: [Int], values: [Float])]) throws(ParameterMismatch) {
        var mismatch = ParameterMismatch()
        for entry in entries {
            guard let array = arrays[entry.path] else {
                mismatch.missing.append(entry.path)
                continue
            }
            if array.shape != entry.shape.dimensions {
                mismatch.misshapen.append(
                    "\(entry.path) is \(Shape(array.shape.map { max($0, 1) })), expected \(entry.shape)")
            } else if array.values.count != entry.shape.count {
                mismatch.misshapen.append("\(entry.path) has \(array.values.count) values for \(entry.shape)")
            }
        }
        mismatch.unused = arrays.keys.filter { positions[$0] == nil }.sorted()
        guard mismatch.isEmpty else { throw mismatch }
    }

    /// The parameters as named arrays, read from `buffer`.
    public func arrays(from buffer: any Buffer) -> [(path: String, shape: [Int], values: [Float])] {
        entries.map { ($0.path, $0.shape.dimensions, slice($0, of: buffer).values) }
    }
}

/// What keeps a set of arrays from being a network's parameters.
public struct ParameterMismatch: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .badData }
    /// Parameters for which there is no array.
    public var missing: [String] = []
    /// Arrays that no parameter asks for.
    public var unused: [String] = []
    /// Arrays of another shape than their parameter's.
    public var misshapen: [String] = []

    var isEmpty: Bool { missing.isEmpty && unused.isEmpty && misshapen.isEmpty }

    /// One line with all that is wrong; long lists are cut.
    public var description: String {
        func list(_ title: String, _ names: [String]) -> String? {
            guard !names.isEmpty else { return nil }
            let more = names.count > 6 ? " and \(names.count - 6) more" : ""
            return "\(title): \(names.prefix(6).joined(separator: ", "))\(more)"
        }
        let parts = [list("missing", missing), list("unused", unused), list("of another shape", misshapen)].compactMap {
            $0
        }
        return "the arrays are not this network's parameters (\(parts.joined(separator: "; ")))"
    }
}
