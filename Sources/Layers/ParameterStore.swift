import Basics
import Execution
import Graphs
import RandomStreams

/// The distribution of a parameter's initial values. Each path has its own random stream, so adding a layer changes no
/// other layer's initial values.
public enum Initializer: Hashable, Sendable {
    /// The same value everywhere.
    case constant(Float)
    /// Normal with mean 0.
    case normal(deviation: Float)
    /// Uniform in −bound ..< bound.
    case uniform(bound: Float)
}

/// The learned values of a network, identified by path and stored in one flat buffer.
///
/// Layers declare parameters while a graph is traced; `allocate` then creates the buffer. Tracing the same layers in
/// another graph refers to the same parameters.
public final class ParameterStore {
    /// One parameter.
    public struct Entry: Sendable {
        /// Path, such as `generator.blocks.0.convolution1.weight`.
        public let path: String
        /// Extents.
        public let shape: Shape
        /// The distribution of its initial values.
        public let initializer: Initializer
        /// Index of its first value in the flat buffer; a multiple of 16, so that it is 64-byte aligned.
        public let offset: Int
        /// Whether it is used divided by its largest singular value, as a matrix of `shape[0]` rows.
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

    /// All parameters, in the order of their declaration.
    public private(set) var entries: [Entry] = []
    private var positions: [String: Int] = [:]
    /// Length of the flat buffer, padding included.
    public private(set) var length = 0
    /// The current values; nil before `allocate`.
    public private(set) var values: (any Buffer)?

    /// An empty store.
    public init() {}

    /// The number of learned values.
    public var count: Int { entries.reduce(0) { $0 + $1.shape.count } }

    func declare(_ path: String, _ shape: Shape, _ initializer: Initializer, isSpectrallyNormalized: Bool = false) {
        if let position = positions[path] {
            precondition(
                entries[position].shape == shape, "\(path) was declared as \(entries[position].shape), now \(shape)")
            return
        }
        precondition(values == nil, "\(path) is declared after allocate()")
        positions[path] = entries.count
        entries.append(
            Entry(
                path: path, shape: shape, initializer: initializer, offset: length,
                isSpectrallyNormalized: isSpectrallyNormalized))
        length += (shape.count + 15) / 16 * 16
    }

    /// Lays out the declared parameters in a new buffer of `device`, once.
    ///
    /// A second call returns the same buffer and ignores its arguments.
    /// - Parameter seed: of the initial values; nil leaves zeros, to be loaded.
    /// - Returns: the buffer of values.
    /// - Throws: `ExecutionError` without enough memory.
    @discardableResult
    public func allocate(on device: some Device, seed: UInt64? = nil) throws(ExecutionError) -> any Buffer {
        if let values { return values }
        let buffer = try device.makeBuffer(count: length)
        values = buffer
        guard let seed else { return buffer }
        for entry in entries { buffer.write(entry.initialValues(seed: seed), at: entry.offset) }
        return buffer
    }

    /// The part of `buffer` that belongs to each parameter; `buffer` may hold values, gradients or averages.
    public func slices(of buffer: any Buffer) -> [String: BufferSlice] {
        Dictionary(uniqueKeysWithValues: entries.map { ($0.path, slice($0, of: buffer)) })
    }

    /// The part of `buffer` that belongs to one parameter.
    public func slice(_ entry: Entry, of buffer: any Buffer) -> BufferSlice {
        BufferSlice(buffer, offset: entry.offset, count: entry.shape.count)
    }

    /// Copies named arrays into `buffer`. Loading is strict: there must be an array of the right shape for every
    /// parameter, and no others.
    /// - Throws: `ParameterMismatch`, which lists everything that is wrong; then nothing is copied.
    public func load(_ arrays: [String: (shape: [Int], values: [Float])], into buffer: any Buffer)
        throws(ParameterMismatch)
    {
        try check(arrays)
        for entry in entries {
            if let array = arrays[entry.path] { buffer.write(array.values, at: entry.offset) }
        }
    }

    /// Throws what `load` would throw, without copying; checks a file's arrays before memory is allocated for them.
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

    /// Copies of the parameters' values in `buffer`, as named arrays.
    public func arrays(from buffer: any Buffer) -> [(path: String, shape: [Int], values: [Float])] {
        entries.map { ($0.path, $0.shape.dimensions, slice($0, of: buffer).values) }
    }
}

/// The differences between a set of named arrays and a network's parameters.
public struct ParameterMismatch: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .badData }
    /// Parameters for which there is no array.
    public var missing: [String] = []
    /// Arrays for which there is no parameter.
    public var unused: [String] = []
    /// Arrays whose shape differs from their parameter's.
    public var misshapen: [String] = []

    var isEmpty: Bool { missing.isEmpty && unused.isEmpty && misshapen.isEmpty }

    /// One line that lists the differences; long lists are shortened.
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
