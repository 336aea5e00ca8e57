/// A message in the wire format of Protocol Buffers, built field by field.
///
/// Arrays are not copied: the message holds functions that return their values, and calls each one when it is written. So a
/// file of a gigabyte needs no second gigabyte of memory.
package struct ProtobufMessage {
    private enum Part {
        case bytes([UInt8])
        case floats(count: Int, () -> [Float])
    }

    private var parts: [Part] = []
    /// Size of the encoded message.
    package private(set) var byteCount = 0

    /// An empty message.
    package init() {}

    /// Appends a field of an integer or an enumeration.
    package mutating func append(_ field: Int, _ value: Int) {
        append(ProtobufMessage.tag(field, wireType: 0) + ProtobufMessage.varint(UInt64(bitPattern: Int64(value))))
    }

    /// Appends a field of type `float`.
    package mutating func append(_ field: Int, _ value: Float) {
        append(ProtobufMessage.tag(field, wireType: 5) + withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init))
    }

    /// Appends a field of type `double`.
    package mutating func append(_ field: Int, _ value: Double) {
        append(ProtobufMessage.tag(field, wireType: 1) + withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init))
    }

    /// Appends a field of type `string` or `bytes`.
    package mutating func append(_ field: Int, _ bytes: some Collection<UInt8>) {
        append(ProtobufMessage.prefix(field, bytes.count) + bytes)
    }

    /// Appends a field of type `string`.
    package mutating func append(_ field: Int, _ text: String) { append(field, Array(text.utf8)) }

    /// Appends a field of type `bytes` with `count` numbers in float32, little-endian, which `values` returns.
    package mutating func append(_ field: Int, count: Int, floats values: @escaping () -> [Float]) {
        append(ProtobufMessage.prefix(field, 4 * count))
        parts.append(.floats(count: count, values))
        byteCount += 4 * count
    }

    /// Appends a field that is a message.
    package mutating func append(_ field: Int, _ message: ProtobufMessage) {
        append(ProtobufMessage.prefix(field, message.byteCount))
        for part in message.parts {
            if case .bytes(let bytes) = part { append(bytes) } else { parts.append(part) }
        }
        byteCount += message.parts.reduce(0) { if case .floats(let count, _) = $1 { $0 + 4 * count } else { $0 } }
    }

    /// The encoded message, with copies of all arrays.
    package var bytes: [UInt8] {
        parts.flatMap { part in
            switch part {
            case .bytes(let bytes): bytes
            case .floats(_, let values): values().withUnsafeBytes { Array($0) }
            }
        }
    }

    /// Writes the encoded message.
    package func write(to file: AtomicFile.Sink) throws {
        for part in parts {
            switch part {
            case .bytes(let bytes): try bytes.withUnsafeBytes { try file.append($0) }
            case .floats(let count, let values):
                let values = values()
                precondition(values.count == count, "\(values.count) values for a field of \(count)")
                try values.withUnsafeBytes { try file.append($0) }
            }
        }
    }

    private mutating func append(_ bytes: [UInt8]) {
        byteCount += bytes.count
        if case .bytes(let last) = parts.last {
            // Without this, `last` would be a second reference, and appending would copy all bytes so far.
            parts.removeLast()
            var whole = consume last
            whole += bytes
            parts.append(.bytes(whole))
        } else {
            parts.append(.bytes(bytes))
        }
    }

    /// The beginning of a field whose length is stored.
    private static func prefix(_ field: Int, _ count: Int) -> [UInt8] {
        tag(field, wireType: 2) + varint(UInt64(count))
    }

    private static func tag(_ field: Int, wireType: Int) -> [UInt8] { varint(UInt64(field << 3 | wireType)) }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
