/// Writes an animated GIF (GIF89a specification, CompuServe, 1990). Each frame has a palette of its own, so that frames of at
/// most 256 colours are exact; others are dithered.
package struct GIFEncoder: AnimationEncoder {
    private let comment: String
    private var durations: FrameDurations
    private var isFirst = true

    /// - Parameters:
    ///   - framesPerSecond: 1...50; shorter durations than a fiftieth are not honoured by viewers.
    ///   - comment: a text that viewers do not show; empty for none.
    package init(framesPerSecond: Int, comment: String = "") {
        precondition((1...50).contains(framesPerSecond), "a GIF has at most 50 frames a second")
        durations = FrameDurations(framesPerSecond: framesPerSecond, unitsPerSecond: 100)
        self.comment = comment
    }

    package mutating func add(_ frame: Image) -> [UInt8] {
        defer { isFirst = false }
        let palette = Palette(of: frame)
        // The size of a colour table is a power of two, and codes have at least two bits.
        var bits = 1
        while 1 << bits < palette.colors.count { bits += 1 }
        let unused = [UInt8](repeating: 0, count: 3 * ((1 << bits) - palette.colors.count))
        let table = palette.colors.flatMap { [UInt8($0.x), UInt8($0.y), UInt8($0.z)] } + unused
        let size = littleEndian(frame.width, 2) + littleEndian(frame.height, 2)
        var codes = LZWWriter(codeSize: max(2, bits))
        codes.write(palette.indices(of: frame))
        // The frame stays until the next one, which covers it.
        return (isFirst ? header(size: size) : [])
            + [0x21, 0xF9, 4, 1 << 2] + littleEndian(durations.next(), 2) + [0, 0]
            + [0x2C, 0, 0, 0, 0] + size + [0x80 | UInt8(bits - 1)] + table
            + [UInt8(max(2, bits))] + GIFEncoder.blocks(codes.bytes)
    }

    package func finish() -> [UInt8] { [0x3B] }

    private func header(size: [UInt8]) -> [UInt8] {
        // Netscape's extension: repeat without end.
        let loop = [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
        return Array("GIF89a".utf8) + size + [0x70, 0, 0] + loop
            + (comment.isEmpty ? [] : [0x21, 0xFE] + GIFEncoder.blocks(Array(comment.utf8)))
    }

    /// Bytes in blocks of at most 255, with an empty one at the end.
    private static func blocks(_ bytes: [UInt8]) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: 255).flatMap { start in
            let block = bytes[start..<min(start + 255, bytes.count)]
            return [UInt8(block.count)] + block
        } + [0]
    }
}

/// The compressed data of a GIF (GIF89a specification, appendix F); the decoder is `LZWCodes`.
private struct LZWWriter {
    private(set) var bytes: [UInt8] = []
    private let clear: Int
    private var width: Int
    private var bits = 0
    private var bitCount = 0

    init(codeSize: Int) {
        clear = 1 << codeSize
        width = codeSize + 1
    }

    /// Writes all indices; called once.
    mutating func write(_ indices: [UInt8]) {
        put(clear)
        guard var string = indices.first.map(Int.init) else { return put(clear + 1) }
        // The code of each string that is another one and one more index; 0 for none.
        var codes = [UInt16](repeating: 0, count: 4096 << 8)
        var count = clear + 2
        for index in indices.dropFirst() {
            let longer = string << 8 | Int(index)
            if codes[longer] > 0 {
                string = Int(codes[longer])
                continue
            }
            put(string)
            string = Int(index)
            if count < 4096 {
                codes[longer] = UInt16(count)
                // A decoder takes codes into use one code later.
                if count == 1 << width { width += 1 }
                count += 1
            } else {
                put(clear)
                codes = [UInt16](repeating: 0, count: 4096 << 8)
                count = clear + 2
                width = clear.trailingZeroBitCount + 1
            }
        }
        put(string)
        // The decoder takes one more code into use.
        if count == 1 << width && width < 12 { width += 1 }
        put(clear + 1)
        if bitCount > 0 { bytes.append(UInt8(truncatingIfNeeded: bits)) }
    }

    private mutating func put(_ code: Int) {
        bits |= code << bitCount
        bitCount += width
        while bitCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
            bitCount -= 8
        }
    }
}
