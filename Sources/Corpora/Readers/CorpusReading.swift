import Files

extension Corpus {
    /// Reads the listing of a corpus and checks that the images it lists exist.
    /// - Parameters:
    ///   - folder: a folder, a `.tar` or `.tar.gz` file, or a pattern of them: `shards-{000..012}.tar`.
    ///   - split: the split to read; nil reads all.
    ///   - badFiles: the policy for unusable rows.
    ///   - options: how the files are read.
    /// - Throws: `CorpusError`, which names file and line.
    public init(
        folder: String, split: String?, badFiles: BadFilePolicy = .limited, options: CorpusOptions = CorpusOptions()
    ) throws {
        let listing = try CorpusListing(folder, options: options)
        let bad = listing.skipped
        if let first = bad.first.first, badFiles.refuses(bad.total, of: listing.rows.count + bad.total) {
            throw CorpusError.problems(
                first: first, count: bad.total, total: listing.rows.count + bad.total, badFiles, root: listing.root,
                folder: folder)
        }
        let whole = Corpus(folder: folder, listing)
        self = try split.map { try whole.restricted(to: $0) } ?? whole
    }
}

extension CorpusListing {
    /// Recognizes the layout of a corpus and lists its rows.
    /// - Parameters:
    ///   - folder: a folder, a shard, or a pattern of shards.
    ///   - kept: maximum number of problems kept in detail.
    ///   - options: how the files are read.
    /// - Throws: `CorpusError` if there is no corpus at all; problems within one are recorded in `skipped`.
    init(_ folder: String, keeping kept: Int = 100, options: CorpusOptions = CorpusOptions()) throws {
        let layout = try CorpusLayout(folder)
        self.init(root: layout.root, keeping: kept, options: options)
        let format = try layout.read(into: &self)
        finish(as: format)
    }

    /// Skips rows whose images do not exist or are outside of the folder, and records images that no row lists. One
    /// walk through the folder replaces a system call per row.
    /// - Parameter findsNames: whether a path without folders also means the only image of that name in any folder.
    mutating func skipMissingImages(findsNames: Bool) throws {
        var isThere = [Bool](repeating: false, count: rows.count)
        var hasLinks = false
        var unlisted = TextColumn()
        var texts = TextColumn()
        try FolderWalk.visit(root, followingLinks: options.followsLinks) { path, kind in
            hasLinks = hasLinks || kind == .link
            guard kind == .file else { return }
            if let row = row(of: path) {
                isThere[row] = true
            } else if ImagePath.isImage(path), !ImagePath.isHidden(path) {
                unlisted.append(path)
            } else if !usesTextFiles, let kind = TextFileFinder.Kind(path), kind != .record, !ImagePath.isHidden(path),
                !sources.contains(String(decoding: path, as: UTF8.self))
            {
                texts.append(path)
            }
        }
        unlisted.sort()
        var finder = ImageFinder(unlisted) { $0.lastPathPart }
        var found: [Int: [UInt8]] = [:]
        let resolved = resolvedPath(root) ?? root
        for row in isThere.indices where !isThere[row] {
            let path = rows.paths.utf8(row)
            if let first = self.row(of: path), isThere[first] {
                isThere[row] = true
                found[row] = found[first]
                continue
            }
            if findsNames, !path.contains(0x2F), finder.images(path).count == 1, let image = finder.images(path).first {
                finder.use(image)
                found[row] = Array(unlisted.utf8(image))
                isThere[row] = true
                continue
            }
            // The walk does not follow links, so only a path with a link in it may exist all the same.
            switch hasLinks ? FolderWalk.target(of: path, in: resolved) : .missing {
            case .file: isThere[row] = true
            case .missing, .folder:
                note(.missingImage, file(of: row), rows.line(row), "\(rows.paths[row]) does not exist")
            case .outside:
                note(
                    .unsafePath, file(of: row), rows.line(row),
                    "\(rows.paths[row]) leaves the folder through a link; --follow-links reads it")
            }
        }
        noteUnlisted(unlisted, finder.isUsed)
        texts.sort()
        for text in 0..<texts.count {
            note(.unusedFile, texts[text], nil, "is not read, since captions are in \(sources[0])")
        }
        if !found.isEmpty { rows.replacePaths(found) }
        if isThere.contains(false) { keepRows(isThere) }
    }
}
