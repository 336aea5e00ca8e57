import Basics

/// The files of a folder by type, each list sorted. Layouts are recognised by them.
struct FolderContents {
    private(set) var images = TextColumn()
    private(set) var texts = TextColumn()
    private(set) var jsons = TextColumn()
    private(set) var archives = TextColumn()
    private(set) var tables = TextColumn()
    /// Links to folders, and broken links.
    private(set) var links: [[UInt8]] = []
    /// Images, texts and archives that are links out of the folder.
    private(set) var outside: [[UInt8]] = []
    /// Images, texts and archives whose names are not UTF-8.
    private(set) var unnamed: [[UInt8]] = []

    /// Lists a folder recursively, except files and folders whose names begin with a dot.
    /// - Throws: `CorpusError.cannotRead`.
    init(_ root: String) throws {
        let resolved = FolderWalk.resolved(root) ?? root
        try FolderWalk.visit(root) { path, kind in
            if ImagePath.isHidden(path) { return }
            if kind == .link {
                switch FolderWalk.target(of: path, in: resolved) {
                case .file: break
                case .missing: return links.append(Array(path))
                case .outside: return outside.append(Array(path))
                }
            }
            if !isUTF8(path) {
                if ImagePath.isImage(path) || path.hasSuffix(".txt") || ShardNames.isShard(path) {
                    unnamed.append(Array(path))
                }
            } else if ImagePath.isImage(path) {
                images.append(path)
            } else if path.hasSuffix(".txt") {
                texts.append(path)
            } else if path.hasSuffix(".json") {
                jsons.append(path)
            } else if ShardNames.isShard(path) {
                archives.append(path)
            } else if path.hasSuffix(".parquet") {
                tables.append(path)
            }
        }
        for list in [\FolderContents.images, \.texts, \.jsons, \.archives, \.tables] { self[keyPath: list].sort() }
    }

    /// The numbers of files by type, for messages.
    var summary: String {
        let counts = [
            (images.count, "image"), (texts.count, ".txt file"), (jsons.count, ".json file"),
            (links.count + outside.count, "link"),
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
