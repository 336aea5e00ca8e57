import FoundationEssentials

/// What a corpus lists: its usable rows, and every problem met on the way instead of only the first.
///
/// `Corpus` refuses a listing with too many problems; `CorpusInspection` reports them.
struct CorpusListing {
    let format: CorpusFormat
    /// The folder that all paths are relative to, as it was named.
    let root: String
    private(set) var rows = CorpusRows()
    /// Names of the classes and splits that `rows` number.
    private(set) var classes: [String] = []
    private(set) var splits: [String] = []
    /// The files that list the rows, relative to `root`.
    private(set) var sources: [String] = []
    /// What was left out.
    private(set) var leftOut: LeftOut
    /// What is worth a remark and stands in nobody's way.
    private(set) var notices: LeftOut

    private var classList = NameList()
    private var splitList = NameList()
    private var table = PathTable()

    /// Recognises the layout of a folder and lists it.
    /// - Parameter named: how many problems are kept by name.
    /// - Throws: `CorpusError` where there is no corpus at all; what is wrong within one goes to `leftOut`.
    init(_ folder: String, keeping named: Int = 100) throws {
        leftOut = LeftOut(keeping: named)
        notices = LeftOut(keeping: named)
        root = folder
        var isFolder = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else {
            throw CorpusError.noSuchFolder(folder)
        }
        if FileManager.default.fileExists(atPath: "\(folder)/\(MetadataFile.name)") {
            format = .metadataLines
            try MetadataFile.read(into: &self)
            try leaveOutMissingPictures()
        } else {
            format = .sidecars
            try SidecarFolder.read(into: &self)
        }
        finish()
    }

    /// The number of a file that lists rows.
    mutating func addSource(_ name: String) -> Int {
        sources.append(name)
        return sources.count - 1
    }

    mutating func note(_ kind: CorpusProblem.Kind, _ file: String, _ line: Int?, _ detail: String) {
        let problem = CorpusProblem(kind: kind, file: file, line: line, detail: detail)
        if kind.isNotice { notices.add(problem) } else { leftOut.add(problem) }
    }

    /// Adds a caption of the row that is about to be added, or notes why not.
    /// - Parameter subject: what "has" or "holds" the caption, where messages need it.
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

    /// Adds a row with the captions that were added for it, or notes why not. A row whose captions were all refused is
    /// dropped without a further word.
    mutating func addRow(path: ArraySlice<UInt8>, className: [UInt8], split: [UInt8], source: Int?, line: Int?) {
        guard rows.pendingCaptions > 0 else { return }
        func name() -> String { String(decoding: path, as: UTF8.self) }
        if let first = table.row(of: path, in: rows.paths) {
            let place = rows.line(first).map { "on line \($0)" } ?? "in \(file(of: first))"
            note(.repeatedPicture, source.map { sources[$0] } ?? name(), line, "\(name()) is already listed \(place)")
            return rows.dropPendingCaptions()
        }
        let (label, part) = (classList.number(className), splitList.number(split))
        rows.append(path: path, className: label, split: part, source: source, line: line)
        table.insert(rows.count - 1, in: rows.paths)
    }

    /// Adds a row that a file states, or notes why not.
    mutating func add(_ draft: RowDraft, source: Int, line: Int?) {
        let file = sources[source]
        if let fault = PicturePath.fault(draft.path) { return note(.unsafePath, file, line, fault) }
        let path = PicturePath.normalized(draft.path)
        func name() -> String { String(decoding: path, as: UTF8.self) }
        if draft.captions.isEmpty { return note(.noCaption, file, line, "\(name()) has no \"text\"") }
        for caption in 0..<draft.captions.count {
            addCaption(draft.captions.utf8(caption), file: file, line: line, subject: "\(name()) has")
        }
        addRow(path: path, className: draft.className, split: draft.split, source: source, line: line)
    }

    /// The file that lists a row.
    private func file(of row: Int) -> String { rows.source(row).map { sources[$0] } ?? rows.paths[row] }

    /// Leaves out the rows whose pictures are not there or lie outside of the folder, and remarks on the pictures that no
    /// row names. One walk through the folder, instead of a question for each row.
    private mutating func leaveOutMissingPictures() throws {
        var isThere = [Bool](repeating: false, count: rows.count)
        var hasLinks = false
        try FolderWalk.visit(root) { path, kind in
            hasLinks = hasLinks || kind == .link
            guard kind == .file else { return }
            if let row = table.row(of: path, in: rows.paths) {
                isThere[row] = true
            } else if PicturePath.isPicture(path), !PicturePath.isHidden(path) {
                note(.unlistedPicture, String(decoding: path, as: UTF8.self), nil, "is named by no row")
            }
        }
        guard isThere.contains(false) else { return }
        let resolved = FolderWalk.resolved(root) ?? root
        for row in isThere.indices where !isThere[row] {
            // Without a link on the way the walk would have met it.
            switch hasLinks ? FolderWalk.target(of: rows.paths.utf8(row), in: resolved) : .missing {
            case .file: isThere[row] = true
            case .missing: note(.missingPicture, file(of: row), rows.line(row), "\(rows.paths[row]) does not exist")
            case .outside:
                note(.unsafePath, file(of: row), rows.line(row), "\(rows.paths[row]) leaves the folder by a link")
            }
        }
        rows = rows.filtered { isThere[$0] }
    }

    /// Numbers classes and splits in the order of their names, so that a label does not depend on the order of rows.
    private mutating func finish() {
        var (classUsed, splitUsed) = (Set<Int>(), Set<Int>())
        for row in 0..<rows.count {
            if let number = rows.classNumber(row) { classUsed.insert(number) }
            if let number = rows.splitNumber(row) { splitUsed.insert(number) }
        }
        let (classNames, classPlaces) = classList.sorted(classUsed.contains)
        let (splitNames, splitPlaces) = splitList.sorted(splitUsed.contains)
        (classes, splits) = (classNames, splitNames)
        rows.renumber(classes: classPlaces, splits: splitPlaces)
        rows.compact()
        table = PathTable()
    }
}
