/// The rows of a corpus as columns: a million rows are a dozen arrays instead of a million objects.
///
/// A row takes 32 bytes in addition to its path (44 in a shard), and 8 per caption in addition to the text.
struct CorpusRows: Sendable, Equatable {
    /// Each row's image: its path relative to the folder, or the name of the shard's member.
    private(set) var paths = TextColumn()
    /// The captions of all rows, in row order.
    private(set) var captions = TextColumn()
    /// For each row, the number of captions of all rows up to it.
    private var captionEnds: [Int] = []
    /// Indices in a list of names; -1 if the row has none.
    private var classes: [Int32] = []
    private var splits: [Int32] = []
    /// Index of the file that lists the row; -1 in layouts without metadata.
    private var sources: [Int32] = []
    /// The row's line in that file, counted from 1; 0 if the file has no lines.
    private var lines: [UInt32] = []
    /// Offset and size in bytes of each image in its shard; empty if images are files.
    private var offsets: [Int] = []
    private var sizes: [UInt32] = []
    /// Rows that only hold further captions of an earlier row's image, in order, until `joinRepeatedRows` is called.
    private var repeated: [Repetition] = []

    private struct Repetition: Equatable {
        let row: Int
        let of: Int
    }

    var count: Int { captionEnds.count }

    func captionRange(_ row: Int) -> Range<Int> { (row == 0 ? 0 : captionEnds[row - 1])..<captionEnds[row] }
    func classNumber(_ row: Int) -> Int? { classes[row] < 0 ? nil : Int(classes[row]) }
    func splitNumber(_ row: Int) -> Int? { splits[row] < 0 ? nil : Int(splits[row]) }
    func source(_ row: Int) -> Int? { sources[row] < 0 ? nil : Int(sources[row]) }
    func line(_ row: Int) -> Int? { lines[row] == 0 ? nil : Int(lines[row]) }

    /// The range of an image's bytes in its shard; nil if the image is a file.
    func member(_ row: Int) -> Range<Int>? {
        offsets.isEmpty ? nil : offsets[row]..<offsets[row] + Int(sizes[row])
    }

    /// Adds a caption of the next row.
    mutating func appendCaption(_ text: some Sequence<UInt8>) { captions.append(text) }

    /// Number of captions of the next row.
    var pendingCaptions: Int { captions.count - (captionEnds.last ?? 0) }

    /// Removes the captions of the next row.
    mutating func dropPendingCaptions() { captions.shorten(to: captionEnds.last ?? 0) }

    mutating func append(
        path: some Sequence<UInt8>, className: Int?, split: Int?, source: Int?, line: Int?, member: Range<Int>? = nil
    ) {
        paths.append(path)
        captionEnds.append(captions.count)
        classes.append(Int32(className ?? -1))
        splits.append(Int32(split ?? -1))
        sources.append(Int32(source ?? -1))
        lines.append(UInt32(clamping: line ?? 0))
        if let member {
            offsets.append(member.lowerBound)
            sizes.append(UInt32(member.count))
        }
    }

    /// Makes the captions of the next row further captions of an earlier one's image.
    mutating func appendCaptions(of row: Int) {
        repeated.append(Repetition(row: count, of: row))
        append(path: [], className: nil, split: nil, source: nil, line: nil)
    }

    /// Moves the captions that `appendCaptions` received to the rows of their images.
    /// - Parameter halved: whether the second half of each row's captions were built from the first half by a template; all
    ///   those of an image then follow its plain ones.
    /// - Returns: the number of rows that were joined to others.
    mutating func joinRepeatedRows(halved: Bool) -> Int {
        guard !repeated.isEmpty else { return 0 }
        let joined = repeated.count
        let further = Dictionary(grouping: repeated, by: \.of).mapValues { $0.map(\.row) }
        let isRepeated = Set(repeated.map(\.row))
        var result = CorpusRows()
        for row in 0..<count where !isRepeated.contains(row) {
            let ranges = ([row] + (further[row] ?? [])).map(captionRange)
            let parts =
                halved
                ? ranges.map { $0.prefix($0.count / 2) } + ranges.map { $0.suffix($0.count / 2) }
                : ranges.map { $0[...] }
            for caption in parts.joined() { result.appendCaption(captions.utf8(caption)) }
            result.append(copying: row, of: self)
        }
        self = result
        return joined
    }

