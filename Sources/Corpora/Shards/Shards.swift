import Basics
import Compression
import FoundationEssentials
import Threads

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
            for (number, contents) in zip(part, contents(names[part], of: names.count, listing)) {
                guard case .success(let contents) = contents else {
                    if case .failure(let error) = contents {
                        listing.note(.damagedArchive, names[number], nil, error.reason)
                    }
                    continue
                }
                let shard = ShardFile(
                    path: "\(listing.root)/\(names[number])", index: contents.index, number: number, cursors: cursors)
                let source = listing.addShard(shard, named: names[number])
                add(contents, source, split: hasSplits ? splits[number] : nil, into: &listing)
            }
        }
        if listing.rows.count == 0, listing.skipped.total == 0 {
            let shards = "\(names.count) shard\(names.count == 1 ? "" : "s")"
            throw listing.options.requiresCaptions
                ? CorpusError.noCaptionsFound(
                    folder: listing.root, found: "\(shards) without an image that has a .txt or .json")
                : .noImagesFound(folder: listing.root, found: "\(shards) without an image")
        }
    }

    private static func contents(
        _ names: ArraySlice<String>, of total: Int, _ listing: CorpusListing
    ) -> [Result<ShardContents, CorpusError>] {
        let (root, kept) = (listing.root, listing.kept)
        return names.indices.concurrentMap { number in
            let name = names[number]
            return Result { () throws(CorpusError) in
                try ShardContents("\(root)/\(name)", name: name, points: max(8, points / total), keeping: kept)
            }
        }
    }

    private static func add(
        _ shard: ShardContents, _ source: Int, split: String?, into listing: inout CorpusListing
    ) {
        let name = listing.sources[source]
        listing.note(shard.problems)
        var draft = RowDraft(listing.options)
        for (number, group) in shard.groups.enumerated() {
            func member(_ end: String) -> String { "\(name)/\(shard.keys[number])\(end)" }
            guard group.image >= 0 else {
                // The group's only member was refused, which has been recorded.
                guard let end = group.captions >= 0 ? end(of: group) : group.json >= 0 ? ".json" : nil else { continue }
                listing.note(.missingImage, member(end), nil, "has no image beside it")
                continue
            }
            if group.text >= 0, group.caption >= 0 {
                listing.note(
                    .unusedFile, member(".caption"), nil, "is not read, since there is a .txt member of that name")
            }
            let image = Int(group.image)
            guard group.captions >= 0 || group.json >= 0 || !listing.options.requiresCaptions else {
                let path = "\(name)/\(shard.images[image])"
                listing.note(.noCaption, path, nil, "has no .txt, .caption or .json member beside it")
                continue
            }
            func text(_ number: Int32, _ end: String) -> TextContent? {
                number < 0
                    ? nil
                    : TextContent(bytes: shard.texts.bytes, range: shard.texts.range(Int(number)), name: member(end))
            }
            draft.clear()
            listing.addCaptions(
                of: ImageTexts(captions: text(group.captions, end(of: group)), record: text(group.json, ".json")),
                to: &draft)
            if draft.className.isEmpty, group.cls >= 0 {
                draft.className += shard.texts.utf8(Int(group.cls)).trimmingWhitespace
            }
            if draft.split.isEmpty, let split { draft.split += split.utf8 }
            listing.add(
                draft, path: shard.images.utf8(image), source: source, line: nil, member: shard.ranges[image])
        }
    }

    private static func end(of group: ShardContents.Group) -> String { group.text >= 0 ? ".txt" : ".caption" }
}
