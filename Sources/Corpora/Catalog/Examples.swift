/// The examples of a corpus in order, created on access.
public struct Examples: RandomAccessCollection, Sendable, Equatable {
    let index: CorpusIndex

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of examples.
    public var endIndex: Int { index.rows.count }

    /// The example at a position.
    public subscript(position: Int) -> Example {
        precondition(indices.contains(position), "the corpus has no such example")
        return Example(
            path: index.path(position), captions: index.rows.captionRange(position).map { index.rows.captions[$0] },
            label: index.rows.classNumber(position))
    }

    /// Whether both list the same images with the same captions.
    public static func == (a: Examples, b: Examples) -> Bool { a.index === b.index || a.index.rows == b.index.rows }
}

/// The captions of a corpus, example by example, created on access.
public struct Captions: RandomAccessCollection, Sendable {
    let index: CorpusIndex

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of captions.
    public var endIndex: Int { index.rows.captions.count }

    /// The caption at a position.
    public subscript(position: Int) -> String {
        precondition(indices.contains(position), "the corpus has no such caption")
        return index.rows.captions[position]
    }
}

/// A file that holds many encoded images, such as a tar file.
protocol ImageArchive: Sendable {
    /// Its path.
    var path: String { get }
    /// Bytes `range` of its content.
    /// - Throws: `CorpusError.cannotRead`.
    func read(_ range: Range<Int>) throws(CorpusError) -> [UInt8]
}

/// The storage that copies of a corpus share.
final class CorpusIndex: Sendable {
    let rows: CorpusRows
    /// The folder that all paths are relative to.
    let root: String

    /// The files that list the rows, or the shards that hold them, relative to `root`.
    let sources: [String]
    /// The shards, one for each of `sources`; empty where images are files.
    private let shards: [any ImageArchive]

    init(_ listing: CorpusListing, rows: CorpusRows) {
        (self.rows, root, sources, shards) = (rows, listing.root, listing.sources, listing.shards)
    }

    /// The same corpus with other rows.
    init(_ other: CorpusIndex, rows: CorpusRows) {
        (self.rows, root, sources, shards) = (rows, other.root, other.sources, other.shards)
    }

    /// Index of the shard that contains a row's image; nil where it is a file.
    private func shard(_ row: Int) -> Int? { shards.isEmpty ? nil : rows.source(row) }

    /// Path of a row's image relative to `root`.
    func path(_ row: Int) -> String {
        let path = rows.paths[row]
        return shard(row).map { "\(sources[$0])/\(path)" } ?? path
    }

    /// The encoded bytes of a row's image.
    func encodedImage(_ row: Int) throws(CorpusError) -> [UInt8] {
        guard let shard = shard(row), let place = rows.member(row) else {
            return try CorpusFile.contents("\(root)/\(path(row))", limit: Corpus.largestImage)
        }
        return try shards[shard].read(place)
    }

    /// A digest that changes when a row's image is replaced.
    func stamp(_ row: Int) throws(CorpusError) -> UInt64 {
        let path = path(row)
        guard let shard = shard(row), let place = rows.member(row) else {
            return try FileStamp("\(root)/\(path)").digest(of: path)
        }
        return try FileStamp(shards[shard].path).digest(of: "\(path) \(place)")
    }

    /// A problem with a row's image: of one that a file lists, at its line there.
    func problem(_ kind: CorpusProblem.Kind, with row: Int, _ detail: String) -> CorpusProblem {
        guard shards.isEmpty, let source = rows.source(row) else {
            return CorpusProblem(kind: kind, file: path(row), line: nil, detail: detail)
        }
        return CorpusProblem(
            kind: kind, file: sources[source], line: rows.line(row), detail: "\(path(row)): \(detail)")
    }
}
