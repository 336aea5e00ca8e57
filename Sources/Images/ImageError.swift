import Basics

/// Formats of image files, recognised by their first bytes.
public enum ImageFormat: String, Sendable {
    /// Portable Network Graphics (ISO/IEC 15948).
    case png = "PNG"
    /// ISO/IEC 10918, with a JFIF, Exif or Adobe header.
    case jpeg = "JPEG"
    /// WebP (RFC 9649); of animations, the first frame.
    case webp = "WebP"
}

/// Why an image could not be read or written; `name` is the file's path or what the caller called the bytes.
public enum ImageError: ClassifiedError {
    /// The file could not be opened or read.
    case unreadable(path: String, reason: String)
    /// The bytes begin like no format known here.
    case unrecognized(name: String)
    /// The bytes end before the image does.
    case truncated(name: String, format: ImageFormat)
    /// The codec refuses the bytes.
    case damaged(name: String, format: ImageFormat, reason: String)
    /// The header claims more pixels than are read: 32768 a side, 64 million in all.
    case tooLarge(name: String, width: Int, height: Int)
    /// The library for this format is not installed.
    case libraryMissing(name: String, format: ImageFormat, library: String, package: String)
    /// There is not enough memory for the pixels.
    case outOfMemory(name: String)
    /// PNG cannot carry this text.
    case invalidText(keyword: String, reason: String)
    /// The codec did not write the image.
    case unwritable(format: ImageFormat, reason: String)

    /// `outOfMemory` where memory was refused, else `badData`.
    public var kind: ErrorKind { if case .outOfMemory = self { .outOfMemory } else { .badData } }

    /// One line: the image, what is wrong with it and, where there is one, the cure.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason)"
        case .unrecognized(let name):
            "\(name): not an image in a known format; PNG, JPEG and WebP are read"
        case .truncated(let name, let format):
            "\(name): the \(format.rawValue) image is truncated; copy or download the file again"
        case .damaged(let name, let format, let reason):
            "\(name): the \(format.rawValue) image is damaged: \(reason)"
        case .tooLarge(let name, let width, let height):
            "\(name): claims \(width)×\(height) pixels; at most 32768 a side and 64 million in all are read"
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
