/// float32 values in a device's memory.
///
/// All parameters of a network are stored one after another in one buffer; their gradients, moments and moving average are
/// stored in buffers of the same layout, so that the optimizer, an average over ranks and a checkpoint are one pass each.
/// Code above a backend copies values in and out; it has no access to addresses.
public protocol Buffer: AnyObject {
    /// The number of values.
    var count: Int { get }
    /// Copies the values at `range` to the host.
    func read(_ range: Range<Int>) -> [Float]
    /// Overwrites `values.count` values from `offset` on; all must be within the buffer.
    func write(_ values: [Float], at offset: Int)
}

extension Buffer {
    /// All values, copied to or from the host; a new array must have `count` elements.
    public var values: [Float] {
        get { read(0..<count) }
        set {
            precondition(newValue.count == count, "\(newValue.count) values for a buffer of \(count)")
            write(newValue, at: 0)
        }
    }
}

/// A contiguous part of a buffer: one parameter, or its gradient.
public struct BufferSlice {
    /// The buffer that holds the values.
    public let buffer: any Buffer
    /// Index of the first value.
    public let offset: Int
    /// The number of values.
    public let count: Int

    /// The `count` values of `buffer` from `offset` on; all must be within it.
    public init(_ buffer: any Buffer, offset: Int, count: Int) {
        precondition(offset >= 0 && count >= 0 && offset + count <= buffer.count, "slice outside its buffer")
        self.buffer = buffer
        self.offset = offset
        self.count = count
    }

    /// The values, copied to or from the host; a new array must have `count` elements.
    public var values: [Float] {
        get { buffer.read(offset..<offset + count) }
        nonmutating set {
            precondition(newValue.count == count, "\(newValue.count) values for a slice of \(count)")
            buffer.write(newValue, at: offset)
        }
    }
}
