/// A run of float32 values at a fixed, 64-byte aligned address, zero at first: where all parameters of a network lie
/// one after another, and beside it their gradients, moments and average, so that the optimiser, averaging over
/// ranks and checkpoints are one pass each.
public final class FlatBuffer {
    /// The number of values.
    public let count: Int
    package let pointer: UnsafeMutablePointer<Float>

    /// A buffer of `count` zeros.
    public init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        pointer.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }

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
