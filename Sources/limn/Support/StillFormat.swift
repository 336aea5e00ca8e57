import ArgumentParser
import Images
import Inference

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
    ///   - metadata: what the file says about itself, a PNG in text chunks, others in the Exif tag UserComment; nil for
    ///     nothing.
    /// - Throws: `ImageError` if the format's library is missing.
    func data(_ image: Image, quality: Int, metadata: TranslationMetadata?) throws -> [UInt8] {
        switch self {
        case .png: try image.pngData(text: metadata?.pngText ?? [])
        case .jpeg: try image.jpegData(quality: quality, comment: metadata?.text ?? "")
        case .webp: try image.webPData(comment: metadata?.text ?? "")
        }
    }
}
