import Basics
import Files

#if _endian(big)
    #error("Safetensors files are little-endian, and arrays are written as they are in memory.")
#endif

/// A named array as stored in a file: row-major, little-endian.
///
/// An array that was read refers to the mapped file and uses no memory of its own; the mapping lives as long as the
/// array.
public struct NamedArray: Sendable {
    /// The path of a parameter, such as `generator.blocks.0.convolution.weight`.
    public let name: String
    /// The size of each dimension, outermost first; empty for a scalar.
    public let shape: [Int]
    /// The type of the stored elements.
    public let element: ArrayElement
    private let storage: Storage

    private enum Storage: Sendable {
        case floats([Float])
        case bytes([UInt8])
        case mapped(MappedFile, Range<Int>)
    }

    /// A `float32` array. The number of `floats` must match `shape`.
    public init(name: String, shape: [Int], floats: [Float]) {
        precondition(shape.reduce(1, *) == floats.count, "\(name): \(floats.count) numbers for the shape \(shape)")
        self.name = name
        self.shape = shape
        self.element = .float32
        self.storage = .floats(floats)
    }

    /// An array that stores `floats` as `element`, which must be `float32` or `bfloat16`; values are rounded to nearest, ties to
    /// even.
    public init(name: String, shape: [Int], floats: [Float], element: ArrayElement) {
        switch element {
        case .float32:
            self.init(name: name, shape: shape, floats: floats)
        case .bfloat16:
            self.init(name: name, shape: shape, element: element, bytes: narrowed(floats))
        default:
            preconditionFailure("\(name): floating-point numbers are not stored as \(element)")
        }
    }

    /// An array of any type from little-endian bytes, whose number must match `shape` and `element`.
    public init(name: String, shape: [Int], element: ArrayElement, bytes: [UInt8]) {
        precondition(
            shape.reduce(element.byteCount, *) == bytes.count, "\(name): \(bytes.count) bytes for the shape \(shape)")
        self.name = name
        self.shape = shape
        self.element = element
        self.storage = .bytes(bytes)
    }

    /// An array in `range` of a mapped file, which the caller has checked against the sizes of file, shape and element.
    init(name: String, shape: [Int], element: ArrayElement, file: MappedFile, range: Range<Int>) {
        self.name = name
        self.shape = shape
        self.element = element
        self.storage = .mapped(file, range)
    }

    /// Number of elements.
    public var count: Int { withBytes { $0.count / element.byteCount } }

    /// Calls `body` with the stored bytes, which need not be aligned.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch storage {
        case .floats(let floats): try floats.withUnsafeBytes(body)
        case .bytes(let bytes): try bytes.withUnsafeBytes(body)
        case .mapped(let file, let range):
            try file.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
    }

    /// A copy of the stored bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// The elements as `Float`, in row-major order. The conversion is exact.
    /// - Throws: `CheckpointError.notFloatingPoint` for types other than `float32`, `float16` and `bfloat16`.
    public func floats() throws -> [Float] {
        if case .floats(let floats) = storage { return floats }
        switch element {
        case .float32:
            return withBytes { source in
                [Float](unsafeUninitializedCapacity: source.count / 4) { target, count in
                    UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
                    count = source.count / 4
                }
            }
        case .float16: return withBytes { widened($0) { Float(float16: $0) } }
        case .bfloat16: return withBytes { widened($0) { Float(bfloat16: $0) } }
        default: throw CheckpointError.notFloatingPoint(array: name, element: element)
        }
    }
}

/// Converts the 16-bit numbers in `source`, which may be unaligned, to `Float`.
@inline(__always)
private func widened(_ source: UnsafeRawBufferPointer, _ convert: (UInt16) -> Float) -> [Float] {
    let total = source.count / 2
    return [Float](unsafeUninitializedCapacity: total) { target, count in
        for i in 0..<total { target[i] = convert(source.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)) }
        count = total
    }
}

/// Converts `floats` to the bytes of bfloat16 numbers.
private func narrowed(_ floats: [Float]) -> [UInt8] {
    floats.withUnsafeBufferPointer { source in
        [UInt8](unsafeUninitializedCapacity: 2 * source.count) { target, count in
            let raw = UnsafeMutableRawBufferPointer(target)
            for i in 0..<source.count { raw.storeBytes(of: source[i].bfloat16, toByteOffset: 2 &* i, as: UInt16.self) }
            count = 2 * source.count
        }
    }
}
