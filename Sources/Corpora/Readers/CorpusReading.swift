extension Corpus {
    /// Reads the listing of a corpus and checks that the images it lists exist.
    /// - Parameters:
    ///   - folder: a folder, a `.tar` or `.tar.gz` file, or a pattern of them: `shards-{000..012}.tar`.
    ///   - split: the split to read; nil reads all.
    ///   - badFiles: the policy for unusable rows.
    ///   - columns: which columns of metadata files are read.
    /// - Throws: `CorpusError`, which names file and line.
    public init(
        folder: String, split: String?, badFiles: BadFilePolicy = .limited, columns: CorpusColumns = CorpusColumns()
    ) throws {
        let listing = try CorpusListing(folder, columns: columns)
        let bad = listing.skipped
        if let first = bad.first.first, badFiles.refuses(bad.total, of: listing.rows.count + bad.total) {
            throw CorpusError.problems(
                first: first, more: (bad.counts[first.kind] ?? 1) - 1, root: listing.root, folder: folder)
        }
        try self.init(folder: folder, listing, split: split)
    }
}

extension CorpusListing {
    /// Recognises the layout of a corpus and lists its rows.
    /// - Parameters:
    ///   - folder: a folder, a shard, or a pattern of shards.
    ///   - kept: maximum number of problems kept in detail.
    ///   - columns: which columns of metadata files are read.
    /// - Throws: `CorpusError` if there is no corpus at all; problems within one are recorded in `skipped`.
    init(_ folder: String, keeping kept: Int = 100, columns: CorpusColumns = CorpusColumns()) throws {
        let layout = try CorpusLayout(folder)
        self.init(root: layout.root, keeping: kept, columns: columns)
        let format = try layout.read(into: &self)
        guard columns == CorpusColumns() || format == .metadataLines || format == .metadataTable else {
            throw CorpusError.noColumns(folder: folder, format)
        }
        finish(as: format)
    }

    /// Skips rows whose images do not exist or are outside of the folder, and records images that no row lists. One
    /// walk through the folder replaces a system call per row.
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
            // The walk does not follow links, so only a path with a link in it may exist all the same.
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
