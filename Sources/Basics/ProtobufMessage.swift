/// A protocol buffer message in the making: its fields in wire format (protobuf.dev/programming-guides/encoding), in the order
/// in which they are added.
package struct ProtobufMessage {
    /// The message.
    package private(set) var bytes: [UInt8] = []

    /// An empty message.
    package init() {}

    /// Adds an integer or an enumeration's value: int32, int64, uint32, uint64, bool.
    package mutating func add(_ field: Int, _ value: Int) {
        addTag(field, wireType: 0)
        addVarint(UInt64(bitPattern: Int64(value)))
    }

    /// Adds a double.
    package mutating func add(_ field: Int, _ value: Double) {
        addTag(field, wireType: 1)
        addLittleEndian(value.bitPattern)
    }

    /// Adds a float.
    package mutating func add(_ field: Int, _ value: Float) {
        addTag(field, wireType: 5)
        addLittleEndian(value.bitPattern)
    }

    /// Adds a string.
    package mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

    /// Adds a message.
    package mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, message.bytes) }

    /// Adds bytes.
    package mutating func add(_ field: Int, _ value: [UInt8]) {
        addTag(field, wireType: 2)
        addVarint(UInt64(value.count))
        bytes += value
    }

    private mutating func addTag(_ field: Int, wireType: Int) { addVarint(UInt64(field << 3 | wireType)) }

    /// Seven bits per byte, the least significant first; all bytes but the last have the highest bit set.
    private mutating func addVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func addLittleEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}
