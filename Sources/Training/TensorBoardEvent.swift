import Basics

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
        event.add(1, wallTime)
        // As protobuf's own writers, which omit zeros.
        if step != 0 { event.add(2, step) }
        switch content {
        case .version: event.add(3, "brain.Event:2")
        case .start:
            var session = ProtobufMessage()
            session.add(1, 1)
            event.add(7, session)
        case .scalars(let scalars):
            event.add(5, Self.summary(scalars.map { Self.value($0.tag, 2, Float($0.value)) }))
        case .image(let tag, let png):
            event.add(5, Self.summary([Self.image(tag, png)]))
        case .text(let tag, let text):
            event.add(5, Self.summary([Self.text(tag, text)]))
        }
        return event
    }

    // MARK: The messages of summary.proto and tensor.proto

    private static func summary(_ values: [ProtobufMessage]) -> ProtobufMessage {
        values.reduce(into: ProtobufMessage()) { $0.add(1, $1) }
    }

    private static func value(_ tag: String, _ field: Int, _ value: Float) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.add(1, tag)
        message.add(field, value)
        return message
    }

    private static func image(_ tag: String, _ png: [UInt8]) -> ProtobufMessage {
        var image = ProtobufMessage()
        // Width and height are in the header, at bytes 16 and 20; 3 is RGB.
        func number(at offset: Int) -> Int { png.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | Int($1) } }
        image.add(1, number(at: 20))
        image.add(2, number(at: 16))
        image.add(3, 3)
        image.add(4, png)
        var message = ProtobufMessage()
        message.add(1, tag)
        message.add(4, image)
        return message
    }

    /// A tensor of one string, for the plugin that shows texts.
    private static func text(_ tag: String, _ text: String) -> ProtobufMessage {
        var size = ProtobufMessage()
        size.add(1, 1)
        var shape = ProtobufMessage()
        shape.add(2, size)
        var tensor = ProtobufMessage()
        tensor.add(1, 7)
        tensor.add(2, shape)
        tensor.add(8, text)
        var plugin = ProtobufMessage()
        plugin.add(1, "text")
        var metadata = ProtobufMessage()
        metadata.add(1, plugin)
        var message = ProtobufMessage()
        message.add(1, tag)
        message.add(8, tensor)
        message.add(9, metadata)
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
