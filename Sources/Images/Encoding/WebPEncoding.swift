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
        // A black background, and no end of repetitions.
        let animation = WebPEncoder.chunk("ANIM", [0, 0, 0, 0xFF, 0, 0])
        return WebPEncoder.extended(
            width: size.width, height: size.height, isAnimated: true, images: animation + frames, comment: comment)
    }

    /// An extended file (RFC 9649, section 2.7): its header, the chunks of images, and Exif data unless `comment` is empty.
    fileprivate static func extended(
        width: Int, height: Int, isAnimated: Bool, images: [UInt8], comment: String
    ) -> [UInt8] {
        let flags: UInt8 = (isAnimated ? 0x02 : 0) | (comment.isEmpty ? 0 : 0x08)
        let sides = littleEndian(width - 1, 3) + littleEndian(height - 1, 3)
        let header = chunk("VP8X", [flags, 0, 0, 0] + sides)
        let exif = comment.isEmpty ? [] : chunk("EXIF", ExifComment.data(comment))
        return chunk("RIFF", Array("WEBP".utf8) + header + images + exif)
    }

    private static func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
        Array(kind.utf8) + littleEndian(content.count, 4) + content + (content.count % 2 == 0 ? [] : [0])
    }
}

extension Image {
    /// The image as a lossless WebP file.
    /// - Parameter comment: a text that viewers do not show, the Exif tag UserComment; empty for none.
    /// - Throws: ``ImageError/libraryMissing(name:format:library:package:)``, ``ImageError/unwritable(format:reason:)``.
    package func webPData(comment: String = "", library: String = CodecLibraries().webp) throws -> [UInt8] {
        var webp = CImageBytes()
        let (status, message) = withMessageBuffer {
            CImageWebPEncode(library, pixels, width, height, &webp, $0.baseAddress, $0.count)
        }
        defer { CImageFree(webp.bytes) }
        switch status {
        case CImageStatusDone:
            let bytes = [UInt8](UnsafeBufferPointer(start: webp.bytes, count: webp.count))
            if comment.isEmpty { return bytes }
            // The image's chunk follows the header of the file.
            return WebPEncoder.extended(
                width: width, height: height, isAnimated: false, images: Array(bytes.dropFirst(12)), comment: comment)
        case CImageStatusLibraryMissing:
            throw ImageError.libraryMissing(
                name: "an image to be written", format: .webp, library: library, package: Self.webPPackage)
        default: throw ImageError.unwritable(format: .webp, reason: message)
        }
    }
}
