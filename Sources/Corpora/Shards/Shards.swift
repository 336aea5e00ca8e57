import Basics
import Compression
import Dispatch
import FoundationEssentials
import JSON
import Synchronization

/// The WebDataset layout: tar files, plain or gzipped, of images with a `.txt` (one caption per line) or a `.json`
/// member of the same name.
enum Shards {
    /// Maximum number of access points of all gzipped shards together, 32 KiB each.
    private static let points = 4096

    /// Lists shards in order, several at a time.
    /// - Parameter names: relative to the listing's root.
    static func read(_ names: [String], into listing: inout CorpusListing) throws {
        let splits = names.map(SplitName.of)
        // If all names contain the same split, such as `train`, it carries no information.
        let hasSplits = Set(splits).count > 1
        let atOnce = 2 * ProcessInfo.processInfo.activeProcessorCount
        let cursors = GzipCursors()
        for start in stride(from: 0, to: names.count, by: atOnce) {
            let part = start..<min(start + atOnce, names.count)
            for (number, contents) in zip(part, try contents(names[part], of: names.count, listing)) {
                let shard = ShardFile(
                    path: "\(listing.root)/\(names[number])", index: contents.index, number: number, cursors: cursors)
                let source = listing.addShard(shard, named: names[number])
                add(contents, source, split: hasSplits ? splits[number] : nil, into: &listing)
            }
        }
        if listing.rows.count == 0, listing.skipped.total == 0 {
            throw CorpusError.noCaptionsFound(
                folder: listing.root,
                found: "\(names.count) shard\(names.count == 1 ? "" : "s") without an image that has a .txt or .json")
        }
    }

    private static func contents(
        _ names: ArraySlice<String>, of total: Int, _ listing: CorpusListing
    ) throws -> [ShardContents] {
        let (root, kept) = (listing.root, listing.kept)
        let found = Mutex([Result<ShardContents, CorpusError>?](repeating: nil, count: names.count))
        DispatchQueue.concurrentPerform(iterations: names.count) { index in
            let name = names[names.startIndex + index]
            let contents = Result { () throws(CorpusError) in
                try ShardContents("\(root)/\(name)", name: name, points: max(8, points / total), keeping: kept)
            }
            found.withLock { $0[index] = contents }
        }
        return try found.withLock { $0 }.compactMap { try $0?.get() }
    }

    private static func add(
        _ shard: ShardContents, _ source: Int, split: String?, into listing: inout CorpusListing
    ) {
        let name = listing.sources[source]
        listing.note(shard.problems)
        var draft = RowDraft()
        for (number, group) in shard.groups.enumerated() {
            func member(_ end: String) -> String { "\(name)/\(shard.keys[number])\(end)" }
            guard group.image >= 0 else {
                // The group's only member was refused, which has been recorded.
                if group.text < 0 && group.json < 0 { continue }
                listing.note(
                    .missingImage, member(group.text >= 0 ? ".txt" : ".json"), nil, "has no image beside it")
                continue
            }
            let image = Int(group.image)
            guard group.text >= 0 || group.json >= 0 else {
                let path = "\(name)/\(shard.images[image])"
                listing.note(.noCaption, path, nil, "has no .txt or .json member beside it")
                continue
            }
            draft.clear()
            if group.json >= 0, !read(shard.texts, Int(group.json), member(".json"), &draft, &listing) { continue }
            if group.text >= 0 {
                listing.addCaptions(ofText: shard.texts.utf8(Int(group.text)), file: member(".txt"))
            } else if draft.captions.isEmpty {
                listing.note(.noCaption, member(".json"), nil, "has no \"text\" and no \"caption\"")
            } else {
                for caption in 0..<draft.captions.count {
                    listing.addCaption(
                        draft.captions.utf8(caption), file: member(".json"), line: nil, subject: "has")
                }
            }
            if draft.split.isEmpty, let split { draft.split += split.utf8 }
            listing.addRow(
                path: shard.images.utf8(image), className: draft.className, split: draft.split, source: source,
                line: nil, member: shard.ranges[image])
        }
    }

    private static func read(
        _ texts: TextColumn, _ number: Int, _ file: @autoclosure () -> String, _ draft: inout RowDraft,
        _ listing: inout CorpusListing
    ) -> Bool {
        guard isUTF8(texts.utf8(number)) else {
            listing.note(.notUTF8, file(), nil, "is not UTF-8; save the file in that encoding")
            return false
        }
        var scanner = JSONScanner(texts.bytes, in: texts.range(number))
        do throws(JSONScanner.Fault) {
            try draft.read(&scanner)
            try scanner.finish()
            return true
        } catch {
            listing.note(.malformedRow, file(), nil, error.problem)
            return false
        }
    }
}
