import Basics

/// Records of a CSV file (RFC 4180): cells between commas, in quotes where they hold commas, line ends or quotes, which are
/// then doubled.
struct CSVReader {
    enum Record {
        /// The cells of a record that begins on a line, good until the next one is asked for.
        case cells(line: Int)
        /// A record that cannot be read, and why.
        case fault(line: Int, CorpusProblem.Kind, String)
    }

    private(set) var cells = TextColumn()
    private var lines: LineReader
    private var cell: [UInt8] = []

    /// - Throws: `CorpusError.cannotRead`.
    init(_ path: String) throws(CorpusError) { lines = try LineReader(path) }

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
                return .fault(line: first, .notUTF8, "is not UTF-8; save the file in that encoding")
            }
            guard read(text, &isQuoted) else {
                return .fault(line: first, .malformedRow, "has something after the quote that closes a cell")
            }
            if !isQuoted { return .cells(line: first) }
            cell.append(0x0A)
        }
        return start.map { .fault(line: $0, .malformedRow, "opens a quote that is not closed") }
    }

    /// Adds a line to the record; false where a cell goes on after its closing quote.
    private mutating func read(_ text: ArraySlice<UInt8>, _ isQuoted: inout Bool) -> Bool {
        let (quote, comma) = (UInt8(ascii: "\""), UInt8(ascii: ","))
        var place = text.startIndex
        // At the beginning of a cell, unless a quoted one goes on from the line before.
        var begins = !isQuoted
        while true {
            if begins, place < text.endIndex, text[place] == quote {
                isQuoted = true
                place += 1
            }
            begins = false
            if isQuoted {
                let end = text[place...].firstIndex(of: quote) ?? text.endIndex
                cell += text[place..<end]
                if end == text.endIndex { return true }
                place = end + 1
                if place < text.endIndex, text[place] == quote {
                    cell.append(quote)
                    place += 1
                    continue
                }
                isQuoted = false
                guard place == text.endIndex || text[place] == comma else { return false }
            } else {
                let end = text[place...].firstIndex(of: comma) ?? text.endIndex
                cell += text[place..<end]
                place = end
            }
            cells.append(cell)
            cell.removeAll(keepingCapacity: true)
            if place == text.endIndex { return true }
            place += 1
            begins = true
        }
    }
}
