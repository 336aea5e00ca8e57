import Basics

/// Reads the records of a CSV file (RFC 4180). Cells with separators, line ends or quotes are quoted; quotes within are
/// doubled.
struct CSVReader {
    enum Record {
        /// A record that begins on `line`; its cells are in `cells` until the next call of `next`.
        case cells(line: Int)
        /// A record that cannot be read, and why.
        case fault(line: Int, CorpusProblem.Kind, String)
    }

    /// The cells of the current record.
    private(set) var cells = TextColumn()
    private var lines: LineReader
    private let separator: UInt8
    /// The cell being read.
    private var cell: [UInt8] = []

    /// - Throws: `CorpusError.cannotRead`.
    init(_ path: String, separator: UInt8) throws(CorpusError) {
        lines = try LineReader(path)
        self.separator = separator
    }

    /// The next record that is not blank; nil at the end of the file.
    /// - Throws: `CorpusError.cannotRead`.
    mutating func next() throws(CorpusError) -> Record? {
        cells.shorten(to: 0)
        cell.removeAll(keepingCapacity: true)
        var start: Int?
        var isQuoted = false
        while let line = try lines.nextLine() {
            let first = start ?? line.number
            guard let range = line.range, cells.bytes.count + cell.count <= LineReader.longestLine else {
                return .fault(
                    line: first, .tooLong, "is longer than \(LineReader.longestLine) bytes; is a quote not closed?")
            }
            let text = lines.bytes[range]
            if start == nil, text.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            start = first
            guard isUTF8(text) else {
                return .fault(line: first, .notUTF8, "is not UTF-8; save the file as UTF-8")
            }
            guard read(text, &isQuoted) else {
                return .fault(line: first, .malformedRow, "has something after the quote that closes a cell")
            }
            if !isQuoted { return .cells(line: first) }
            cell.append(0x0A)
        }
        return start.map { .fault(line: $0, .malformedRow, "opens a quote that is not closed") }
    }

    /// Adds a line to the record; false if something other than a separator follows a closing quote.
    private mutating func read(_ text: ArraySlice<UInt8>, _ isQuoted: inout Bool) -> Bool {
        let quote = UInt8(ascii: "\"")
        var position = text.startIndex
        // A line begins with a new cell unless it continues a quoted one.
        var begins = !isQuoted
        while true {
            if begins, position < text.endIndex, text[position] == quote {
                isQuoted = true
                position += 1
            }
            begins = false
            if isQuoted {
                let end = text[position...].firstIndex(of: quote) ?? text.endIndex
                cell += text[position..<end]
                if end == text.endIndex { return true }
                position = end + 1
                if position < text.endIndex, text[position] == quote {
                    cell.append(quote)
                    position += 1
                    continue
                }
                isQuoted = false
                guard position == text.endIndex || text[position] == separator else { return false }
            } else {
                let end = text[position...].firstIndex(of: separator) ?? text.endIndex
                cell += text[position..<end]
                position = end
            }
            cells.append(cell)
            cell.removeAll(keepingCapacity: true)
            if position == text.endIndex { return true }
            position += 1
            begins = true
        }
    }
}
