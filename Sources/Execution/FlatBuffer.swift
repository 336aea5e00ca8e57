import CKernels

/// A run of float32 values at a fixed, 64-byte aligned address, zero at first: where all parameters of a network lie
/// one after another, and beside it their gradients, moments and average, so that the optimiser, averaging over
/// ranks and checkpoints are one pass each.
public final class FlatBuffer {
    /// The number of values.
    public let count: Int
    package let pointer: UnsafeMutablePointer<Float>
    private let memory: DeviceMemory

    /// A buffer of `count` zeros.
    public init(count: Int) {
        self.count = count
        do throws(ExecutionError) {
            memory = try DeviceMemory(bytes: count * MemoryLayout<Float>.stride)
        } catch {
            // As Swift's own arrays do. Programs, which take many times the memory of parameters, throw instead.
            fatalError("\(error)")
        }
        // Zero bits are the float 0.
        pointer = memory.pointer.bindMemory(to: Float.self, capacity: max(count, 1))
    }

    /// The values, copied out or in; a new array must have `count` elements.
    public var values: [Float] {
        get { Array(UnsafeBufferPointer(start: pointer, count: count)) }
        set {
            precondition(newValue.count == count, "\(newValue.count) values for a buffer of \(count)")
            newValue.withUnsafeBufferPointer { source in
                if let base = source.baseAddress { pointer.update(from: base, count: count) }
            }
        }
    }
}

/// Zeroed bytes at a fixed, 64-byte aligned address, in large pages where there are many.
final class DeviceMemory {
    let pointer: UnsafeMutableRawPointer
    let bytes: Int

    init(bytes: Int) throws(ExecutionError) {
        guard let pointer = limn_allocate(bytes) else { throw .outOfMemory(bytes: bytes) }
        (self.pointer, self.bytes) = (pointer, bytes)
    }

    deinit { limn_free(pointer, bytes) }
}

/// Part of a flat buffer: where one parameter lies, or where its gradient is to be written.
public struct BufferSlice {
    /// The buffer that holds the values.
    public let buffer: FlatBuffer
    /// The first value's position.
    public let offset: Int
    /// The number of values.
    public let count: Int

    /// Part of `buffer`; it must lie within it.
    public init(_ buffer: FlatBuffer, offset: Int, count: Int) {
        precondition(offset >= 0 && count >= 0 && offset + count <= buffer.count, "slice outside its buffer")
        self.buffer = buffer
        self.offset = offset
        self.count = count
    }
}
