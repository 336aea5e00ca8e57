import FoundationEssentials
import JSON

/// A row of `metadata.jsonl`.
struct MetadataRow: Encodable {
    var fileName: String?
    /// Nil if the captions are in a text file beside the image.
    var text: [String]?
    var className: String?
    var split: String?
    /// The original file of a converted image; informational.
    var source: String?

    private enum CodingKeys: String, CodingKey {
        case fileName = "file_name"
        case text, split, source
        case className = "class"
    }

    /// The row as JSON, its end included.
    func line() throws -> [UInt8] {
        [UInt8]((try jsonText(self) + "\n").utf8)
    }
}
