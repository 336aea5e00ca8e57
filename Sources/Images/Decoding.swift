import CImageCodecs
import Glibc

/// Where the codecs that are loaded at run time are found, in the words of the dynamic loader.
package struct CodecLibraries: Sendable {
    package var jpeg = "libturbojpeg.so.0"
    package var webp = "libwebp.so.7"

    package init() {}
}

extension Image {
    /// Reads and decodes a PNG, JPEG or WebP file; the format is told by the bytes, not by the file's name.
    ///
    /// - Parameters: as of ``init(decoding:named:background:atLeast:)``.
    /// - Throws: ``ImageError``, which names `path`.
    public init(contentsOf path: String, background: RGB = .white, atLeast side: Int? = nil) throws {
        try self.init(decoding: try Self.bytes(ofFile: path), named: path, background: background, atLeast: side)
    }

    /// Decodes a PNG, JPEG or WebP image; of an animation, the first frame.
    ///
    /// Whatever the file holds becomes 8-bit RGB: palettes, grey, CMYK and 16-bit samples are converted, alpha is
    /// composed over `background`, a PNG's gamma and a JPEG's Exif orientation are applied. Colour profiles are not
    /// applied. Alpha weighs the encoded samples, as in image viewers and Pillow, except in a PNG that tells a gamma
    /// other than sRGB's, where it weighs light, as libpng has it.
    ///
    /// - Parameters:
    ///   - name: what errors call these bytes, usually their path.
    ///   - background: what shows through transparency.
    ///   - side: where the caller will reduce the image to this size, in pixels: a JPEG is then decoded at a half, a
    ///     quarter or an eighth while its shorter side stays at least twice as long, which is much faster and after an
    ///     antialiased resize hardly another image. Other formats ignore it; nil is full size.
    /// - Throws: ``ImageError`` on anything that is not a whole image of at most 32768 pixels a side and 64 million in
    ///   all.
    public init(
        decoding bytes: [UInt8], named name: String, background: RGB = .white, atLeast side: Int? = nil
    ) throws {
        try self.init(
            decoding: bytes, named: name, background: background, atLeast: side, libraries: CodecLibraries())
    }

    /// As ``init(decoding:named:background:atLeast:)``, with decoders loaded from elsewhere.
    package init(
        decoding bytes: [UInt8], named name: String, background: RGB = .white, atLeast side: Int? = nil,
        libraries: CodecLibraries
    ) throws {
        switch ImageFormat(signatureOf: bytes) {
        case .png: self = try Self.decodedPNG(bytes, named: name, background: background)
        case .jpeg: self = try Self.decodedJPEG(bytes, named: name, atLeast: side, library: libraries.jpeg)
        case .webp:
            self = try Self.decodedWebP(bytes, named: name, background: background, library: libraries.webp)
        case nil: throw ImageError.unrecognized(name: name)
        }
    }

    /// Width and height of the image that ``init(decoding:named:background:atLeast:)`` makes of these bytes at full
    /// size, from the header alone: what comes behind may be damaged all the same.
    ///
    /// - Throws: ``ImageError`` where there is no header, or it claims more than is read.
    public static func size(of bytes: [UInt8], named name: String) throws -> (width: Int, height: Int) {
        switch ImageFormat(signatureOf: bytes) {
        case .png:
            let header = try PNGHeader(of: bytes, named: name)
            return (header.width, header.height)
        case .jpeg:
            let markers = JPEGMarkers(of: bytes, toTheEnd: false)
            let frame = try markers.frame(named: name)
            return markers.orientation.swapsSides ? (frame.height, frame.width) : (frame.width, frame.height)
        case .webp:
            let container = try WebPContainer(of: bytes, named: name)
            return (container.width, container.height)
        case nil:
            throw ImageError.unrecognized(name: name)
        }
    }

    /// Lets a decoder of C write an image of the given size, over `background` where it does not write all of it, and
    /// turns what it reports into an error.
    static func decoded(
        width: Int, height: Int, as format: ImageFormat, named name: String,
        library: (name: String, package: String) = ("", ""), background: RGB? = nil,
        _ decode: (CImageTarget, UnsafeMutableBufferPointer<CChar>) -> CImageStatus
    ) throws -> Image {
        let count = width * height * 3
        // An array that finds no memory stops the process: a large one asks first.
        if count > 1 << 24 {
            guard let memory = malloc(count) else { throw ImageError.outOfMemory(name: name) }
            free(memory)
        }
        let samples = try [UInt8](unsafeUninitializedCapacity: count) { samples, initialized in
            if let background { fill(samples, count: count, with: background) }
            let target = CImageTarget(rgb: samples.baseAddress, width: width, height: height, stride: width * 3)
            let (status, message) = withMessageBuffer { decode(target, $0) }
            try check(status, message: message, format: format, name: name, library: library)
            initialized = count
        }
        return Image(width: width, height: height, pixels: samples)
    }

    /// The error that `status` stands for, if any.
    static func check(
        _ status: CImageStatus, message: String, format: ImageFormat, name: String,
        library: (name: String, package: String) = ("", "")
    ) throws {
        switch status {
        case CImageStatusDone: return
        case CImageStatusTruncated: throw ImageError.truncated(name: name, format: format)
        case CImageStatusOutOfMemory: throw ImageError.outOfMemory(name: name)
        case CImageStatusLibraryMissing:
            throw ImageError.libraryMissing(
                name: name, format: format, library: library.name, package: library.package)
        default: throw ImageError.damaged(name: name, format: format, reason: message)
        }
    }

    /// The whole of a regular file: a pipe or a device may have no end.
    private static func bytes(ofFile path: String) throws -> [UInt8] {
        func failure(_ code: Int32 = errno) -> ImageError {
            .unreadable(path: path, reason: String(cString: strerror(code)))
        }
        // Opening a pipe would wait for somebody to write.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw failure(EISDIR) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ImageError.unreadable(path: path, reason: "it is not a regular file")
        }
        // Twice what 64 million pixels of four 16-bit samples take.
        guard status.st_size <= 1 << 30 else {
            throw ImageError.unreadable(path: path, reason: "it is larger than a GiB")
        }
        let size = Int(status.st_size)
        return try [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
            while count < size {
                let got = read(file, bytes.baseAddress! + count, size - count)
                if got == 0 { break }
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else { throw failure() }
                count += got
            }
        }
    }
}

/// Refuses what is larger than is read: an image nobody trains on, or a header that lies.
///
/// - Throws: ``ImageError/tooLarge(name:width:height:)``, or ``ImageError/damaged(name:format:reason:)`` for no pixels.
func checkSize(width: Int, height: Int, format: ImageFormat, name: String) throws {
    guard width > 0, height > 0 else {
        throw ImageError.damaged(name: name, format: format, reason: "it claims \(width)×\(height) pixels")
    }
    guard width <= 32768, height <= 32768, width * height <= 64_000_000 else {
        throw ImageError.tooLarge(name: name, width: width, height: height)
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
