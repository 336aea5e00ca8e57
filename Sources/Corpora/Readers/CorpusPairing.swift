/// How the images of two corpora are paired.
public enum Pairing: Sendable {
    /// Images of one row: two columns of the same metadata file (`CorpusOptions.imageColumn`).
    case row
    /// Images of one path relative to their folders, without the suffix. If there are none, the folders that all images of
    /// a corpus are in do not count: `hazy/a/1.jpg` and `clear/a/1.png`.
    case path
}

extension Corpus {
    /// The images that have a partner in another corpus, in the order of this one, and their partners: the images of one
    /// index belong together. An image may be the partner of several. Those without a partner are in `skipped`.
    /// - Throws: `CorpusError.unpairable` if no image has a partner.
    public func paired(with other: Corpus, by pairing: Pairing) throws(CorpusError) -> (Corpus, Corpus) {
        switch pairing {
        case .row:
            guard let keys = index.rowKeys, let others = other.index.rowKeys, index.root == other.index.root else {
                throw .unpairable(
                    folder: folder, reason: "only two columns of the same metadata.jsonl or table are paired by rows")
            }
            if let pairs = pairs(with: other, keys, others, { "there is no usable \"\($0.options.imageColumnName)\"" })
            {
                return pairs
            }
            throw .unpairable(
                folder: folder,
                reason: "no row has usable images in both \"\(options.imageColumnName)\" and "
                    + "\"\(other.options.imageColumnName)\"")
        case .path:
            for (own, others) in [(0, 0), (index.rows.paths.commonFolders, other.index.rows.paths.commonFolders)] {
                let keys = (index.rows.paths.stems(after: own), other.index.rows.paths.stems(after: others))
                if let pairs = pairs(with: other, keys.0, keys.1, { "there is no image of that name in \($0.folder)" })
                {
                    return pairs
                }
            }
            func example(_ corpus: Corpus) -> String { corpus.examples.isEmpty ? "nothing" : corpus.imageName(0) }
            throw .unpairable(
                folder: folder,
                reason: "no path without its suffix is also in \(other.folder): there is \(example(self)) here and "
                    + "\(example(other)) there; name the files of a pair alike")
        }
    }

    /// The images of equal keys; nil if there are none.
    /// - Parameter absence: why an image has no partner, given the other corpus.
    private func pairs(
        with other: Corpus, _ keys: TextColumn, _ otherKeys: TextColumn, _ absence: (Corpus) -> String
    ) -> (Corpus, Corpus)? {
        var finder = ImageFinder(otherKeys) { $0 }
        var rows: (own: [Int], other: [Int]) = ([], [])
        var (unpaired, otherUnpaired) = (SkippedItems(), SkippedItems())
        for row in 0..<keys.count {
            let partners = finder.images(keys.utf8(row))
            if partners.count == 1 {
                finder.use(partners[0])
                rows.own.append(row)
                rows.other.append(partners[0])
            } else {
                let reason =
                    partners.isEmpty
                    ? absence(other) : "there are \(partners.count) images of that name in \(other.folder)"
                unpaired.add(problem(.unpairedImage, with: row, reason))
            }
        }
        if rows.own.isEmpty { return nil }
        for row in finder.isUsed.indices where !finder.isUsed[row] {
            otherUnpaired.add(other.problem(.unpairedImage, with: row, absence(self)))
        }
        return (
            Corpus(self, rows: index.rows.selecting(rows.own), unpaired: unpaired),
            Corpus(other, rows: other.index.rows.selecting(rows.other), unpaired: otherUnpaired)
        )
    }
}

extension CorpusIndex {
    /// The file and line of each row; nil if not all have one.
    fileprivate var rowKeys: TextColumn? {
        var keys = TextColumn()
        for row in 0..<rows.count {
            guard let source = rows.source(row), let line = rows.line(row) else { return nil }
            keys.append("\(sources[source]):\(line)".utf8)
        }
        return keys
    }
}

extension TextColumn {
    /// The length in bytes of the folders that all paths begin with, including the last slash.
    fileprivate var commonFolders: Int {
        guard !isEmpty else { return 0 }
        var common = utf8(0)
        for path in 1..<count { common = common.prefix(zip(common, utf8(path)).prefix { $0 == $1 }.count) }
        return common.count - common.lastPathPart.count
    }

    /// The paths without their first bytes and without suffixes.
    fileprivate func stems(after start: Int) -> TextColumn {
        var stems = TextColumn()
        for path in 0..<count { stems.append(ImagePath.stem(utf8(path).dropFirst(start))) }
        return stems
    }
}
