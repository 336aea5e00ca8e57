/// The layouts of captioned pictures that are read.
public enum CorpusFormat: Sendable, CaseIterable, CustomStringConvertible {
    /// A folder with `metadata.jsonl`, a JSON object a line; or such folders side by side, one a split.
    case metadataLines
    /// The same with `metadata.csv`.
    case metadataTable
    /// The folders `text_c10` that come with CUB and Oxford flowers.
    case textFolders
    /// COCO captions: pictures and JSON files of `images` and `annotations`.
    case cocoCaptions
    /// Beside each picture a `.txt` file of the same name, a caption a line.
    case sidecars
    /// WebDataset shards: `.tar` or `.tar.gz` files of pictures with `.txt` or `.json` members.
    case shards

    /// The name that people know it by.
    public var description: String {
        switch self {
        case .metadataLines: "image folder with metadata.jsonl"
        case .metadataTable: "image folder with metadata.csv"
        case .textFolders: "text_c10 folders"
        case .cocoCaptions: "COCO captions"
        case .sidecars: "pictures with .txt files"
        case .shards: "WebDataset shards"
        }
    }

    /// What it is recognised by, as messages say it.
    var sign: String {
        switch self {
        case .metadataLines: "metadata.jsonl with \"file_name\" and \"text\""
        case .metadataTable: "metadata.csv with the columns file_name and text"
        case .textFolders: "text_c10/CLASS/PICTURE.txt"
        case .cocoCaptions: "COCO captions in annotations/*.json or captions*.json"
        case .sidecars:
            "pictures (\(PicturePath.extensions.joined(separator: ", "))) with a .txt file of the same name"
        case .shards: "WebDataset shards (.tar, .tar.gz)"
        }
    }
}
