import Basics

/// The rows of a corpus while its files are read: usable rows, and all problems instead of only the first.
///
/// `Corpus` refuses a listing with too many problems; `CorpusInspection` reports them.
struct CorpusListing {
    private(set) var format: CorpusFormat = .sidecars
    /// The folder that all paths are relative to.
    let root: String
    private(set) var rows = CorpusRows()
    /// Names of the classes and splits that `rows` number.
    private(set) var classes: [String] = []
    private(set) var splits: [String] = []
    /// The files that list the rows, or the shards that hold them, relative to `root`.
    private(set) var sources: [String] = []
    /// The shards, one for each of `sources`; empty if images are files.
    private(set) var shards: [any ImageArchive] = []
    /// Rows and captions that were skipped.
    private(set) var skipped: SkippedItems
    /// Notices: unlisted images and unpaired texts.
    private(set) var notices: SkippedItems
    /// Maximum number of problems kept in detail.
    let kept: Int
    /// Which columns of metadata files are read.
    let columns: CorpusColumns

    private var classList = NameList()
    private var splitList = NameList()
    private var table = PathTable()

    /// An empty listing.
    /// - Parameters:
    ///   - root: the folder that all paths are relative to.
    ///   - kept: maximum number of problems kept in detail.
    ///   - columns: which columns of metadata files are read.
    init(root: String, keeping kept: Int, columns: CorpusColumns = CorpusColumns()) {
        self.root = root
        self.kept = kept
        self.columns = columns
        skipped = SkippedItems(keeping: kept)
        notices = SkippedItems(keeping: kept)
    }

    /// Registers a file that lists rows, and returns its index in `sources`.
    mutating func addSource(_ name: String) -> Int {
        sources.append(name)
        return sources.count - 1
    }

    /// Registers a shard, and returns its index in `sources`.
    mutating func addShard(_ shard: some ImageArchive, named name: String) -> Int {
        shards.append(shard)
        return addSource(name)
    }

    /// Records a problem, or a notice.
    mutating func note(_ kind: CorpusProblem.Kind, _ file: String, _ line: Int?, _ detail: String) {
        let problem = CorpusProblem(kind: kind, file: file, line: line, detail: detail)
        if kind.isNotice { notices.add(problem) } else { skipped.add(problem) }
    }

    /// Records the problems of a part that was read on another thread.
    mutating func note(_ problems: SkippedItems) { skipped.add(problems) }

    /// Records a notice for each image that no row lists.
    mutating func noteUnlisted(_ images: TextColumn, _ isUsed: [Bool]) {
        for image in isUsed.indices where !isUsed[image] {
            note(.unlistedImage, images[image], nil, "is listed by no row")
        }
    }

    /// Adds a caption of the next row, or records why it is skipped.
    /// - Parameter subject: begins the message, for example "a.jpg has".
    mutating func addCaption(
        _ text: ArraySlice<UInt8>, file: @autoclosure () -> String, line: Int?, subject: @autoclosure () -> String
    ) {
        do throws(CaptionText.Fault) {
            let clean = try CaptionText.cleaned(text)
            rows.appendCaption(clean)
        } catch {
            note(error.kind, file(), line, "\(subject()) \(error.detail)")
        }
    }

    /// Adds a caption of the next row for each line that is not blank, or records why it is skipped.
    mutating func addCaptions(ofText text: ArraySlice<UInt8>, file: @autoclosure () -> String) {
        var rest = text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text
        var number = 0
        var isBlank = true
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
            let line = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            isBlank = false
            if isUTF8(line) {
                addCaption(line, file: file(), line: number, subject: "holds")
            } else {
                note(.notUTF8, file(), number, "is not UTF-8; save the file in that encoding")
            }
        }
        if isBlank { note(.noCaption, file(), nil, "holds no caption") }
    }

    /// Adds a row with the pending captions, or records why it is skipped. A row without a usable caption is dropped;
    /// its captions have been recorded.
    /// - Parameter member: the range of the image's bytes in the shard `source`; nil if the image is a file.
    mutating func addRow(
        path: ArraySlice<UInt8>, className: [UInt8], split: [UInt8], source: Int?, line: Int?,
        member: Range<Int>? = nil
    ) {
        guard rows.pendingCaptions > 0 else { return }
        // Within a shard, names have already been compared; different shards may use the same names.
        if member == nil, let first = table.row(of: path, in: rows.paths) {
            let name = String(decoding: path, as: UTF8.self)
            let location = rows.line(first).map { "on line \($0)" } ?? "in \(file(of: first))"
            note(.repeatedImage, source.map { sources[$0] } ?? name, line, "\(name) is already listed \(location)")
            return rows.dropPendingCaptions()
        }
        let (label, part) = (classList.number(className), splitList.number(split))
        rows.append(path: path, className: label, split: part, source: source, line: line, member: member)
        if member == nil { table.insert(rows.count - 1, in: rows.paths) }
    }

    /// Checks and adds a row of a metadata file, or records why it is skipped.
    /// - Parameter folder: the folder that the row's path is relative to, with a trailing slash; empty for `root`.
    mutating func add(_ draft: RowDraft, in folder: String, source: Int, line: Int?) {
        let file = sources[source]
        if let fault = ImagePath.fault(draft.path[...]) {
            return note(.unsafePath, file, line, "\"file_name\" \(fault)")
        }
        let inFolder = ImagePath.normalized(draft.path[...])
        let path = folder.isEmpty ? inFolder : Array(folder.utf8) + inFolder
        func name() -> String { String(decoding: path, as: UTF8.self) }
        if draft.captions.isEmpty { return note(.noCaption, file, line, "\(name()) has no \"text\"") }
        if let template = columns.template, let missing = draft.attributes.firstIndex(where: \.isEmpty) {
            let column = template.columns[missing]
            return note(.malformedRow, file, line, "\(name()) has no \"\(column)\", which the caption template names")
        }
        for caption in 0..<draft.captions.count {
            addCaption(draft.captions.utf8(caption), file: file, line: line, subject: "\(name()) has")
        }
        if let template = columns.template {
            // After all plain captions, so that the second half of a row's captions are those of the template.
            for number in rows.captions.count - rows.pendingCaptions..<rows.captions.count {
                rows.appendCaption(template.applied(to: rows.captions.utf8(number), values: draft.attributes))
            }
        }
        addRow(path: path, className: draft.className, split: draft.split, source: source, line: line)
    }

    /// The file that lists a row.
    func file(of row: Int) -> String { rows.source(row).map { sources[$0] } ?? rows.paths[row] }

    /// The row whose image has this path.
    func row(of path: ArraySlice<UInt8>) -> Int? { table.row(of: path, in: rows.paths) }

    /// Removes the rows whose element in `isKept` is false.
    mutating func keepRows(_ isKept: [Bool]) { rows = rows.filtered { isKept[$0] } }

    /// Renumbers classes and splits in alphabetical order, so that labels do not depend on the order of rows.
    mutating func finish(as format: CorpusFormat) {
        self.format = format
        var (classUsed, splitUsed) = (Set<Int>(), Set<Int>())
        for row in 0..<rows.count {
            if let number = rows.classNumber(row) { classUsed.insert(number) }
            if let number = rows.splitNumber(row) { splitUsed.insert(number) }
        }
        let (classNames, classNumbers) = classList.sorted(classUsed.contains)
        let (splitNames, splitNumbers) = splitList.sorted(splitUsed.contains)
        (classes, splits) = (classNames, splitNames)
        rows.renumber(classes: classNumbers, splits: splitNumbers)
        rows.compact()
        table = PathTable()
    }
}
