import Basics

/// Why an image cannot be read or written. `name` is the file's path, or the name that the caller passed with the
/// bytes.
public enum ImageError: ClassifiedError {
    /// The file cannot be opened or read.
    case unreadable(path: String, reason: String)
    /// The bytes begin with no known signature.
    case unrecognized(name: String)
    /// The format is known, but not decoded.
    case unsupported(name: String, format: ImageFormat)
    /// The bytes end before the image does.
    case truncated(name: String, format: ImageFormat)
    /// The codec refuses the bytes.
    case damaged(name: String, format: ImageFormat, reason: String)
    /// The header states more than 32768 pixels a side, or more than `limit` in all, which is the limit for images of
    /// this kind: a plural, such as "interlaced PNG images".
    case tooLarge(name: String, width: Int, height: Int, kind: String, limit: Int)
    /// The library for this format is not installed.
    case libraryMissing(name: String, format: ImageFormat, library: String, package: String)
    /// There is not enough memory for the pixels.
    case outOfMemory(name: String)
    /// A text that PNG cannot store.
    case invalidText(keyword: String, reason: String)
    /// The codec failed to write the image.
    case unwritable(format: ImageFormat, reason: String)

    /// `outOfMemory` if there was not enough memory, else `badData`.
    public var kind: ErrorKind { if case .outOfMemory = self { .outOfMemory } else { .badData } }

    /// One line: the image, what is wrong with it and, if possible, what to do.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason)"
        case .unrecognized(let name):
            "\(name): not an image in a known format; PNG, JPEG, WebP, GIF, BMP and TIFF are read"
        case .unsupported(let name, let format):
            "\(name): \(format.rawValue) images are not read" + (format.advice.map { "; \($0)" } ?? "")
        case .truncated(let name, let format):
            "\(name): the \(format.rawValue) image is truncated; copy or download the file again"
        case .damaged(let name, let format, let reason):
            "\(name): the \(format.rawValue) image is damaged: \(reason)"
        case .tooLarge(let name, let width, let height, let kind, let limit):
            "\(name): claims \(width)×\(height) pixels; \(kind) are read up to \(Image.maximumSide) a side and "
                + "\(limit / 1_000_000) million in all; reduce it with `vipsthumbnail --size 8000x8000 -o %s-small.png FILE` "
                + "(package libvips-tools)"
        case .libraryMissing(let name, let format, let library, let package):
            "\(name): \(format.rawValue) needs \(library), which is not installed; "
                + "`apt-get install \(package)` brings it"
        case .outOfMemory(let name):
            "\(name): not enough memory for its pixels"
        case .invalidText(let keyword, let reason):
            "PNG text \"\(keyword)\": \(reason)"
        case .unwritable(let format, let reason):
            "the image cannot be written as \(format.rawValue): \(reason)"
        }
    }
}
