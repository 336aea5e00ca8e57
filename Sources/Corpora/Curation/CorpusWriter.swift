import Basics
import Files
import Glibc

/// An image to be written: encoded, with what belongs to it.
struct EncodedImage: Sendable {
    let bytes: [UInt8]
    /// `png`, `jpg` or `webp`.
    let fileExtension: String
    let captions: [String]
    let className: String?
    let split: String?
    /// What it was called where it comes from.
    let source: String

    /// What is written about it: a row of metadata, or without a name the `.json` beside it in a shard.
    fileprivate func row(named fileName: String? = nil) throws -> [UInt8] {
        try MetadataRow(fileName: fileName, text: captions, className: className, split: split, source: source).line()
    }
}

/// Writes a corpus image by image.
protocol CorpusWriter {
    mutating func add(_ image: EncodedImage) throws
    /// Writes what remains, after the last.
    mutating func finish() throws
    /// Files of several images that were written.
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

/// WebDataset shards `shard-00000.tar` and so on: each image with a `.json` of the same name that holds its captions
/// (`text`), `class` and `split`.
struct ShardWriter: CorpusWriter {
    private let folder: String
    private let size: CorpusConversion.ShardSize
    private var file: OutputFile?
    private(set) var shards = 0
    private var images = 0
    private var bytes = 0
    private var count = 0

    init(_ folder: String, size: CorpusConversion.ShardSize) {
        self.folder = folder
        self.size = size
    }

    mutating func add(_ image: EncodedImage) throws {
        let record = try image.row()
        let room = TarArchive.recordSize(of: image.bytes.count) + TarArchive.recordSize(of: record.count)
        let isFull =
            switch size {
            case .images(let most): images >= most
            case .bytes(let most): images > 0 && bytes + room + TarArchive.end.count > most
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
        bytes += room
        count += 1
    }

    mutating func finish() throws {
        try file?.append(TarArchive.end)
        try file?.finish()
        file = nil
        (images, bytes) = (0, 0)
    }
}
