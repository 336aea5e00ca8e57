import FoundationEssentials

/// The layouts of captioned pictures that are read.
public enum CorpusFormat: Sendable, CaseIterable, CustomStringConvertible {
    /// A folder with `metadata.jsonl`, a JSON object a line.
    case metadataLines
    /// Beside each picture a `.txt` file of the same name, a caption a line.
    case sidecars

    /// The name that people know it by.
    public var description: String {
        switch self {
        case .metadataLines: "image folder with metadata.jsonl"
        case .sidecars: "pictures with .txt files"
        }
    }
}
