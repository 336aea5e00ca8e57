import CImageCodecs
import Files
import Glibc

/// Names of the codec libraries for `dlopen`, which loads them on first use.
package struct CodecLibraries: Sendable {
    package var jpeg = "libturbojpeg.so.0"
    package var webp = "libwebp.so.7"

    package init() {}
}

extension Image {
    /// Reads and decodes a PNG, JPEG or WebP file; its content, not its name, determines the format.
    ///
    /// - Parameters: see ``init(decoding:named:background:atLeast:)``.
    /// - Throws: ``ImageError``, which names `path`.
    public init(contentsOf path: String, background: RGB = .white, atLeast side: Int? = nil) throws {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try OpenFile.contents(path, limit: Self.largestFile)
        } catch {
            throw ImageError.unreadable(path: path, reason: error.reason)
        }
        try self.init(decoding: bytes, named: path, background: background, atLeast: side)
    }

    /// Maximum size of an image file: twice what 64 million pixels of four 16-bit samples take.
    private static let largestFile = 1 << 30

    /// Decodes a PNG, JPEG or WebP image, or the first frame of an animation.
    ///
    /// All images are converted to 8-bit RGB, including palettes, grey, CMYK and 16-bit samples. Alpha is composed over
    /// `background`; a PNG's gamma and a JPEG's Exif orientation are applied, colour profiles are not. Alpha blends the
    /// encoded samples, as image viewers and Pillow do, except in a PNG with a gamma other than sRGB's, where it blends
    /// linear light, as libpng does.
    ///
    /// - Parameters:
    ///   - name: the name of the image in errors, usually its path.
    ///   - background: the colour behind transparent pixels.
    ///   - side: the size in pixels that the caller will reduce the image to; nil is full size. A JPEG is then decoded
    ///     at 1/2, 1/4 or 1/8, as long as its shorter side stays at least twice this size. That is much faster, and
    ///     makes little difference after an antialiased resize. Other formats ignore it.
    /// - Throws: ``ImageError`` for anything but a complete image of at most 32768 pixels a side and 64 million pixels.
    public init(
        decoding bytes: [UInt8], named name: String, background: RGB = .white, atLeast side: Int? = nil
    ) throws {
        try self.init(
            decoding: bytes, named: name, background: background, atLeast: side, libraries: CodecLibraries())
    }

    /// The same with decoders from other libraries.
    package init(
        decoding bytes: [UInt8], named name: String, background: RGB = .white, atLeast side: Int? = nil,
        libraries: CodecLibraries
    ) throws {
        switch ImageFormat(signatureOf: bytes) {
        case .png: self = try Self.decodedPNG(bytes, named: name, background: background)
        case .jpeg: self = try Self.decodedJPEG(bytes, named: name, atLeast: side, library: libraries.jpeg)
        case .webp:
            self = try Self.decodedWebP(bytes, named: name, background: background, library: libraries.webp)
        case let format?: throw ImageError.unsupported(name: name, format: format)
        case nil: throw ImageError.unrecognized(name: name)
        }
    }

    /// Width and height in pixels of the decoded image at full size. Only the header is read, so the rest may be
    /// damaged.
    ///
    /// - Throws: ``ImageError`` if there is no valid header, or the image is too large.
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
        case let format?:
            throw ImageError.unsupported(name: name, format: format)
        case nil:
            throw ImageError.unrecognized(name: name)
        }
    }

    /// Calls a C decoder that writes an image of the given size, and converts its status to an error.
    ///
    /// - Parameter background: the colour of pixels that the decoder does not write; nil if it writes all of them.
    static func decoded(
        width: Int, height: Int, as format: ImageFormat, named name: String,
        library: (name: String, package: String) = ("", ""), background: RGB? = nil,
        _ decode: (CImageTarget, UnsafeMutableBufferPointer<CChar>) -> CImageStatus
    ) throws -> Image {
        let count = width * height * 3
        // A failed array allocation ends the process, so a large one is tried with malloc first.
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

    /// Throws the error that `status` stands for, if any.
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
}

/// Checks the size in an image's header against the limits.
///
/// - Throws: ``ImageError/tooLarge(name:width:height:)``, or ``ImageError/damaged(name:format:reason:)`` if a side is
///   0.
func checkSize(width: Int, height: Int, format: ImageFormat, name: String) throws {
    guard width > 0, height > 0 else {
        throw ImageError.damaged(name: name, format: format, reason: "it claims \(width)×\(height) pixels")
    }
    guard width <= 32768, height <= 32768, width * height <= 64_000_000 else {
        throw ImageError.tooLarge(name: name, width: width, height: height)
    }
}

/// Calls `body` with a buffer for a C string, and returns its result and the string.
func withMessageBuffer<Result>(
    _ body: (UnsafeMutableBufferPointer<CChar>) -> Result
) -> (result: Result, message: String) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { buffer in
        buffer.initialize(repeating: 0)
        let result = body(buffer)
        return (result, String(cString: buffer.baseAddress!))
    }
}
