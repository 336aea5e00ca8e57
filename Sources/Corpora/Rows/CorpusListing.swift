import Basics

/// The rows of a corpus while its files are read: usable rows, and all problems instead of only the first.
///
/// `Corpus` refuses a listing with too many problems; `CorpusInspection` reports them.
struct CorpusListing {
    private(set) var format: CorpusFormat = .sidecars
    /// The folder that all paths are relative to.
    let root: String
    var rows = CorpusRows()
    /// Names of the classes and splits that `rows` number.
    private(set) var classes: [String] = []
    private(set) var splits: [String] = []
    /// The files that list the rows, or the shards that hold them, relative to `root`.
    private(set) var sources: [String] = []
    /// The shards, one for each of `sources`; empty if images are files.
    private(set) var shards: [any ImageArchive] = []
    /// Rows and captions that were skipped.
    private(set) var skipped: SkippedItems
    /// Notices: files that are not used.
    private(set) var notices: SkippedItems
    /// Number of rows whose captions were added to those of an earlier row with the same image.
    private(set) var joined = 0
    /// Maximum number of problems kept in detail.
    let kept: Int
    /// How the files are read.
    let options: CorpusOptions

    private var classList = NameList()
    private var splitList = NameList()
    private var table = PathTable()
    /// Whether captions of metadata rows were read from text files.
    private(set) var usesTextFiles = false
    /// Rows of metadata files without captions.
    private var withoutCaptions: [Uncaptioned] = []

    /// A row of a metadata file without captions.
    struct Uncaptioned {
        let path: [UInt8]
        let draft: RowDraft
        let source: Int
        let line: Int?
    }

