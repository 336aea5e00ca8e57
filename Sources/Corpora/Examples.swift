/// The examples of a corpus in order, made when they are asked for.
public struct Examples: RandomAccessCollection, Sendable, Equatable {
    let index: CorpusIndex

    public var startIndex: Int { 0 }
    public var endIndex: Int { index.rows.count }

    public subscript(position: Int) -> Example {
        precondition(indices.contains(position), "the corpus has no such example")
        return Example(
            path: index.path(position), captions: index.rows.captionRange(position).map { index.rows.captions[$0] },
            label: index.rows.classNumber(position))
    }

    public static func == (a: Examples, b: Examples) -> Bool { a.index === b.index || a.index.rows == b.index.rows }
}

/// The captions of a corpus, example by example, made when they are asked for.
public struct Captions: RandomAccessCollection, Sendable {
    let index: CorpusIndex

    public var startIndex: Int { 0 }
    public var endIndex: Int { index.rows.captions.count }

    public subscript(position: Int) -> String {
        precondition(indices.contains(position), "the corpus has no such caption")
        return index.rows.captions[position]
    }
}

/// What the copies of a corpus share.
final class CorpusIndex: Sendable {
    let rows: CorpusRows
    /// The folder that all paths are relative to.
    let root: String

    /// The files that list the rows, relative to `root`.
    let sources: [String]

    init(rows: CorpusRows, root: String, sources: [String]) {
        self.rows = rows
        self.root = root
        self.sources = sources
    }

    /// Where a row's picture lies, relative to `root`.
    func path(_ row: Int) -> String { rows.paths[row] }

    /// A problem with a row's picture: of one that a file lists, at its line there.
    func problem(_ kind: CorpusProblem.Kind, with row: Int, _ detail: String) -> CorpusProblem {
        guard let source = rows.source(row) else {
            return CorpusProblem(kind: kind, file: path(row), line: nil, detail: detail)
        }
        return CorpusProblem(
            kind: kind, file: sources[source], line: rows.line(row), detail: "\(path(row)): \(detail)")
    }
}
