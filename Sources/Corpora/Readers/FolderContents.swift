import Basics
import Files

/// The files of a folder by type, each list sorted. Layouts are recognized by them.
struct FolderContents {
    private(set) var images = TextColumn()
    /// Files that may hold the captions of one image: `.txt`, `.caption`, `.json`.
    private(set) var texts = TextColumn()
    private(set) var archives = TextColumn()
    /// Tables of captions at the top of the folder: `.csv`, `.tsv`, `.jsonl`.
    private(set) var tables = TextColumn()
    private(set) var parquets = TextColumn()
    /// Links to folders, which were not entered.
    private(set) var linkedFolders: [[UInt8]] = []
    /// Links to nothing.
    private(set) var broken: [[UInt8]] = []
    /// Files that are links out of the folder.
    private(set) var outside: [[UInt8]] = []
    /// Files whose names are not UTF-8.
    private(set) var unnamed: [[UInt8]] = []

    /// Lists a folder recursively, except files and folders whose names begin with a dot.
    /// - Throws: `CorpusError.cannotRead`.
    init(_ root: String, followingLinks: Bool) throws {
        let resolved = resolvedPath(root) ?? root
        try FolderWalk.visit(root, followingLinks: followingLinks) { path, kind in
            if ImagePath.isHidden(path) { return }
            let list = FolderContents.list(path)
            if kind == .link {
                let target = FolderWalk.target(of: path, in: resolved)
                if target == .folder { linkedFolders.append(Array(path)) }
                if target == .missing, list != nil { broken.append(Array(path)) }
                if target == .outside, list != nil { outside.append(Array(path)) }
                guard target == .file else { return }
            }
            guard let list else { return }
            if isUTF8(path) { self[keyPath: list].append(path) } else { unnamed.append(Array(path)) }
        }
        for list in [\FolderContents.images, \.texts, \.archives, \.tables, \.parquets] { self[keyPath: list].sort() }
    }

    /// The list that a file belongs to by its name; nil if none.
    private static func list(_ path: ArraySlice<UInt8>) -> WritableKeyPath<FolderContents, TextColumn>? {
        if ImagePath.isImage(path) { return \.images }
        if TextFileFinder.Kind(path) != nil { return \.texts }
        if ShardNames.isShard(path) { return \.archives }
        if path.hasSuffix(".parquet") { return \.parquets }
        let isTable = path.hasSuffix(".csv") || path.hasSuffix(".tsv") || path.hasSuffix(".jsonl")
        return isTable && !path.contains(0x2F) ? \.tables : nil
    }

    /// Records links that were not followed and names that cannot be read.
    func noteUnread(in listing: inout CorpusListing) {
        func name(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
        for path in outside {
            listing.note(.unsafePath, name(path), nil, "leaves the folder through a link; --follow-links reads it")
        }
        for path in broken { listing.note(.missingImage, name(path), nil, "is a link to nothing") }
        for path in linkedFolders {
            listing.note(.unusedFile, name(path), nil, "is a link to a folder; --follow-links enters it")
        }
        for path in unnamed { listing.note(.notUTF8, name(path), nil, "has a name that is not UTF-8") }
    }

    /// The numbers of files by type, for messages.
    var summary: String {
        func number(_ kind: TextFileFinder.Kind) -> Int {
            (0..<texts.count).count { TextFileFinder.Kind(texts.utf8($0)) == kind }
        }
        let counts = [
            (images.count, "image"), (number(.text), ".txt file"), (number(.caption), ".caption file"),
            (number(.record), ".json file"), (tables.count, "table"),
            (linkedFolders.count + broken.count + outside.count, "link"),
        ]
        let found = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
        return found.isEmpty ? "nothing of these" : found.joined(separator: ", ")
    }
}

/// Finds images by their names in any folder.
struct ImageFinder {
    private let images: TextColumn
    private var keys = TextColumn()
    private var table = PathTable()
    /// For each key its first image, and for each image the next one with the same key; -1 after the last.
    private var first: [Int32] = []
    private var next: [Int32]
    private(set) var isUsed: [Bool]

    /// - Parameter key: the part of a path that images are looked up by.
    init(_ images: TextColumn, by key: (ArraySlice<UInt8>) -> ArraySlice<UInt8>) {
        self.images = images
        next = [Int32](repeating: -1, count: images.count)
        isUsed = [Bool](repeating: false, count: images.count)
        // In reverse, so that each list ascends.
        for image in (0..<images.count).reversed() {
            let name = key(images.utf8(image))
            if let known = table.row(of: name, in: keys) {
                next[image] = first[known]
                first[known] = Int32(image)
            } else {
                keys.append(name)
                first.append(Int32(image))
                table.insert(keys.count - 1, in: keys)
            }
        }
    }

    /// The images with this key, ordered by path.
    func images(_ key: ArraySlice<UInt8>) -> [Int] {
        guard let known = table.row(of: key, in: keys) else { return [] }
        return Array(sequence(first: Int(first[known])) { next[$0] < 0 ? nil : Int(next[$0]) })
    }

    /// Marks an image as listed.
    mutating func use(_ image: Int) { isUsed[image] = true }
}
