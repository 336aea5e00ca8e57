import Basics
import Files
import Glibc

/// An encoded image with its metadata, ready to be written.
struct EncodedImage: Sendable {
    let bytes: [UInt8]
    /// `png`, `jpg`, `webp`, `gif`, `bmp` or `tif`.
    let fileExtension: String
    /// Nil if it has none.
    let captions: [String]?
    let className: String?
    let split: String?
    /// The image's path in the original corpus; nil if it was made.
    let source: String?

    /// Its row of `metadata.jsonl`; without a file name, its `.json` member in a shard.
    fileprivate func row(named fileName: String? = nil) throws -> [UInt8] {
        try MetadataRow(fileName: fileName, text: captions, className: className, split: split, source: source).line()
    }
}

/// Writes a corpus image by image.
protocol CorpusWriter {
    mutating func add(_ image: EncodedImage) throws
    /// Writes what is still buffered; called once, after the last image.
    mutating func finish() throws
    /// Number of shards written so far.
    var shards: Int { get }
}

/// An image folder: `images/00000.jpg` and so on, and `metadata.jsonl`.
struct FolderWriter: CorpusWriter {
    private let folder: String
    private let metadata: OutputFile
    private var count = 0
    let shards = 0

    init(_ folder: String) throws {
        self.folder = folder
        guard mkdir("\(folder)/images", 0o777) == 0 else {
            throw CorpusError.cannotWrite(path: "\(folder)/images", reason: String(cString: strerror(errno)))
        }
        metadata = try OutputFile("\(folder)/\(MetadataFile.name)")
    }

    mutating func add(_ image: EncodedImage) throws {
        let name = "images/\(zeroPadded(count, width: 5)).\(image.fileExtension)"
        count += 1
        let file = try OutputFile("\(folder)/\(name)")
        try file.append(image.bytes)
        try file.finish()
        try metadata.append(image.row(named: name))
    }

    mutating func finish() throws { try metadata.finish() }
}

/// Maximum size of a shard; each holds at least one image.
public enum ShardLimit: Sendable, Equatable {
    /// A number of images.
    case images(Int)
    /// A size of the file in bytes.
    case bytes(Int)
}

/// WebDataset shards `shard-00000.tar` and so on: each image with a `.json` of the same name that holds its captions
/// (`text`), `class` and `split`.
struct ShardWriter: CorpusWriter {
    private let folder: String
    private let size: ShardLimit
    private var file: OutputFile?
    private(set) var shards = 0
    private var images = 0
    private var bytes = 0
    private var count = 0

    init(_ folder: String, size: ShardLimit) {
        self.folder = folder
        self.size = size
    }

    mutating func add(_ image: EncodedImage) throws {
        let record = try image.row()
        let added = TarArchive.recordSize(of: image.bytes.count) + TarArchive.recordSize(of: record.count)
        let isFull =
            switch size {
            case .images(let limit): images >= limit
            case .bytes(let limit): images > 0 && bytes + added + TarArchive.end.count > limit
            }
        if isFull { try finish() }
        let file = try file ?? OutputFile("\(folder)/shard-\(zeroPadded(shards, width: 5)).tar")
        if self.file == nil { shards += 1 }
        self.file = file
        let name = zeroPadded(count, width: 8)
        for (end, contents) in [(image.fileExtension, image.bytes), ("json", record)] {
            try file.append(TarArchive.header(name: "\(name).\(end)", size: contents.count))
            try file.append(contents)
            try file.append(TarArchive.padding(after: contents.count))
        }
        images += 1
        bytes += added
        count += 1
    }

    mutating func finish() throws {
        try file?.append(TarArchive.end)
        try file?.finish()
        file = nil
        (images, bytes) = (0, 0)
    }
}
