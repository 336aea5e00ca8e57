import Basics
import Files

/// A record of a TensorBoard event file: the message `Event` of tensorboard/compat/proto/event.proto.
package struct TensorBoardEvent {
    /// What happened.
    package enum Content {
        /// The first record of a file: the version of its format.
        case version
        /// A training begins or continues: TensorBoard drops events of this step and later ones in older files.
        case start
        /// Numbers by their tags. TensorBoard groups tags by what precedes their first slash.
        case scalars([(tag: String, value: Double)])
        /// A PNG file.
        case image(tag: String, png: [UInt8])
        /// Markdown.
        case text(tag: String, String)
    }
    private let content: Content
    private let step: Int
    private let wallTime: Double

    /// - Parameters:
    ///   - step: images seen.
    ///   - wallTime: seconds since 1970.
    package init(_ content: Content, step: Int, wallTime: Double) {
        (self.content, self.step, self.wallTime) = (content, step, wallTime)
    }

    /// The event framed as a TFRecord: its length in eight bytes, their checksum, the message, its checksum; little-endian.
    package var record: [UInt8] {
        let message = message.bytes
        let length = littleEndianBytes(UInt64(message.count))
        return length + littleEndianBytes(maskedCRC32C(length)) + message + littleEndianBytes(maskedCRC32C(message))
    }

    private var message: ProtobufMessage {
        var event = ProtobufMessage()
        event.append(1, wallTime)
        // As protobuf's own writers, which omit zeros.
        if step != 0 { event.append(2, step) }
        switch content {
        case .version: event.append(3, "brain.Event:2")
        case .start:
            var session = ProtobufMessage()
            session.append(1, 1)  // status: START
            event.append(7, session)
        case .scalars(let scalars): event.append(5, Self.summary(scalars.map(Self.scalar)))
        case .image(let tag, let png): event.append(5, Self.summary([Self.image(tag, png)]))
        case .text(let tag, let text): event.append(5, Self.summary([Self.text(tag, text)]))
        }
        return event
    }

    // MARK: The messages of summary.proto and tensor.proto

    private static func summary(_ values: [ProtobufMessage]) -> ProtobufMessage {
        values.reduce(into: ProtobufMessage()) { $0.append(1, $1) }
    }

    private static func scalar(_ tag: String, _ value: Double) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.append(1, tag)
        message.append(2, Float(value))
        return message
    }

    private static func image(_ tag: String, _ png: [UInt8]) -> ProtobufMessage {
        // Width and height are in a PNG's header, at bytes 16 and 20.
        func number(at offset: Int) -> Int { png.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | Int($1) } }
        var image = ProtobufMessage()
        image.append(1, number(at: 20))  // height
        image.append(2, number(at: 16))  // width
        image.append(3, 3)  // colour space: RGB
        image.append(4, png)
        var message = ProtobufMessage()
        message.append(1, tag)
        message.append(4, image)
        return message
    }

    /// A tensor of one string, for the plugin that shows texts.
    private static func text(_ tag: String, _ text: String) -> ProtobufMessage {
        var size = ProtobufMessage()
        size.append(1, 1)
        var shape = ProtobufMessage()
        shape.append(2, size)
        var tensor = ProtobufMessage()
        tensor.append(1, 7)  // DT_STRING
        tensor.append(2, shape)
        tensor.append(8, text)
        var plugin = ProtobufMessage()
        plugin.append(1, "text")
        var metadata = ProtobufMessage()
        metadata.append(1, plugin)
        var message = ProtobufMessage()
        message.append(1, tag)
        message.append(8, tensor)
        message.append(9, metadata)
        return message
    }
}

private func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// The checksum of TFRecords: CRC-32C (RFC 3720, appendix B.4), rotated and offset so that checksums of checksums differ.
private func maskedCRC32C(_ bytes: [UInt8]) -> UInt32 {
    let sum = ~bytes.reduce(~0) { sum, byte in sum >> 8 ^ crc32CTable[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
    return (sum >> 15 | sum << 17) &+ 0xa282_ead8
}

/// The remainders of all bytes by the polynomial of Castagnoli, bits reversed.
private let crc32CTable: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0x82f6_3b78 : rest >> 1 }
}