    /// An empty listing.
    /// - Parameters:
    ///   - root: the folder that all paths are relative to.
    ///   - kept: maximum number of problems kept in detail.
    ///   - options: how the files are read.
    init(root: String, keeping kept: Int, options: CorpusOptions) {
        self.root = root
        self.kept = kept
        self.options = options
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

    /// Records a problem, or a notice. Where captions are not required, a missing one is neither.
    mutating func note(_ kind: CorpusProblem.Kind, _ file: String, _ line: Int?, _ detail: String) {
        if kind == .noCaption, !options.requiresCaptions { return }
        let problem = CorpusProblem(kind: kind, file: file, line: line, detail: detail)
        if kind.isNotice { notices.add(problem) } else { skipped.add(problem) }
    }

    /// Records the problems of a part that was read on another thread.
    mutating func note(_ problems: SkippedItems) { skipped.add(problems) }

    /// Records a notice for each image that no row lists, unless the rows have other columns of images.
    mutating func noteUnlisted(_ images: TextColumn, _ isUsed: [Bool]) {
        guard options.imageColumn == nil else { return }
        for image in isUsed.indices where !isUsed[image] {
            note(.unlistedImage, images[image], nil, "is listed by no row")
        }
    }

    /// Adds a row with the pending captions, or records why it is skipped. If captions are required, a row without a usable
    /// one is dropped; its captions have been recorded. If an earlier row of the same file, split and class has the same
    /// image, its captions are added to that row: one row per caption is a common layout of tables.
    /// - Parameter member: the range of the image's bytes in the shard `source`; nil if the image is a file.
    mutating func addRow(
        path: ArraySlice<UInt8>, className: [UInt8], split: [UInt8], source: Int?, line: Int?,
        member: Range<Int>? = nil
    ) {
        guard rows.pendingCaptions > 0 || !options.requiresCaptions else { return }
        let (label, part) = (classList.number(className), splitList.number(split))
        // Within a shard, names have already been compared; different shards may use the same names.
        let first = member == nil ? table.row(of: path, in: rows.paths) : nil
        if let first {
            let name = String(decoding: path, as: UTF8.self)
            let location = rows.line(first).map { "on line \($0)" } ?? "in \(file(of: first))"
            func refuse(_ difference: String) {
                note(
                    .repeatedImage, source.map { sources[$0] } ?? name, line,
                    "\(name) is already listed \(location)\(difference)")
                rows.dropPendingCaptions()
            }
            guard source != nil, rows.source(first) == source else { return refuse("") }
            guard rows.splitNumber(first) == part else { return refuse(" with another split") }
            if options.imageColumn == nil {
                guard rows.classNumber(first) == label else { return refuse(" with another class") }
                return rows.appendCaptions(of: first)
            }
        }
        rows.append(path: path, className: label, split: part, source: source, line: line, member: member)
        if member == nil, first == nil { table.insert(rows.count - 1, in: rows.paths) }
    }

    /// Checks and adds a row of a metadata file, or records why it is skipped.
    /// - Parameter folder: the folder that the row's path is relative to, with a trailing slash; empty for `root`.
    mutating func add(_ draft: RowDraft, in folder: String, source: Int, line: Int?) {
        let file = sources[source]
        if let fault = ImagePath.fault(draft.path[...]) {
            return note(.unsafePath, file, line, "\"\(options.imageColumnName)\" \(fault)")
        }
        let inFolder = ImagePath.normalized(draft.path[...])
        let path = folder.isEmpty ? inFolder : Array(folder.utf8) + inFolder
        if draft.captions.isEmpty {
            return withoutCaptions.append(Uncaptioned(path: Array(path), draft: draft, source: source, line: line))
        }
        for caption in 0..<draft.captions.count {
            addCaption(
                draft.captions.utf8(caption), file: file, line: line,
                subject: "\(String(decoding: path, as: UTF8.self)) has")
        }
        add(draft, path: path, source: source, line: line)
    }

    /// Adds a row with the pending captions, to which the template's are added.
    /// - Parameter draft: the class, split and template columns of the row; a row without a split has that of its folder.
    mutating func add(
        _ draft: RowDraft, path: ArraySlice<UInt8>, source: Int?, line: Int?, member: Range<Int>? = nil
    ) {
        if let template = options.template {
            if let missing = draft.attributes.firstIndex(where: \.isEmpty) {
                rows.dropPendingCaptions()
                return note(
                    .malformedRow, source.map { sources[$0] } ?? String(decoding: path, as: UTF8.self), line,
                    "\(String(decoding: path, as: UTF8.self)) has no \"\(template.columns[missing])\", which the caption "
                        + "template names")
            }
            // After all plain captions, so that the second half of a row's captions are those of the template.
            for number in rows.captions.count - rows.pendingCaptions..<rows.captions.count {
                let built = template.applied(to: rows.captions.utf8(number), values: draft.attributes)
                do throws(CaptionText.Fault) {
                    rows.appendCaption(try CaptionText.cleaned(built[...]))
                } catch {
                    rows.dropPendingCaptions()
                    let image = String(decoding: path, as: UTF8.self)
                    return note(
                        error.kind, source.map { sources[$0] } ?? image, line,
                        "\(image) has, with the caption template, \(error.detail)")
                }
            }
        }
        let split =
            draft.split.isEmpty && member == nil ? SplitName.folder(of: path).map(Array.init) ?? [] : draft.split
        addRow(path: path, className: draft.className, split: split, source: source, line: line, member: member)
    }

    /// Hands out the rows of metadata files without captions, which then come from text files.
    mutating func takeUncaptioned() -> [Uncaptioned] {
        if !withoutCaptions.isEmpty { usesTextFiles = true }
        defer { withoutCaptions = [] }
        return withoutCaptions
    }

    /// Makes the rows of one image one row.
    mutating func joinRepeatedRows() {
        let repeated = rows.joinRepeatedRows(halved: options.template != nil)
        guard repeated > 0 else { return }
        joined += repeated
        table = PathTable(rows.paths)
    }

    /// The file that lists a row.
    func file(of row: Int) -> String { rows.source(row).map { sources[$0] } ?? rows.paths[row] }

    /// The first row whose image has this path.
    func row(of path: ArraySlice<UInt8>) -> Int? { table.row(of: path, in: rows.paths) }

    /// Removes the rows whose element in `isKept` is false.
    mutating func keepRows(_ isKept: [Bool]) { rows = rows.filtered { isKept[$0] } }

    /// Renumbers classes and splits in alphabetical order, so that labels do not depend on the order of rows. A row without
    /// captions gets an empty one.
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
        rows.completeCaptions()
        rows.compact()
        table = PathTable()
    }
}
