import JSON

/// The image-folder layout with a CSV table: `metadata.csv` with the columns `file_name`, `text` (or several: `text_1`,
/// `text_2`) and optionally `class` and `split`. A caption cell may be a JSON list.
enum MetadataTable {
    static let name = "metadata.csv"

    /// Reads all rows into `listing`.
    /// - Parameters:
    ///   - folder: the file's folder relative to the corpus, with a trailing slash; empty at the top.
    ///   - split: the split of rows that name none.
    /// - Throws: `CorpusError`.
    static func read(in folder: String, split: String?, into listing: inout CorpusListing) throws {
        let file = folder + name
        let source = listing.addSource(file)
        var reader = try CSVReader("\(listing.root)/\(file)")
        guard let first = try reader.next() else { throw CorpusError.empty(file: "\(listing.root)/\(file)") }
        guard case .cells = first else {
            throw CorpusError.noColumn("file_name", file: "\(listing.root)/\(file)", found: [])
        }
        let names = (0..<reader.cells.count).map { reader.cells[$0] }
        var draft = RowDraft(listing.columns)
        let fields = (0..<names.count).map { draft.field(reader.cells.utf8($0)) }
        guard fields.contains(.path) else {
            throw CorpusError.noColumn("file_name", file: "\(listing.root)/\(file)", found: names)
        }
        guard fields.contains(where: { if case .captions = $0 { true } else { false } }) else {
            throw CorpusError.noColumn("text", file: "\(listing.root)/\(file)", found: names)
        }
        var isEmpty = true
        while let record = try reader.next() {
            isEmpty = false
            switch record {
            case .fault(let line, let kind, let detail): listing.note(kind, file, line, detail)
            case .cells(let line):
                guard reader.cells.count == names.count else {
                    listing.note(
                        .malformedRow, file, line,
                        "has \(reader.cells.count) cells; the first line names \(names.count)")
                    continue
                }
                draft.clear()
                for (column, field) in fields.enumerated() { fill(&draft, field, reader.cells.utf8(column)) }
                if draft.split.isEmpty, let split { draft.split += split.utf8 }
                if draft.path.isEmpty {
                    listing.note(.malformedRow, file, line, "has no \"file_name\"")
                } else {
                    listing.add(draft, in: folder, source: source, line: line)
                }
            }
        }
        if isEmpty { throw CorpusError.empty(file: "\(listing.root)/\(file)") }
    }

    private static func fill(_ draft: inout RowDraft, _ field: RowDraft.Field?, _ cell: ArraySlice<UInt8>) {
        switch field {
        case .path: draft.path += cell
        case .className: draft.className += cell
        case .attribute(let column):
            draft.attributes[column] += cell
            if draft.columns.template?.columns[column] == draft.columns.className { draft.className += cell }
        case .split: draft.split += cell
        case .captions(let rank):
            // With several caption columns, some may be empty.
            guard cell.contains(where: { $0 != 0x20 && $0 != 0x09 }), draft.takesCaptions(rank: rank) else { return }
            if cell.first == UInt8(ascii: "["), addList(cell, to: &draft) { return }
            draft.captions.append(cell)
        case nil: break
        }
    }

    /// Adds the captions of a cell that holds a JSON list; false if it is an ordinary caption that begins with a
    /// bracket.
    private static func addList(_ cell: ArraySlice<UInt8>, to draft: inout RowDraft) -> Bool {
        let before = draft.captions.count
        do throws(JSONScanner.Fault) {
            var scanner = JSONScanner(Array(cell))
            try draft.readCaptions(&scanner, "text")
            try scanner.finish()
            return true
        } catch {
            draft.captions.shorten(to: before)
            return false
        }
    }
}
