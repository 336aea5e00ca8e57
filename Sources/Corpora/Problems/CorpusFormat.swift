/// The supported layouts of captioned images.
public enum CorpusFormat: Sendable, CaseIterable, CustomStringConvertible {
    /// A folder with `metadata.jsonl`, one JSON object per line; or one such folder per split.
    case metadataLines
    /// The same with a table, `metadata.csv` or another.
    case metadataTable
    /// The folders `text_c10` that come with CUB and Oxford flowers.
    case textFolders
    /// COCO captions: images and JSON files of `images` and `annotations`.
    case cocoCaptions
    /// Images with a `.txt`, `.caption` or `.json` file of the same name.
    case sidecars
    /// Images without any text, where captions are not required.
    case images
    /// WebDataset shards: `.tar` or `.tar.gz` files of images with `.txt` or `.json` members.
    case shards

    /// The name of the layout.
    public var description: String {
        switch self {
        case .metadataLines: "image folder with metadata.jsonl"
        case .metadataTable: "image folder with a table"
        case .textFolders: "text_c10 folders"
        case .cocoCaptions: "COCO captions"
        case .sidecars: "images with text files"
        case .images: "images without captions"
        case .shards: "WebDataset shards"
        }
    }

    /// The files that the layout is recognized by, for messages.
    var signature: String {
        switch self {
        case .metadataLines: "metadata.jsonl with \"file_name\" and \"text\""
        case .metadataTable: "metadata.csv, or another .csv or .tsv, with the columns file_name and text"
        case .textFolders: "text_c10/CLASS/IMAGE.txt"
        case .cocoCaptions: "COCO captions in annotations/*.json or captions*.json"
        case .sidecars:
            "images (\(ImagePath.extensions.joined(separator: ", "))) with a .txt, .caption or .json file of the same name"
        case .images: "images (\(ImagePath.extensions.joined(separator: ", ")))"
        case .shards: "WebDataset shards (.tar, .tar.gz)"
        }
    }
}
