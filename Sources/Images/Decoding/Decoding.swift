import CImageCodecs
import Files
import Glibc

/// Names of the codec libraries for `dlopen`, which loads them on first use.
package struct CodecLibraries: Sendable {
    package var jpeg = "libturbojpeg.so.0"
    package var webp = "libwebp.so.7"
    package var tiff = "libtiff.so.6"

    package init() {}
}

extension Image {
    /// Reads and decodes an image file; its content, not its name, determines the format.
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

    /// Decodes an image of a format that is ``ImageFormat/isDecodable``, or the first frame or page of several.
    ///
    /// All images are converted to 8-bit RGB, including palettes, grey, CMYK and 16-bit samples. Alpha is composed over
    /// `background`; the Exif orientation, which a TIFF has as a tag of its own, and a PNG's gamma are applied, colour
    /// profiles are not. Alpha blends the encoded samples, as image viewers and Pillow do, except in a PNG with a gamma
    /// other than sRGB's, where it blends linear light, as libpng does.
    ///
    /// - Parameters:
    ///   - name: the name of the image in errors, usually its path.
    ///   - background: the colour behind transparent pixels.
    ///   - side: the size in pixels that the caller will reduce the image to; nil is full size. A JPEG is then decoded
    ///     at 1/2, 1/4 or 1/8, as long as its shorter side stays at least twice this size. That is much faster, and
    ///     makes little difference after an antialiased resize. A PNG of more than 64 million pixels is reduced
    ///     likewise, by the mean of blocks of pixels. Other images ignore it.
    /// - Throws: ``ImageError`` for anything but a complete image of at most 32768 pixels a side and 64 million pixels;
    ///   200 million for a PNG without interlacing or a JPEG that is not progressive, if `side` is given: such images
    ///   of more than 64 million pixels are reduced at least by two.
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
        case .png: self = try Self.decodedPNG(bytes, named: name, background: background, atLeast: side)
        case .jpeg: self = try Self.decodedJPEG(bytes, named: name, atLeast: side, library: libraries.jpeg)
        case .webp:
            self = try Self.decodedWebP(bytes, named: name, background: background, library: libraries.webp)
        case .gif: self = try GIFFrame(of: bytes, named: name).decoded(over: background)
        case .bmp: self = try Bitmap(of: bytes, named: name).decoded(over: background)
        case .tiff:
            self = try Self.decodedTIFF(bytes, named: name, background: background, library: libraries.tiff)
        case let format?: throw ImageError.unsupported(name: name, format: format)
        case nil: throw ImageError.unrecognized(name: name)
        }
    }

    /// Width and height in pixels of the decoded image at full size. Only headers are read, so the rest may be damaged.
    ///
    /// - Throws: ``ImageError`` if there is no valid header, or the image is too large at any size.
    public static func size(of bytes: [UInt8], named name: String) throws -> (width: Int, height: Int) {
        let (width, height, orientation): (Int, Int, Orientation)
        switch ImageFormat(signatureOf: bytes) {
        case .png:
            let header = try PNGHeader(of: bytes, named: name)
            (width, height, orientation) = (header.width, header.height, PNGChunks(bytes).orientation)
        case .jpeg:
            let markers = JPEGMarkers(of: bytes, toTheEnd: false)
            let frame = try markers.frame(named: name)
            (width, height, orientation) = (frame.width, frame.height, markers.orientation)
        case .webp:
            let container = try WebPContainer(of: bytes, named: name)
            (width, height, orientation) = (container.width, container.height, container.orientation)
        case .gif:
            let frame = try GIFFrame(of: bytes, named: name)
            (width, height, orientation) = (frame.width, frame.height, .upright)
        case .bmp:
            let bitmap = try Bitmap(of: bytes, named: name)
            (width, height, orientation) = (bitmap.width, bitmap.height, .upright)
        case .tiff:
            let header = try TIFFHeader(of: bytes, named: name)
            (width, height, orientation) = (header.width, header.height, header.orientation)
        case let format?:
            throw ImageError.unsupported(name: name, format: format)
        case nil:
            throw ImageError.unrecognized(name: name)
        }
        return orientation.swapsSides ? (height, width) : (width, height)
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
        try checkMemory(count, named: name)
        let samples = try [UInt8](unsafeUninitializedCapacity: count) { samples, initialized in
            if let background { fill(samples, count: count, with: background) }
            let target = CImageTarget(rgb: samples.baseAddress, width: width, height: height, stride: width * 3)
            let (status, message) = withMessageBuffer { decode(target, $0) }
            try check(status, message: message, format: format, name: name, library: library)
            initialized = count
        }
        return Image(width: width, height: height, pixels: samples)
    }

    /// Whether an array of `count` bytes can be allocated. A failed allocation ends the process, so a large one is tried
    /// with malloc first.
    ///
    /// - Throws: ``ImageError/outOfMemory(name:)``.
    static func checkMemory(_ count: Int, named name: String) throws {
        guard count > 1 << 24 else { return }
        guard let memory = malloc(count) else { throw ImageError.outOfMemory(name: name) }
        free(memory)
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

/// An unsigned integer of at most four bytes, the most significant first.
func bigEndian(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

/// An unsigned integer of at most four bytes, the least significant first.
func littleEndian(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

/// The lowest `count` bytes of an integer, the most significant first.
func bigEndian(_ value: Int, _ count: Int) -> [UInt8] { littleEndian(value, count).reversed() }

/// The lowest `count` bytes of an integer, the least significant first.
func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
