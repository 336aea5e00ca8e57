import ArgumentParser
import Images

/// Formats of still images that are written.
enum StillFormat: String, ExpressibleByArgument, CaseIterable {
    case png
    case jpeg
    case webp

    private var format: ImageFormat {
        switch self {
        case .png: .png
        case .jpeg: .jpeg
        case .webp: .webp
        }
    }

    /// The format of files with this suffix; nil for others.
    init?(suffix: String) {
        guard let format = Self.allCases.first(where: { $0.format.suffixes.contains(suffix) }) else { return nil }
        self = format
    }

    /// The usual suffix.
    var suffix: String { format.suffixes[0] }

    /// The bytes of a file.
    /// - Parameters:
    ///   - quality: of a JPEG, 1…100; the others are lossless.
    ///   - text: text chunks of a PNG; the others have none.
    /// - Throws: `ImageError` if the format's library is missing.
    func data(_ image: Image, quality: Int, text: [(keyword: String, text: String)]) throws -> [UInt8] {
        switch self {
        case .png: try image.pngData(text: text)
        case .jpeg: try image.jpegData(quality: quality)
        case .webp: try image.webPData()
        }
    }
}
