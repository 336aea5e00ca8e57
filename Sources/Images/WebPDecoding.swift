import CImageCodecs

/// The container of a WebP image (RFC 9649, section 2).
struct WebPContainer {
    /// Size of the canvas in pixels.
    let width: Int
    let height: Int
    /// The first frame of an animation as a still image file, and its rectangle on the canvas; nil for a still image.
    let frame: (bytes: [UInt8], x: Int, y: Int, width: Int, height: Int)?

    /// - Throws: ``ImageError`` if the first chunk or an animation's first frame is invalid, too large or truncated.
    init(of bytes: [UInt8], named name: String) throws {
        func damaged(_ reason: String) -> ImageError { .damaged(name: name, format: .webp, reason: reason) }
        func integer(at offset: Int, bytes count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        // The RIFF size excludes the first 8 bytes. All headers end within 30 bytes, the lossless one within 25.
        let kind = bytes.dropFirst(12).prefix(4)
        let needed = kind.elementsEqual("VP8L".utf8) ? 25 : 30
        guard bytes.count >= needed else { throw ImageError.truncated(name: name, format: .webp) }
        let end = min(8 + integer(at: 4, bytes: 4), bytes.count)
        guard end >= needed else { throw damaged("it claims to be \(end) bytes long") }
        let isExtended: Bool
        switch kind {
        case ArraySlice("VP8X".utf8):
            isExtended = true
            (width, height) = (integer(at: 24, bytes: 3) + 1, integer(at: 27, bytes: 3) + 1)
        case ArraySlice("VP8 ".utf8):
            isExtended = false
            (width, height) = (integer(at: 26, bytes: 2) & 0x3FFF, integer(at: 28, bytes: 2) & 0x3FFF)
        case ArraySlice("VP8L".utf8):
            isExtended = false
            let packed = integer(at: 21, bytes: 4)
            (width, height) = (packed & 0x3FFF + 1, packed >> 14 & 0x3FFF + 1)
        default:
            throw damaged("its first chunk is of no known kind")
        }
        try checkSize(width: width, height: height, format: .webp, name: name)

        let isAnimation = isExtended && bytes[20] & 2 != 0
        guard isAnimation else {
            frame = nil
            return
        }
        // ANMF: x and y in units of two pixels, width and height minus one, duration, flags, and the chunks of an
        // image.
        var chunk = 12
        while true {
            guard chunk + 8 <= end else { throw damaged("an animation without a frame") }
            let size = integer(at: chunk + 4, bytes: 4)
            let content = chunk + 8
            guard size <= end - content else { throw ImageError.truncated(name: name, format: .webp) }
            if bytes[chunk..<chunk + 4].elementsEqual("ANMF".utf8) {
                guard size >= 16 else { throw damaged("a frame of \(size) bytes") }
                let (x, y) = (2 * integer(at: content, bytes: 3), 2 * integer(at: content + 3, bytes: 3))
                let frameWidth = integer(at: content + 6, bytes: 3) + 1
                let frameHeight = integer(at: content + 9, bytes: 3) + 1
                guard x + frameWidth <= width, y + frameHeight <= height else {
                    throw damaged("the first frame is not within the image")
                }
                let image = bytes[content + 16..<content + size]
                frame = (Self.still(image, sides: bytes[content + 6..<content + 12]), x, y, frameWidth, frameHeight)
                return
            }
            chunk = content + size + size & 1
        }
    }

    /// A still image file: an extended header, which permits alpha, and the frame's chunks.
    private static func still(_ chunks: ArraySlice<UInt8>, sides: ArraySlice<UInt8>) -> [UInt8] {
        func littleEndian(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let hasAlpha: [UInt8] = [0x10, 0, 0, 0]
        return Array("RIFF".utf8) + littleEndian(4 + 18 + chunks.count) + Array("WEBPVP8X".utf8) + littleEndian(10)
            + hasAlpha + sides + chunks
    }
}

extension Image {
    static func decodedWebP(
        _ bytes: [UInt8], named name: String, background: RGB, library: String
    ) throws -> Image {
        let claimed = (0..<4).reduce(0) { $0 | Int(bytes[4 + $1]) << (8 * $1) }
        guard bytes.count >= 8 + claimed else { throw ImageError.truncated(name: name, format: .webp) }
        let container = try WebPContainer(of: bytes, named: name)
        let still = container.frame?.bytes ?? bytes
        return try decoded(
            width: container.width, height: container.height, as: .webp, named: name, library: (library, "libwebp7"),
            background: container.frame == nil ? nil : background
        ) { target, message in
            var target = target
            if let frame = container.frame {
                target.rgb += frame.y * target.stride + frame.x * 3
                (target.width, target.height) = (frame.width, frame.height)
            }
            return CImageWebPDecode(
                library, still, still.count, CImageColor(background), target, message.baseAddress, message.count)
        }
    }
}
