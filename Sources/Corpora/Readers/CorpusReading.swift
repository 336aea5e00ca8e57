extension Corpus {
    /// Reads the listing of a corpus and checks that the images it lists exist.
    /// - Parameters:
    ///   - folder: a folder, a `.tar` or `.tar.gz` file, or a pattern of them: `shards-{000..012}.tar`.
    ///   - split: the split to read; nil reads all.
    ///   - badFiles: how many rows may be unusable.
    /// - Throws: `CorpusError`, which names file and line.
    public init(folder: String, split: String?, badFiles: BadFilePolicy = .few) throws {
        let listing = try CorpusListing(folder)
        let bad = listing.skipped
        if let first = bad.first.first, badFiles.refuses(bad.total, of: listing.rows.count + bad.total) {
            throw CorpusError.problems(
                first: first, more: (bad.counts[first.kind] ?? 1) - 1, root: listing.root, folder: folder)
        }
        try self.init(folder: folder, listing, split: split)
    }
}

extension CorpusListing {
    /// Recognises the layout of a folder and lists its rows.
    /// - Parameters:
    ///   - folder: a folder, a shard, or a pattern of shards.
    ///   - kept: the most problems that are kept by name.
    /// - Throws: `CorpusError` where there is no corpus at all; problems within one go to `skipped`.
    init(_ folder: String, keeping kept: Int = 100) throws {
        let layout = try CorpusLayout(folder)
        self.init(root: layout.root, keeping: kept)
        finish(as: try layout.read(into: &self))
    }

    /// Skips the rows whose images do not exist or are outside of the folder, and notes images that no row lists. One walk
    /// through the folder instead of one system call per row.
    mutating func skipMissingImages() throws {
        var isThere = [Bool](repeating: false, count: rows.count)
        var hasLinks = false
        try FolderWalk.visit(root) { path, kind in
            hasLinks = hasLinks || kind == .link
            guard kind == .file else { return }
            if let row = row(of: path) {
                isThere[row] = true
            } else if ImagePath.isImage(path), !ImagePath.isHidden(path) {
                note(.unlistedImage, String(decoding: path, as: UTF8.self), nil, "is listed by no row")
            }
        }
        guard isThere.contains(false) else { return }
        let resolved = FolderWalk.resolved(root) ?? root
        for row in isThere.indices where !isThere[row] {
            // Without a link on the way, the walk would have found it.
            switch hasLinks ? FolderWalk.target(of: rows.paths.utf8(row), in: resolved) : .missing {
            case .file: isThere[row] = true
            case .missing: note(.missingImage, file(of: row), rows.line(row), "\(rows.paths[row]) does not exist")
            case .outside:
                note(.unsafePath, file(of: row), rows.line(row), "\(rows.paths[row]) leaves the folder through a link")
            }
        }
        keepRows(isThere)
    }
}
