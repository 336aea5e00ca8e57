/// A protocol buffer message in the making: its fields in wire format (protobuf.dev/programming-guides/encoding), in the order
/// in which they are appended.
package struct ProtobufMessage {
    /// The message.
    package private(set) var bytes: [UInt8] = []

    /// An empty message.
    package init() {}

    /// Appends an integer or an enumeration's value: int32, int64, uint32, uint64, bool.
    package mutating func append(_ field: Int, _ value: Int) {
        appendTag(field, wireType: 0)
        appendVarint(UInt64(bitPattern: Int64(value)))
    }

    /// Appends a double.
    package mutating func append(_ field: Int, _ value: Double) {
        appendTag(field, wireType: 1)
        appendLittleEndian(value.bitPattern)
    }

    /// Appends a float.
    package mutating func append(_ field: Int, _ value: Float) {
        appendTag(field, wireType: 5)
        appendLittleEndian(value.bitPattern)
    }

    /// Appends a string.
    package mutating func append(_ field: Int, _ text: String) { append(field, Array(text.utf8)) }

    /// Appends a message.
    package mutating func append(_ field: Int, _ message: ProtobufMessage) { append(field, message.bytes) }

    /// Appends bytes.
    package mutating func append(_ field: Int, _ value: [UInt8]) {
        appendTag(field, wireType: 2)
        appendVarint(UInt64(value.count))
        bytes += value
    }

    private mutating func appendTag(_ field: Int, wireType: Int) { appendVarint(UInt64(field << 3 | wireType)) }

    /// Seven bits per byte, the least significant first; all bytes but the last have the highest bit set.
    private mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}
