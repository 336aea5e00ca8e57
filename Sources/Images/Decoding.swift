import CImageCodecs
import Glibc

/// Where the decoders that are loaded at run time are found, in the words of the dynamic loader.
package struct CodecLibraries: Sendable {
    package var jpeg = "libturbojpeg.so.0"
    package var webp = "libwebp.so.7"

    package init() {}
}

extension Image {
    /// Reads and decodes a PNG, JPEG or WebP file; the format is told by the bytes, not by the file's name.
    ///
    /// - Throws: ``ImageError``, which names `path`.
    public init(contentsOf path: String) throws {
        try self.init(decoding: try Self.bytes(ofFile: path), named: path)
    }

    /// Decodes a PNG, JPEG or WebP image.
    ///
    /// Whatever the file holds becomes 8-bit RGB: palettes, grey, CMYK and 16-bit samples are converted, alpha is
    /// composed over white, a PNG's gamma and a JPEG's Exif orientation are applied. Colour profiles are not applied.
    ///
    /// - Parameter name: what errors call these bytes, usually their path.
    /// - Throws: ``ImageError`` on anything that is not a whole image of at most 32768 pixels a side and 64 million in
    ///   all.
    public init(decoding bytes: [UInt8], named name: String) throws {
        try self.init(decoding: bytes, named: name, libraries: CodecLibraries())
    }

    /// As ``init(decoding:named:)``, with decoders loaded from elsewhere.
    package init(decoding bytes: [UInt8], named name: String, libraries: CodecLibraries) throws {
        switch ImageFormat(signatureOf: bytes) {
        case .png:
            self = try Self.decoded(as: .png, named: name) { pixels, message in
                CImagePNGDecode(bytes, bytes.count, &pixels, message.baseAddress, message.count)
            }
        case .jpeg:
            let markers = JPEGMarkers(of: bytes)
            guard markers.isComplete else { throw ImageError.truncated(name: name, format: .jpeg) }
            let library = libraries.jpeg
            self = try Self.decoded(as: .jpeg, named: name, library: (library, "libturbojpeg0")) { pixels, message in
                CImageJPEGDecode(
                    library, bytes, bytes.count, markers.hasAdobe ? 1 : 0, &pixels, message.baseAddress, message.count)
            }.oriented(markers.orientation)
        case .webp:
            // The container's size field counts what follows it (RFC 9649, section 2.4).
            let claimed = (0..<4).reduce(0) { $0 | Int(bytes[4 + $1]) << (8 * $1) }
            guard bytes.count >= 8 + claimed else { throw ImageError.truncated(name: name, format: .webp) }
            let library = libraries.webp
            self = try Self.decoded(as: .webp, named: name, library: (library, "libwebp7")) { pixels, message in
                CImageWebPDecode(library, bytes, bytes.count, &pixels, message.baseAddress, message.count)
            }
        case nil:
            throw ImageError.unrecognized(name: name)
        }
    }

    /// Runs a decoder of C and turns what it reports into an image or an error.
    private static func decoded(
        as format: ImageFormat, named name: String, library: (name: String, package: String) = ("", ""),
        _ decode: (inout CImagePixels, UnsafeMutableBufferPointer<CChar>) -> CImageStatus
    ) throws -> Image {
        var pixels = CImagePixels()
        let (status, message) = withMessageBuffer { decode(&pixels, $0) }
        defer { CImageFree(pixels.rgb) }
        if status == CImageStatusLibraryMissing {
            throw ImageError.libraryMissing(
                name: name, format: format, library: library.name, package: library.package)
        }
        let (width, height) = (Int(pixels.width), Int(pixels.height))
        try check(status, message: message, format: format, name: name, width: width, height: height)
        let samples = [UInt8](UnsafeBufferPointer(start: pixels.rgb, count: width * height * 3))
        return Image(width: width, height: height, pixels: samples)
    }

    /// The error that `status` stands for, if any.
    static func check(
        _ status: CImageStatus, message: String, format: ImageFormat, name: String, width: Int = 0, height: Int = 0
    ) throws {
        switch status {
        case CImageStatusDone: return
        case CImageStatusTruncated: throw ImageError.truncated(name: name, format: format)
        case CImageStatusTooLarge: throw ImageError.tooLarge(name: name, width: width, height: height)
        case CImageStatusOutOfMemory: throw ImageError.outOfMemory(name: name)
        default: throw ImageError.damaged(name: name, format: format, reason: message)
        }
    }

    private static func bytes(ofFile path: String) throws -> [UInt8] {
        func failure() -> ImageError { .unreadable(path: path, reason: String(cString: strerror(errno))) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure() }
        // One byte more than the file has, so that its end shows without growing the array.
        var bytes = [UInt8](repeating: 0, count: max(Int(status.st_size), 4095) + 1)
        var count = 0
        while true {
            if count == bytes.count { bytes += [UInt8](repeating: 0, count: bytes.count) }
            let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + count, $0.count - count) }
            if got == 0 { break }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { throw failure() }
            count += got
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

/// Lends C a buffer for its sentence and returns what it wrote there.
func withMessageBuffer<Result>(
    _ body: (UnsafeMutableBufferPointer<CChar>) -> Result
) -> (result: Result, message: String) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { buffer in
        buffer.initialize(repeating: 0)
        let result = body(buffer)
        return (result, String(cString: buffer.baseAddress!))
    }
}

extension ImageFormat {
    /// The format whose signature `bytes` begin with.
    package init?(signatureOf bytes: [UInt8]) {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            self = .webp
        } else {
            return nil
        }
    }
}
