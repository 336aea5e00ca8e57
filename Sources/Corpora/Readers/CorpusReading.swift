extension Corpus {
    /// Reads the listing of a corpus and checks that every picture it names is there.
    /// - Parameters:
    ///   - folder: a folder, a `.tar` or `.tar.gz` file, or a pattern of them: `shards-{000..012}.tar`.
    ///   - split: which rows to take; `nil` takes all.
    ///   - badFiles: what becomes of rows that cannot be used.
    /// - Throws: `CorpusError`, which names file and line.
    public init(folder: String, split: String?, badFiles: BadFiles = .few) throws {
        let listing = try CorpusListing(folder)
        let bad = listing.leftOut
        if let first = bad.first.first, badFiles.refuses(bad.total, of: listing.rows.count + bad.total) {
            throw CorpusError.problems(
                first: first, more: (bad.counts[first.kind] ?? 1) - 1, root: listing.root, folder: folder)
        }
        try self.init(folder: folder, listing, split: split)
    }
}

extension CorpusListing {
    /// Recognises a layout and lists what is there.
    /// - Parameters:
    ///   - folder: a folder, a shard, or a pattern of shards.
    ///   - kept: how many problems are kept by name.
    /// - Throws: `CorpusError` where there is no corpus at all; what is wrong within one goes to `leftOut`.
    init(_ folder: String, keeping kept: Int = 100) throws {
        let layout = try CorpusLayout(folder)
        self.init(root: layout.root, keeping: kept)
        finish(as: try layout.read(into: &self))
    }

    /// Leaves out the rows whose pictures are not there or lie outside of the folder, and remarks on the pictures that no
    /// row names. One walk through the folder, instead of a question for each row.
    mutating func skipMissingImages() throws {
        var isThere = [Bool](repeating: false, count: rows.count)
        var hasLinks = false
        try FolderWalk.visit(root) { path, kind in
            hasLinks = hasLinks || kind == .link
            guard kind == .file else { return }
            if let row = row(of: path) {
                isThere[row] = true
            } else if PicturePath.isPicture(path), !PicturePath.isHidden(path) {
                note(.unlistedPicture, String(decoding: path, as: UTF8.self), nil, "is named by no row")
            }
        }
        guard isThere.contains(false) else { return }
        let resolved = FolderWalk.resolved(root) ?? root
        for row in isThere.indices where !isThere[row] {
            // Without a link on the way the walk would have met it.
            switch hasLinks ? FolderWalk.target(of: rows.paths.utf8(row), in: resolved) : .missing {
            case .file: isThere[row] = true
            case .missing: note(.missingPicture, file(of: row), rows.line(row), "\(rows.paths[row]) does not exist")
            case .outside:
                note(.unsafePath, file(of: row), rows.line(row), "\(rows.paths[row]) leaves the folder by a link")
            }
        }
        keepRows(isThere)
    }
}
