/// The storage that all copies of a corpus share.
final class CorpusIndex: Sendable {
    let rows: CorpusRows
    /// The folder that all paths are relative to.
    let root: String

    /// The files that list the rows, or the shards that hold them, relative to `root`.
    let sources: [String]
    /// The shards, one for each of `sources`; empty if images are files.
    private let shards: [any ImageArchive]

    init(_ listing: CorpusListing, rows: CorpusRows) {
        (self.rows, root, sources, shards) = (rows, listing.root, listing.sources, listing.shards)
    }

    /// The same corpus with other rows.
    init(_ other: CorpusIndex, rows: CorpusRows) {
        (self.rows, root, sources, shards) = (rows, other.root, other.sources, other.shards)
    }

    /// Index of the shard that contains a row's image; nil if the image is a file.
    private func shard(_ row: Int) -> Int? { shards.isEmpty ? nil : rows.source(row) }

    /// Path of a row's image relative to `root`.
    func path(_ row: Int) -> String {
        let path = rows.paths[row]
        return shard(row).map { "\(sources[$0])/\(path)" } ?? path
    }

    /// The encoded bytes of a row's image.
    func encodedImage(_ row: Int) throws(CorpusError) -> [UInt8] {
        guard let shard = shard(row), let range = rows.member(row) else {
            return try CorpusFile.contents("\(root)/\(path(row))", limit: CorpusFile.largestImage)
        }
        return try shards[shard].read(range)
    }

    /// A digest that changes when a row's image is replaced.
    func stamp(_ row: Int) throws(CorpusError) -> UInt64 {
        let path = path(row)
        guard let shard = shard(row), let range = rows.member(row) else {
            return try FileStamp("\(root)/\(path)").digest(of: path)
        }
        return try FileStamp(shards[shard].path).digest(of: "\(path) \(range)")
    }

    /// A problem with a row's image, attributed to the line that lists it, or to the image itself in layouts without
    /// metadata.
    func problem(_ kind: CorpusProblem.Kind, with row: Int, _ detail: String) -> CorpusProblem {
        guard shards.isEmpty, let source = rows.source(row) else {
            return CorpusProblem(kind: kind, file: path(row), line: nil, detail: detail)
        }
        return CorpusProblem(
            kind: kind, file: sources[source], line: rows.line(row), detail: "\(path(row)): \(detail)")
    }
}