    /// The rows that `isKept` keeps, in order.
    func filtered(_ isKept: (Int) -> Bool) -> CorpusRows { selecting((0..<count).filter(isKept)) }

    /// The rows of these numbers, in their order.
    func selecting(_ numbers: [Int]) -> CorpusRows {
        var selected = CorpusRows()
        for row in numbers {
            for caption in captionRange(row) { selected.appendCaption(captions.utf8(caption)) }
            selected.append(copying: row, of: self)
        }
        selected.compact()
        return selected
    }

    /// Gives each row without captions an empty one.
    mutating func completeCaptions() {
        guard (0..<count).contains(where: { captionRange($0).isEmpty }) else { return }
        var (texts, ends) = (TextColumn(), [Int]())
        for row in 0..<count {
            for caption in captionRange(row) { texts.append(captions.utf8(caption)) }
            if captionRange(row).isEmpty { texts.append([]) }
            ends.append(texts.count)
        }
        (captions, captionEnds) = (texts, ends)
    }

    /// Appends everything of another's row but its captions.
    private mutating func append(copying row: Int, of other: CorpusRows) {
        append(
            path: other.paths.utf8(row), className: other.classNumber(row),
            split: other.splitNumber(row), source: other.source(row), line: other.line(row), member: other.member(row))
    }

    /// Replaces the paths of some rows.
    mutating func replacePaths(_ replacements: [Int: [UInt8]]) {
        var result = TextColumn()
        for row in 0..<count { result.append(replacements[row].map { $0[...] } ?? paths.utf8(row)) }
        paths = result
    }

    /// Renumbers classes and splits: number `n` becomes `classMap[n]`, or `splitMap[n]`.
    mutating func renumber(classes classMap: [Int], splits splitMap: [Int]) {
        for row in 0..<count {
            if classes[row] >= 0 { classes[row] = Int32(classMap[Int(classes[row])]) }
            if splits[row] >= 0 { splits[row] = Int32(splitMap[Int(splits[row])]) }
        }
    }

    /// Makes all classes unknown.
    mutating func removeClasses() { classes = [Int32](repeating: -1, count: classes.count) }

    /// Releases unused capacity.
    mutating func compact() {
        paths.compact()
        captions.compact()
        captionEnds = captionEnds.compacted()
        (classes, splits) = (classes.compacted(), splits.compacted())
        (sources, lines) = (sources.compacted(), lines.compacted())
        (offsets, sizes) = (offsets.compacted(), sizes.compacted())
    }
}

/// Class or split names, numbered in order of appearance.
struct NameList {
    private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]
    /// The name looked up last; rows are often grouped by class or split.
    private var last: (name: [UInt8], number: Int)?

    /// The number of a name; nil for an empty one.
    mutating func number(_ name: [UInt8]) -> Int? {
        if name.isEmpty { return nil }
        if let last, last.name == name { return last.number }
        let text = String(decoding: name, as: UTF8.self)
        let number = numbers[text] ?? names.count
        if number == names.count {
            numbers[text] = number
            names.append(text)
        }
        last = (name, number)
        return number
    }

    /// The names that `isUsed` accepts, sorted, and for each old number its new one (0 for unused names).
    func sorted(_ isUsed: (Int) -> Bool) -> (names: [String], numbers: [Int]) {
        let order = names.indices.filter(isUsed).sorted { names[$0] < names[$1] }
        var numbers = [Int](repeating: 0, count: names.count)
        for (new, old) in order.enumerated() { numbers[old] = new }
        return (order.map { names[$0] }, numbers)
    }
}
