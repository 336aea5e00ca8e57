/// Finds the text files of images by their names: for `rose/1.png` those are `rose/1.txt`, `rose/1.caption` and
/// `rose/1.json`, in upper or lower case, and `rose/1.png.txt`; or else files of these names in a parallel folder, such
/// as `captions/rose/1.txt` for `images/rose/1.png`.
struct TextFileFinder {
    /// Kinds of text files, those with captions in order of precedence.
    enum Kind: Int, CaseIterable {
        case text, caption, record

        init?(_ path: ArraySlice<UInt8>) {
            if path.hasSuffix(".txt") {
                self = .text
            } else if path.hasSuffix(".caption") {
                self = .caption
            } else if path.hasSuffix(".json") {
                self = .record
            } else {
                return nil
            }
        }
    }

    /// The text files of an image, as indices in `files`.
    struct Match {
        /// The `.txt` or `.caption` file.
        var captions: Int?
        /// The `.json` file.
        var record: Int?

        var isEmpty: Bool { captions == nil && record == nil }
    }

    /// All text files of the folder.
    let files: TextColumn
    /// Files that have the same name as another of higher precedence, such as `1.caption` beside `1.txt`.
    private(set) var superseded: [Int] = []
    /// For each distinct name without suffix the files of that name.
    private var matches: [Match] = []
    private var names = TextColumn()
    private var table = PathTable()
    /// The same by names without folders such as `images` and `captions`.
    private var looseNames = TextColumn()
    private var looseTable = PathTable()
    private var looseMatches: [Int] = []

    init(_ contents: FolderContents) {
        files = contents.texts
        for kind in Kind.allCases {
            for file in 0..<files.count where Kind(files.utf8(file)) == kind { add(file, kind) }
        }
        for number in 0..<names.count {
            let name = TextFileFinder.loose(names.utf8(number))
            if looseTable.row(of: name[...], in: looseNames) == nil {
                looseNames.append(name)
                looseTable.insert(looseNames.count - 1, in: looseNames)
                looseMatches.append(number)
            }
        }
    }

    private mutating func add(_ file: Int, _ kind: Kind) {
        let path = files.utf8(file)
        let name = path[..<(path.lastIndex(of: UInt8(ascii: ".")) ?? path.endIndex)]
        let number = table.row(of: name, in: names) ?? names.count
        if number == names.count {
            names.append(name)
            table.insert(number, in: names)
            matches.append(Match())
        }
        let part = kind == .record ? \Match.record : \.captions
        if matches[number][keyPath: part] == nil {
            matches[number][keyPath: part] = file
        } else {
            superseded.append(file)
        }
    }

    /// The text files of an image; empty if there are none.
    func match(_ image: ArraySlice<UInt8>) -> Match {
        let stem = ImagePath.stem(image)
        var match = Match()
        for name in [stem, image] {
            guard let number = table.row(of: name, in: names) else { continue }
            match.captions = match.captions ?? matches[number].captions
            match.record = match.record ?? matches[number].record
        }
        if match.isEmpty, let loose = looseTable.row(of: TextFileFinder.loose(stem)[...], in: looseNames) {
            return matches[looseMatches[loose]]
        }
        return match
    }

    /// A name without the suffix of an image and without folders that only separate images from captions.
    private static func loose(_ name: ArraySlice<UInt8>) -> [UInt8] {
        let stem = ImagePath.isImage(name) ? ImagePath.stem(name) : name
        let folder = stem.dropLastPathPart
        guard !folder.isEmpty else { return Array(stem) }
        let kept = folder.split(separator: 0x2F).filter { !FolderNames.isContainer($0) } + [stem.lastPathPart]
        return Array(kept.joined(separator: [0x2F]))
    }
}

/// What the names of folders say about the images in them.
enum FolderNames {
    private static let containers: [StaticString] = [
        "images", "image", "imgs", "img", "captions", "caption", "texts", "txt", "prompts", "annotations",
    ]

    /// Whether a folder's name only says that it holds images or captions.
    static func isContainer(_ name: ArraySlice<UInt8>) -> Bool {
        containers.contains { name.count == $0.utf8CodeUnitCount && name.hasSuffix($0) }
    }

    /// The innermost folder of the path that is no split and no container; empty if there is none.
    static func className(of path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = path.dropLastPathPart
        while !rest.isEmpty {
            let name = rest.lastPathPart
            if !SplitName.isSplit(name) && !isContainer(name) { return name }
            rest = rest.dropLastPathPart
        }
        return rest
    }
}
