import FoundationEssentials
import Glibc

/// A picture to be written: encoded, with what belongs to it.
struct WrittenPicture: Sendable {
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
        try PictureRow(fileName: fileName, text: captions, className: className, split: split, source: source).line()
    }
}

/// A row of `metadata.jsonl`.
struct PictureRow: Encodable {
    var fileName: String?
    var text: [String]
    var className: String?
    var split: String?
    /// Where the picture was taken from; nobody reads it but people.
    var source: String?

    private enum CodingKeys: String, CodingKey {
        case fileName = "file_name"
        case text, split, source
        case className = "class"
    }

    /// The row as JSON, its end included.
    func line() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}

/// Writes a corpus picture by picture.
protocol CorpusWriter {
    mutating func add(_ picture: WrittenPicture) throws
    /// Writes what remains, after the last.
    mutating func finish() throws
    /// Files of several pictures that were written.
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

    mutating func add(_ picture: WrittenPicture) throws {
        let name = "images/\(padded(count, digits: 5)).\(picture.fileExtension)"
        count += 1
        let file = try OutputFile("\(folder)/\(name)")
        try file.append(picture.bytes)
        try file.finish()
        try metadata.append(picture.row(named: name))
    }

    mutating func finish() throws { try metadata.finish() }
}

/// WebDataset shards `shard-00000.tar` and so on: each picture with a `.json` of the same name that holds its captions
/// (`text`), `class` and `split`.
struct ShardWriter: CorpusWriter {
    private let folder: String
    private let size: CorpusConversion.ShardSize
    private var file: OutputFile?
    private(set) var shards = 0
    private var pictures = 0
    private var bytes = 0
    private var count = 0

    init(_ folder: String, size: CorpusConversion.ShardSize) {
        self.folder = folder
        self.size = size
    }

    mutating func add(_ picture: WrittenPicture) throws {
        let record = try picture.row()
        let room = TarArchive.room(for: picture.bytes.count) + TarArchive.room(for: record.count)
        let isFull =
            switch size {
            case .pictures(let most): pictures >= most
            case .bytes(let most): pictures > 0 && bytes + room + TarArchive.end.count > most
            }
        if isFull { try finish() }
        let file = try file ?? OutputFile("\(folder)/shard-\(padded(shards, digits: 5)).tar")
        if self.file == nil { shards += 1 }
        self.file = file
        let name = padded(count, digits: 8)
        for (end, contents) in [(picture.fileExtension, picture.bytes), ("json", record)] {
            try file.append(TarArchive.header(name: "\(name).\(end)", size: contents.count))
            try file.append(contents)
            try file.append(TarArchive.padding(after: contents.count))
        }
        pictures += 1
        bytes += room
        count += 1
    }

    mutating func finish() throws {
        try file?.append(TarArchive.end)
        try file?.finish()
        file = nil
        (pictures, bytes) = (0, 0)
    }
}

/// A number with zeros before it.
func padded(_ number: Int, digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// A new file that is written from its beginning to its end.
final class OutputFile {
    private let path: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private static let bufferSize = 1 << 20

    /// - Throws: `CorpusError.cannotWrite`, as the other calls.
    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= OutputFile.bufferSize { try flush() }
    }

    /// Writes what is kept back, and closes the file.
    func finish() throws {
        try flush()
        defer { descriptor = -1 }
        // A full disk may show only here.
        guard close(descriptor) == 0 else { throw failure(errno) }
    }

    private func flush() throws {
        var done = 0
        while done < buffer.count {
            let count = buffer.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure(count < 0 ? errno : ENOSPC) }
            done += count
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func failure(_ code: Int32) -> CorpusError {
        .cannotWrite(path: path, reason: String(cString: strerror(code)))
    }
}
