import CImageCodecs

/// Writes an animated WebP (RFC 9649) of lossless frames. libwebp, loaded at run time, encodes the frames; the container is
/// written here.
package struct WebPEncoder: AnimationEncoder {
    private let comment: String
    private let library: String
    private var durations: FrameDurations
    private var size: (width: Int, height: Int)?
    /// The frames so far: the beginning of the file has its size.
    private var frames: [UInt8] = []

    /// - Parameters:
    ///   - framesPerSecond: 1...1000.
    ///   - comment: a text that viewers do not show, the Exif tag UserComment; empty for none.
    package init(framesPerSecond: Int, comment: String = "", libraries: CodecLibraries = CodecLibraries()) {
        precondition((1...1000).contains(framesPerSecond), "durations are in milliseconds")
        durations = FrameDurations(framesPerSecond: framesPerSecond, unitsPerSecond: 1000)
        self.comment = comment
        library = libraries.webp
    }

    package mutating func add(_ frame: Image) throws -> [UInt8] {
        size = (frame.width, frame.height)
        let still = try frame.webPData(library: library)
        let sides = littleEndian(frame.width - 1, 3) + littleEndian(frame.height - 1, 3)
        let replaces: UInt8 = 2
        // At the top left; the chunk follows the header of the still image's file.
        frames += WebPEncoder.chunk(
            "ANMF",
            [UInt8](repeating: 0, count: 6) + sides + littleEndian(durations.next(), 3) + [replaces]
                + still.dropFirst(12))
        return []
    }

    package func finish() -> [UInt8] {
        guard let size else { preconditionFailure("an animation has a frame") }
        let (isAnimated, hasExif): (UInt8, UInt8) = (0x02, comment.isEmpty ? 0 : 0x08)
        let sides = littleEndian(size.width - 1, 3) + littleEndian(size.height - 1, 3)
        let content =
            Array("WEBP".utf8) + WebPEncoder.chunk("VP8X", [isAnimated | hasExif, 0, 0, 0] + sides)
            // A black background, and no end of repetitions.
            + WebPEncoder.chunk("ANIM", [0, 0, 0, 0xFF, 0, 0]) + frames
            + (comment.isEmpty ? [] : WebPEncoder.chunk("EXIF", exif(comment: comment)))
        return WebPEncoder.chunk("RIFF", content)
    }

    private static func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
        Array(kind.utf8) + littleEndian(content.count, 4) + content + (content.count % 2 == 0 ? [] : [0])
    }
}

extension Image {
    /// The image as a lossless WebP file.
    /// - Throws: ``ImageError/libraryMissing(name:format:library:package:)``, ``ImageError/unwritable(format:reason:)``.
    package func webPData(library: String = CodecLibraries().webp) throws -> [UInt8] {
        var webp = CImageBytes()
        let (status, message) = withMessageBuffer {
            CImageWebPEncode(library, pixels, width, height, &webp, $0.baseAddress, $0.count)
        }
        defer { CImageFree(webp.bytes) }
        switch status {
        case CImageStatusDone: return [UInt8](UnsafeBufferPointer(start: webp.bytes, count: webp.count))
        case CImageStatusLibraryMissing:
            throw ImageError.libraryMissing(
                name: "an image to be written", format: .webp, library: library, package: Self.webPPackage)
        default: throw ImageError.unwritable(format: .webp, reason: message)
        }
    }
}

/// Exif data with a comment (Exif 2.32, section 4.6.5, UserComment), in UTF-16.
private func exif(comment: String) -> [UInt8] {
    func directory(tag: Int, type: Int, count: Int, value: Int) -> [UInt8] {
        let entry = bigEndian(tag, 2) + bigEndian(type, 2) + bigEndian(count, 4) + bigEndian(value, 4)
        return bigEndian(1, 2) + entry + bigEndian(0, 4)
    }
    let text = Array("UNICODE\0".utf8) + comment.utf16.flatMap { bigEndian(Int($0), 2) }
    // A header of 8 bytes, a directory of 18 that points to the Exif directory, and that one, before the text.
    return Array("MM\0*".utf8) + bigEndian(8, 4) + directory(tag: 0x8769, type: 4, count: 1, value: 26)
        + directory(tag: 0x9286, type: 7, count: text.count, value: 44) + text
}
