import FoundationEssentials

/// Recognises the layout of a corpus by its files and reads it.
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
            try Shards.read(shards, into: &listing)
            return .shards
        }
        if let format = try readMetadata(into: &listing) { return format }
        let contents = try FolderContents(root)
        for path in contents.outside {
            listing.note(.unsafePath, String(decoding: path, as: UTF8.self), nil, "leaves the folder through a link")
        }
        for path in contents.unnamed {
            listing.note(.notUTF8, String(decoding: path, as: UTF8.self), nil, "has a name that is not UTF-8")
        }
        if TextFolders.areIn(contents) {
            try TextFolders.read(contents, into: &listing)
            return .textFolders
        }
        let files = CaptionsJSON.candidates(contents)
        if !files.isEmpty, try CaptionsJSON.read(files, contents, into: &listing) { return .cocoCaptions }
        if SidecarFolder.isIn(contents) {
            try SidecarFolder.read(contents, into: &listing)
            return .sidecars
        }
        if !contents.archives.isEmpty {
            try Shards.read((0..<contents.archives.count).map { contents.archives[$0] }, into: &listing)
            return .shards
        }
        if !contents.tables.isEmpty { throw CorpusError.parquet("\(root)/\(contents.tables[0])") }
        let silent = files.isEmpty ? "" : "; no captions in \(files.prefix(3).joined(separator: ", "))"
        throw CorpusError.noCaptionsFound(folder: folder, found: contents.summary + silent)
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
        let tables = try lines == [""] ? [] : folders(with: MetadataTable.name)
        // Files at the top take precedence.
        let isTable = lines.isEmpty || tables == [""]
        for folder in isTable ? tables : lines {
            let split = folder.isEmpty ? nil : String(folder.dropLast())
            if isTable {
                try MetadataTable.read(in: folder, split: split, into: &listing)
            } else {
                try MetadataFile.read(in: folder, split: split, into: &listing)
            }
        }
        if lines.isEmpty && tables.isEmpty { return nil }
        try listing.skipMissingImages()
        return isTable ? .metadataTable : .metadataLines
    }
}
