/// The rows of a corpus as columns: a million rows are a dozen arrays instead of a million objects.
///
/// A row takes 32 bytes in addition to its path (44 in a shard), and 8 per caption in addition to the text.
struct CorpusRows: Sendable, Equatable {
    /// Each row's image: its path in the folder, or the name of a member of a shard.
    private(set) var paths = TextColumn()
    /// The captions of all rows, one row's after the other's.
    private(set) var captions = TextColumn()
    /// The number of captions up to the end of each row.
    private var captionEnds: [Int] = []
    /// Indices in a list of names; -1 where the row names none.
    private var classes: [Int32] = []
    private var splits: [Int32] = []
    /// Index of the file that lists the row; -1 where none does.
    private var sources: [Int32] = []
    /// The line there, counted from 1; 0 where the file has none.
    private var lines: [UInt32] = []
    /// Offset and size of each image in its shard; empty where images are files.
    private var offsets: [Int] = []
    private var sizes: [UInt32] = []

    var count: Int { captionEnds.count }

    func captionRange(_ row: Int) -> Range<Int> { (row == 0 ? 0 : captionEnds[row - 1])..<captionEnds[row] }
    func classNumber(_ row: Int) -> Int? { classes[row] < 0 ? nil : Int(classes[row]) }
    func splitNumber(_ row: Int) -> Int? { splits[row] < 0 ? nil : Int(splits[row]) }
    func source(_ row: Int) -> Int? { sources[row] < 0 ? nil : Int(sources[row]) }
    func line(_ row: Int) -> Int? { lines[row] == 0 ? nil : Int(lines[row]) }

    /// The range of an image's bytes in its shard; nil where it is a file.
    func member(_ row: Int) -> Range<Int>? {
        offsets.isEmpty ? nil : offsets[row]..<offsets[row] + Int(sizes[row])
    }

    /// Adds a caption of the row that is about to be added.
    mutating func appendCaption(_ text: some Sequence<UInt8>) { captions.append(text) }

    /// How many captions the row has that is about to be added.
    var pendingCaptions: Int { captions.count - (captionEnds.last ?? 0) }

    /// Drops the captions of a row that is not added.
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

    /// The rows that `isKept` keeps, in order.
    func filtered(_ isKept: (Int) -> Bool) -> CorpusRows {
        var kept = CorpusRows()
        for row in 0..<count where isKept(row) {
            for caption in captionRange(row) { kept.appendCaption(captions.utf8(caption)) }
            kept.append(
                path: paths.utf8(row), className: classNumber(row), split: splitNumber(row), source: source(row),
                line: line(row), member: member(row))
        }
        kept.compact()
        return kept
    }

    /// Renumbers classes and splits: number `n` becomes `classMap[n]`, or `splitMap[n]`.
    mutating func renumber(classes classMap: [Int], splits splitMap: [Int]) {
        for row in 0..<count {
            if classes[row] >= 0 { classes[row] = Int32(classMap[Int(classes[row])]) }
            if splits[row] >= 0 { splits[row] = Int32(splitMap[Int(splits[row])]) }
        }
    }

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

/// Names that rows share, numbered in order of appearance.
struct NameList {
    private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]
    /// The last name: rows often come class by class or split by split.
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

    /// The names that `isUsed`, sorted, and for each number its place among them (0 for what is not used).
    func sorted(_ isUsed: (Int) -> Bool) -> (names: [String], places: [Int]) {
        let order = names.indices.filter(isUsed).sorted { names[$0] < names[$1] }
        var places = [Int](repeating: 0, count: names.count)
        for (place, number) in order.enumerated() { places[number] = place }
        return (order.map { names[$0] }, places)
    }
}
