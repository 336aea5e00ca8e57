/// Everything that is wrong with a corpus folder, after reading every pair of it.
public struct CorpusInspection: Sendable {
    /// Pictures that can be used as they are.
    public let pictures: Int
    /// Captions of those.
    public let captions: Int
    /// Usable pictures of each class, where classes are known.
    public let classes: [String: Int]
    /// Usable pictures of each split, where splits are named.
    public let splits: [String: Int]
    /// What is wrong: by kind, then in the order of the files.
    public let problems: [CorpusProblem]

    /// Lists a folder and decodes every picture of it.
    /// - Parameters:
    ///   - folder: path of the folder.
    ///   - progress: called now and then, one call at a time, with the number of pictures read and the number of all.
    /// - Throws: `CorpusError` where there is no corpus at all.
    public init(folder: String, progress: (@Sendable (Int, Int) -> Void)? = nil) throws {
        let listing = try CorpusListing(folder: folder)
        let total = listing.rows.count
        let undecodable = decodeEach(
            listing.rows.map(\.path), in: folder,
            progress: progress.map { report in { @Sendable in report($0, total) } })
        // What cannot be decoded is put right where it is listed.
        let unreadable = undecodable.map { entry in
            let row = listing.rows[entry.index]
            let place = row.file == row.path ? "" : "\(row.path): "
            return CorpusProblem(
                kind: entry.value.kind, file: row.file, line: row.line, detail: place + entry.value.detail)
        }
        let found = listing.problems + unreadable
        problems = CorpusProblem.Kind.allCases.flatMap { kind in found.filter { $0.kind == kind } }

        let bad = Set(undecodable.map(\.index))
        let usable = listing.rows.enumerated().filter { !bad.contains($0.offset) }.map(\.element)
        pictures = usable.count
        captions = usable.reduce(0) { $0 + $1.captions.count }
        classes = Dictionary(usable.compactMap(\.className).map { ($0, 1) }, uniquingKeysWith: +)
        splits = Dictionary(usable.compactMap(\.split).map { ($0, 1) }, uniquingKeysWith: +)
    }
}
