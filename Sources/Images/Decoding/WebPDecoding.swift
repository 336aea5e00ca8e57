import CImageCodecs

/// The container of a WebP image (RFC 9649, section 2).
struct WebPContainer {
    /// Size of the canvas in pixels.
    let width: Int
    let height: Int
    /// Exif data; nil if there are none.
    private let exif: ArraySlice<UInt8>?
    /// The first frame of an animation as a still image file, and its rectangle on the canvas; nil for a still image.
    let frame: (bytes: [UInt8], x: Int, y: Int, width: Int, height: Int)?

    /// The Exif orientation; `.upright` if the file states none.
    var orientation: Orientation { exif.flatMap { Orientation(exif: $0) } ?? .upright }
    /// The Exif tag UserComment; nil if there is none.
    var comment: String? { exif.flatMap { ExifComment.text(in: $0) } }

    /// - Throws: ``ImageError`` if the first chunk or an animation's first frame is invalid, too large or truncated.
    init(of bytes: [UInt8], named name: String) throws {
        func damaged(_ reason: String) -> ImageError { .damaged(name: name, format: .webp, reason: reason) }
        // The RIFF size excludes the first 8 bytes. All headers end within 30 bytes, the lossless one within 25.
        let kind = bytes.dropFirst(12).prefix(4)
        let needed = kind.elementsEqual("VP8L".utf8) ? 25 : 30
        guard bytes.count >= needed else { throw ImageError.truncated(name: name, format: .webp) }
        let end = min(8 + littleEndian(bytes[4..<8]), bytes.count)
        guard end >= needed else { throw damaged("it claims to be \(end) bytes long") }
        let isExtended: Bool
        switch kind {
        case ArraySlice("VP8X".utf8):
            isExtended = true
            (width, height) = (littleEndian(bytes[24..<27]) + 1, littleEndian(bytes[27..<30]) + 1)
        case ArraySlice("VP8 ".utf8):
            isExtended = false
            (width, height) = (littleEndian(bytes[26..<28]) & 0x3FFF, littleEndian(bytes[28..<30]) & 0x3FFF)
        case ArraySlice("VP8L".utf8):
            isExtended = false
            let packed = littleEndian(bytes[21..<25])
            (width, height) = (packed & 0x3FFF + 1, packed >> 14 & 0x3FFF + 1)
        default:
            throw damaged("its first chunk is of no known kind")
        }
        try checkSize(width: width, height: height, format: .webp, name: name)

        let chunks = Chunks(bytes: bytes[..<end], position: 12)
        // Only extended files have metadata and animations.
        exif = isExtended ? chunks.first { $0.kind.elementsEqual("EXIF".utf8) }?.content : nil
        guard isExtended, bytes[20] & 2 != 0 else {
            frame = nil
            return
        }
        guard let chunk = chunks.first(where: { $0.kind.elementsEqual("ANMF".utf8) }) else {
            throw damaged("an animation without a frame")
        }
        guard chunk.isComplete else { throw ImageError.truncated(name: name, format: .webp) }
        // x and y in units of two pixels, width and height minus one, duration, flags, and the chunks of an image.
        guard chunk.content.count >= 16 else { throw damaged("a frame of \(chunk.content.count) bytes") }
        let start = chunk.content.startIndex
        func field(_ offset: Int) -> Int { littleEndian(chunk.content[start + offset..<start + offset + 3]) }
        let (x, y) = (2 * field(0), 2 * field(3))
        let (frameWidth, frameHeight) = (field(6) + 1, field(9) + 1)
        guard x + frameWidth <= width, y + frameHeight <= height else {
            throw damaged("the first frame is not within the image")
        }
        let still = Self.still(chunk.content.dropFirst(16), sides: chunk.content[start + 6..<start + 12])
        frame = (still, x, y, frameWidth, frameHeight)
    }

    /// The chunks of a RIFF file, up to one that extends beyond the end.
    private struct Chunks: Sequence, IteratorProtocol {
        let bytes: ArraySlice<UInt8>
        var position: Int

        mutating func next() -> (kind: ArraySlice<UInt8>, content: ArraySlice<UInt8>, isComplete: Bool)? {
            guard position + 8 <= bytes.endIndex else { return nil }
            let (kind, start) = (bytes[position..<position + 4], position + 8)
            let size = littleEndian(bytes[position + 4..<start])
            let end = Swift.min(start + size, bytes.endIndex)
            position = start + size + size & 1
            return (kind, bytes[start..<end], start + size <= bytes.endIndex)
        }
    }

    /// A still image file: an extended header, which permits alpha, and the frame's chunks.
    private static func still(_ chunks: ArraySlice<UInt8>, sides: ArraySlice<UInt8>) -> [UInt8] {
        let hasAlpha: [UInt8] = [0x10, 0, 0, 0]
        return Array("RIFF".utf8) + littleEndian(4 + 18 + chunks.count, 4) + Array("WEBPVP8X".utf8)
            + littleEndian(10, 4) + hasAlpha + sides + chunks
    }
}

extension Image {
    /// The Debian package of the library.
    static let webPPackage = "libwebp7"

    static func decodedWebP(
        _ bytes: [UInt8], named name: String, background: RGB, library: String
    ) throws -> Image {
        guard bytes.count >= 8 + littleEndian(bytes[4..<8]) else {
            throw ImageError.truncated(name: name, format: .webp)
        }
        let container = try WebPContainer(of: bytes, named: name)
        let still = container.frame?.bytes ?? bytes
        let image = try decoded(
            width: container.width, height: container.height, as: .webp, named: name,
            library: (library, Image.webPPackage),
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
        return image.oriented(container.orientation)
    }
}
