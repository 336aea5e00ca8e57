import CImageCodecs

extension Image {
    /// The image as a baseline JPEG file, without chroma subsampling, which harms small images most.
    ///
    /// - Parameters:
    ///   - quality: libjpeg's quality, 1 to 100.
    ///   - comment: a text that viewers do not show, the Exif tag UserComment; empty for none. It is cut off at 32,737
    ///     UTF-16 code units, for which a segment of a JPEG has room.
    /// - Throws: ``ImageError/libraryMissing(name:format:library:package:)``,
    ///   ``ImageError/unwritable(format:reason:)``.
    public func jpegData(quality: Int, comment: String = "") throws -> [UInt8] {
        try jpegData(quality: quality, comment: comment, libraries: CodecLibraries())
    }

    /// The same with an encoder from another library.
    func jpegData(quality: Int, comment: String = "", libraries: CodecLibraries) throws -> [UInt8] {
        precondition((1...100).contains(quality), "a quality is 1 to 100, not \(quality)")
        let library = libraries.jpeg
        var jpeg = CImageBytes()
        let (status, message) = withMessageBuffer {
            CImageJPEGEncode(library, pixels, width, height, Int32(quality), &jpeg, $0.baseAddress, $0.count)
        }
        defer { CImageFree(jpeg.bytes) }
        switch status {
        case CImageStatusDone:
            let bytes = [UInt8](UnsafeBufferPointer(start: jpeg.bytes, count: jpeg.count))
            return comment.isEmpty ? bytes : Self.jpeg(bytes, with: comment)
        case CImageStatusLibraryMissing:
            throw ImageError.libraryMissing(
                name: "an image to be written", format: .jpeg, library: library, package: Self.jpegPackage)
        default: throw ImageError.unwritable(format: .jpeg, reason: message)
        }
    }

    /// The file with a comment as Exif data (CIPA DC-008, section 4.5.4), behind the JFIF header, which comes first.
    private static func jpeg(_ bytes: [UInt8], with comment: String) -> [UInt8] {
        let hasHeader = bytes[2..<4] == [0xFF, 0xE0]
        let start = hasHeader ? 4 + bigEndian(bytes[4..<6]) : 2
        let name = Array("Exif\0\0".utf8)
        // A segment has a length of two bytes, which counts itself.
        let content = name + ExifComment.data(comment, limit: 0xFFFF - 2 - name.count)
        var result = bytes
        result.insert(contentsOf: [0xFF, 0xE1] + bigEndian(2 + content.count, 2) + content, at: start)
        return result
    }
}
