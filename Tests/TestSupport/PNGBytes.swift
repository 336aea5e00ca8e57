import CZlib

/// An order of the bytes of integers.
public enum ByteOrder: CaseIterable, Sendable {
    case little, big

    /// The lowest `count` bytes of `value`.
    public func bytes(_ value: Int, _ count: Int) -> [UInt8] {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return self == .little ? bytes : bytes.reversed()
    }
}

/// A PNG file.
/// - Parameters:
///   - color: the colour type: 0 is grey, 2 is RGB.
///   - chunks: chunks between the header and the pixels.
///   - rows: all rows, each with its filter byte; if empty, the pixels are missing.
public func png(
    width: Int, height: Int, depth: UInt8 = 8, color: UInt8 = 2, isInterlaced: Bool = false, chunks: [UInt8] = [],
    rows: [UInt8] = []
) -> [UInt8] {
    let sides = ByteOrder.big.bytes(width, 4) + ByteOrder.big.bytes(height, 4)
    let header = pngChunk("IHDR", sides + [depth, color, 0, 0, isInterlaced ? 1 : 0])
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + header + chunks + pngChunk("IDAT", deflated(rows))
        + pngChunk("IEND", [])
}

/// A grey PNG of 65 million pixels, which are 8 KB: in its left half, black and white columns in turn; in its right
/// half, white ones.
/// - Parameter chunks: chunks between the header and the pixels.
public func largePNG(chunks: [UInt8] = []) -> [UInt8] {
    let (width, height) = (8208, 7906)
    let row = [0] + [UInt8](repeating: 0x55, count: width / 16) + [UInt8](repeating: 0xFF, count: width / 16)
    let rows = [UInt8](unsafeUninitializedCapacity: row.count * height) { rows, count in
        for y in 0..<height { _ = rows[(y * row.count)..<((y + 1) * row.count)].update(fromContentsOf: row) }
        count = rows.count
    }
    return png(width: width, height: height, depth: 1, color: 0, chunks: chunks, rows: rows)
}

/// A chunk of a PNG.
public func pngChunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    let named = Array(kind.utf8) + content
    return ByteOrder.big.bytes(content.count, 4) + named + ByteOrder.big.bytes(Int(checksum(named)), 4)
}

/// The CRC of a PNG chunk's kind and content (ISO/IEC 15948, section 5.5).
public func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}

/// The bytes as a zlib stream.
public func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(uLong(bytes.count))
    return [UInt8](unsafeUninitializedCapacity: Int(size)) { output, count in
        compress(output.baseAddress, &size, bytes, uLong(bytes.count))
        count = Int(size)
    }
}
