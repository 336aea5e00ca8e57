import FoundationEssentials
import Glibc

/// Recognizes the layout of a corpus by its files and reads it.
struct CorpusLayout {
    /// The path as given: a folder, a shard or a pattern of shards.
    private let folder: String
    /// The folder that all paths are relative to.
    let root: String
    /// The shards if the path names shards; nil if it names a folder.
    private let shards: [String]?

    /// - Throws: `CorpusError.noSuchFolder`, or `.parquet`.
    init(_ folder: String) throws {
        self.folder = folder
        var isFolder = false
        let isThere = FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder)
        if isThere && isFolder {
            root = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
            shards = nil
            return
        }
        // The shards' names begin after the last slash before the first brace.
        let head = folder[..<(isThere ? folder.endIndex : folder.firstIndex(of: "{") ?? folder.endIndex)]
        let slash = head.lastIndex(of: "/")
        root = slash.map { $0 == folder.startIndex ? "/" : String(folder[..<$0]) } ?? "."
        let name = slash.map { String(folder[folder.index(after: $0)...]) } ?? folder
        if isThere, name.hasSuffix(".parquet") { throw CorpusError.parquet(folder) }
        guard let names = isThere ? [name] : ShardNames.expanded(name),
            names.allSatisfy({ ShardNames.isShard(Array($0.utf8)[...]) })
        else { throw CorpusError.noSuchFolder(folder) }
        shards = names
    }

    /// Reads all rows into `listing`.
    /// - Returns: the layout.
    /// - Throws: `CorpusError` if there is no corpus.
    func read(into listing: inout CorpusListing) throws -> CorpusFormat {
        if let shards {
            // One that is named and missing is a mistake; one that cannot be read is a problem of the corpus.
            if let missing = shards.first(where: { !FileManager.default.fileExists(atPath: "\(root)/\($0)") }) {
                throw CorpusError.cannotRead(path: "\(root)/\(missing)", code: ENOENT)
            }
            try Shards.read(shards, into: &listing)
            return .shards
        }
        if let format = try readMetadata(into: &listing) { return format }
        let contents = try FolderContents(root, followingLinks: listing.options.followsLinks)
        contents.noteUnread(in: &listing)
        if TextFolders.areIn(contents) {
            try requireNoColumns(.textFolders, listing.options)
            try TextFolders.read(contents, into: &listing)
            return .textFolders
        }
        let files = CaptionsJSON.candidates(contents)
        if !files.isEmpty, try CaptionsJSON.read(files, contents, into: &listing) {
            try requireNoColumns(.cocoCaptions, listing.options)
            return .cocoCaptions
        }
        let tables = try captionTables(contents, listing.options)
        let sidecars = SidecarFolder(contents)
        func readSidecars(as format: CorpusFormat, _ listing: inout CorpusListing) throws -> CorpusFormat {
            if !sidecars.hasRecords { try requireNoColumns(format, listing.options) }
            noteUnused(tables.map(\.name) + contents.archives.all + contents.parquets.all, for: format, in: &listing)
            try sidecars.read(into: &listing)
            return format
        }
        if sidecars.hasTexts { return try readSidecars(as: .sidecars, &listing) }
        if !tables.isEmpty {
            let splits = tables.map { SplitName.of($0.name) }
            for (table, split) in zip(tables, splits) {
                try table.read(root, tables.count > 1 ? split : nil, &listing)
            }
            try listing.finishMetadata()
            try listing.skipMissingImages(findsNames: true)
            noteUnused(contents.archives.all + contents.parquets.all, for: .metadataTable, in: &listing)
            return tables.contains { $0.name.hasSuffix(".jsonl") } ? .metadataLines : .metadataTable
        }
        if !listing.options.requiresCaptions, sidecars.hasImages { return try readSidecars(as: .images, &listing) }
        if !contents.archives.isEmpty {
            try Shards.read(contents.archives.all, into: &listing)
            noteUnused(contents.parquets.all, for: .shards, in: &listing)
            return .shards
        }
        if !contents.parquets.isEmpty { throw CorpusError.parquet("\(root)/\(contents.parquets[0])") }
        let silent = files.isEmpty ? "" : "; no captions in \(files.prefix(3).joined(separator: ", "))"
        throw listing.options.requiresCaptions
            ? CorpusError.noCaptionsFound(folder: folder, found: contents.summary + silent)
            : .noImagesFound(folder: folder, found: contents.summary)
    }

    /// A table of captions that is not called `metadata`.
    private struct CaptionTable {
        let name: String
        let read: (_ root: String, _ split: String?, _ listing: inout CorpusListing) throws -> Void
    }

    /// The tables at the top of the folder whose columns name images and captions. `captions.txt`, as in Flickr8k, may be one.
    private func captionTables(_ contents: FolderContents, _ options: CorpusOptions) throws -> [CaptionTable] {
        let texts = contents.texts.all.filter { !$0.contains("/") && $0.lowercased() == "captions.txt" }
        return try (contents.tables.all + texts).compactMap { name in
            if name.lowercased().hasSuffix(".jsonl") {
                guard try MetadataFile.isIn("\(root)/\(name)", options: options) else { return nil }
                return CaptionTable(name: name) {
                    try MetadataFile.read($2.addSource(name), in: "", split: $1, into: &$2)
                }
            }
            guard try MetadataTable.columns(of: "\(root)/\(name)", options: options).isComplete else { return nil }
            return CaptionTable(name: name) { try MetadataTable.read($2.addSource(name), in: "", split: $1, into: &$2) }
        }
    }

    /// - Throws: `CorpusError.noColumns` if the options name columns, which a layout does not have.
    private func requireNoColumns(_ format: CorpusFormat, _ options: CorpusOptions) throws(CorpusError) {
        guard options.className == CorpusOptions().className, options.template == nil, options.imageColumn == nil else {
            throw .noColumns(folder: folder, format)
        }
    }

    private func noteUnused(_ files: [String], for format: CorpusFormat, in listing: inout CorpusListing) {
        for file in files {
            listing.note(.unusedFile, file, nil, "is not read, since the folder is read as: \(format)")
        }
    }

    /// Reads the metadata file at the top, or else those in the folders below it, each of which is a split.
    /// - Returns: the layout; nil if there is no metadata file.
    private func readMetadata(into listing: inout CorpusListing) throws -> CorpusFormat? {
        func folders(with name: String) throws -> [String] {
            let manager = FileManager.default
            if manager.fileExists(atPath: "\(root)/\(name)") { return [""] }
            let inside: [String]
            do {
                inside = try manager.contentsOfDirectory(atPath: root).sorted()
            } catch {
                throw CorpusError.cannotRead(path: root, reason: CorpusError.reason(error))
            }
            return inside.filter { !$0.hasPrefix(".") && manager.fileExists(atPath: "\(root)/\($0)/\(name)") }.map {
                "\($0)/"
            }
        }
        let lines = try folders(with: MetadataFile.name)
        let tables = try folders(with: MetadataTable.name)
        if lines.isEmpty && tables.isEmpty { return nil }
        // Files at the top take precedence, then those with lines.
        let isTable = lines.isEmpty || (tables == [""] && lines != [""])
        for folder in isTable ? tables : lines {
            let split = folder.isEmpty ? nil : String(folder.dropLast())
            let source = listing.addSource(folder + (isTable ? MetadataTable.name : MetadataFile.name))
            if isTable {
                try MetadataTable.read(source, in: folder, split: split, into: &listing)
            } else {
                try MetadataFile.read(source, in: folder, split: split, into: &listing)
            }
        }
        let unused = isTable ? lines.map { $0 + MetadataFile.name } : tables.map { $0 + MetadataTable.name }
        try listing.finishMetadata()
        try listing.skipMissingImages(findsNames: isTable)
        noteUnused(unused, for: isTable ? .metadataTable : .metadataLines, in: &listing)
        return isTable ? .metadataTable : .metadataLines
    }
}
