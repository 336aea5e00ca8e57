import JSON

/// The image-folder layout with a table: `metadata.csv` with the columns `file_name`, `text` (or several: `text_1`,
/// `text_2`) and optionally `class` and `split`. A caption cell may be a JSON list. Cells are separated by commas,
/// semicolons, tabs or bars, whichever makes the first line name both columns.
enum MetadataTable {
    static let name = "metadata.csv"

    /// The columns of a table, by its first line.
    struct Columns {
        var separator = UInt8(ascii: ",")
        var names: [String] = []
        var fields: [RowDraft.Field?] = []

        var hasPath: Bool { fields.contains { if case .path = $0 { true } else { false } } }
        var hasCaptions: Bool { fields.contains { if case .captions = $0 { true } else { false } } }
        /// Whether the columns suffice.
        var isComplete: Bool { hasPath && (hasCaptions || !requiresCaptions) }
        let requiresCaptions: Bool
    }

    /// Reads the first line of a table; if no separator makes it complete, its columns as separated by commas.
    static func columns(of path: String, options: CorpusOptions) throws -> Columns {
        let draft = RowDraft(options)
        var first: Columns?
        for separator in [",", ";", "\t", "|"] as [Unicode.Scalar] {
            var reader = try CSVReader(path, separator: UInt8(ascii: separator))
            var columns = Columns(
                separator: UInt8(ascii: separator), requiresCaptions: options.requiresCaptions)
            if case .cells = try reader.next() {
                for cell in 0..<reader.cells.count {
                    var name = reader.cells[cell].trimmingPrefix(while: \.isWhitespace)
                    while name.last?.isWhitespace ?? false { name.removeLast() }
                    columns.names.append(String(name))
                    let exact = draft.field(Array(name.utf8)[...])
                    columns.fields.append(exact ?? draft.field(Array(name.lowercased().utf8)[...]))
                }
            }
            if columns.isComplete { return columns }
            first = first ?? columns
        }
        return first ?? Columns(requiresCaptions: options.requiresCaptions)
    }

    /// Reads all rows into `listing`.
    /// - Parameters:
    ///   - source: the file's index in the listing's `sources`.
    ///   - folder: the file's folder relative to the corpus, with a trailing slash; empty at the top.
    ///   - split: the split of rows that name none.
    /// - Throws: `CorpusError`.
    static func read(_ source: Int, in folder: String, split: String?, into listing: inout CorpusListing) throws {
        let file = listing.sources[source]
        let path = "\(listing.root)/\(file)"
        let columns = try columns(of: path, options: listing.options)
        let (names, fields) = (columns.names, columns.fields)
        var reader = try CSVReader(path, separator: columns.separator)
        guard let header = try reader.next() else { throw CorpusError.empty(file: path) }
        if case .fault(let line, _, let detail) = header {
            throw CorpusError.badHeader(file: path, line: line, detail)
        }
        guard columns.hasPath else {
            throw CorpusError.noColumn(listing.options.imageColumnName, file: path, found: names)
        }
        guard columns.isComplete else { throw CorpusError.noColumn("text", file: path, found: names) }
        var draft = RowDraft(listing.options)
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
                    listing.note(.malformedRow, file, line, "has no \"\(listing.options.imageColumnName)\"")
                } else {
                    listing.add(draft, in: folder, source: source, line: line)
                }
            }
        }
        if isEmpty { throw CorpusError.empty(file: path) }
    }

    private static func fill(_ draft: inout RowDraft, _ field: RowDraft.Field?, _ cell: ArraySlice<UInt8>) {
        switch field {
        case .path(let rank): if draft.takesPath(rank: rank) { draft.path += cell }
        case .className: draft.className += cell
        case .attribute(let column):
            draft.attributes[column] += cell
            if draft.options.template?.columns[column] == draft.options.className { draft.className += cell }
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
            var scanner = JSONScanner(Array(cell), acceptsNonFinite: true)
            try draft.readCaptions(&scanner, "text")
            try scanner.finish()
            return true
        } catch {
            draft.captions.shorten(to: before)
            return false
        }
    }
}
