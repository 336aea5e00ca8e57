extension CorpusListing {
    /// Completes the rows of metadata files: rows without captions take those of text files beside their images, if there
    /// are any, and rows of one image become one.
    mutating func finishMetadata() throws {
        let uncaptioned = takeUncaptioned()
        if !uncaptioned.isEmpty { try readTexts(of: uncaptioned) }
        joinRepeatedRows()
    }

    private mutating func readTexts(of rows: [Uncaptioned]) throws {
        let finder = TextFileFinder(try FolderContents(root, followingLinks: options.followsLinks))
        var found: [(row: Uncaptioned, match: TextFileFinder.Match)] = []
        for row in rows {
            let match = finder.match(row.path[...])
            if match.isEmpty, options.requiresCaptions {
                let (path, name) = (String(decoding: row.path, as: UTF8.self), row.path[...].lastPathPart)
                let text = String(decoding: ImagePath.stem(name), as: UTF8.self) + ".txt"
                note(
                    .noCaption, sources[row.source], row.line,
                    "\(path) has no \"text\", and there is no \(text) for it")
            } else {
                found.append((row, match))
            }
        }
        try readTexts(of: found.map(\.match), in: finder) { listing, number, texts in
            let row = found[number].row
            var draft = row.draft
            listing.addCaptions(of: texts, to: &draft)
            listing.add(draft, path: row.path[...], source: row.source, line: row.line)
        }
    }

    /// Reads the text files of images, in order.
    /// - Parameter body: receives the number of each match and its files, of an empty match none.
    mutating func readTexts(
        of matches: [TextFileFinder.Match], in finder: TextFileFinder,
        _ body: (inout CorpusListing, Int, ImageTexts) -> Void
    ) throws {
        let files = matches.flatMap { [$0.record, $0.captions].compactMap { $0 } }
        var (number, texts) = (0, ImageTexts())
        func emit() {
            body(&self, number, texts)
            (number, texts) = (number + 1, ImageTexts())
        }
        func emitEmpty() { while number < matches.count, matches[number].isEmpty { emit() } }
        emitEmpty()
        try TextFiles.read(files, of: finder.files, in: root) { file, content in
            switch content {
            case .success(let bytes):
                let text = TextContent(bytes: bytes, range: bytes.indices, name: finder.files[file])
                if file == matches[number].record { texts.record = text } else { texts.captions = text }
            case .failure(let error):
                note(.noCaption, finder.files[file], nil, error.reason)
            }
            guard file == matches[number].captions ?? matches[number].record else { return }
            emit()
            emitEmpty()
        }
    }
}
