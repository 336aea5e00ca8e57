import Basics
import JSON

/// A row as read from its file, not yet checked. One draft is reused for all rows of a file, which avoids allocations
/// per row.
struct RowDraft {
    /// Path of the image relative to the metadata file's folder.
    var path: [UInt8] = []
    var captions = TextColumn()
    /// Empty if the row has none.
    var className: [UInt8] = []
    var split: [UInt8] = []
    /// The values of the template's columns; empty if the row has none.
    var attributes: [[UInt8]]
    /// Which columns are read.
    let columns: CorpusColumns
    private let attributeNames: [[UInt8]]
    private let classColumn: [UInt8]
    /// Rank of the member that `captions` came from; lower ranks take precedence.
    private var captionRank = Int.max

    init(_ columns: CorpusColumns = CorpusColumns()) {
        self.columns = columns
        attributeNames = columns.template?.columns.map { Array($0.utf8) } ?? []
        attributes = [[UInt8]](repeating: [], count: attributeNames.count)
        classColumn = Array(columns.className.utf8)
    }

    /// The meaning of a column, or of an object's member, according to its name.
    enum Field: Equatable {
        case path
        /// Captions; if a row has several such fields, those of the lowest rank are used.
        case captions(rank: Int)
        case className
        case split
        /// A column of the caption template, by its number there.
        case attribute(Int)

        /// Names of caption members in order of precedence.
        static let captionNames: [StaticString] = ["text", "caption", "captions", "prompt"]

        init?(_ name: ArraySlice<UInt8>) {
            if name.isEqual(to: "file_name") {
                self = .path
            } else if name.isEqual(to: "split") {
                self = .split
            } else {
                // Several columns of captions are numbered: text_1, text_2.
                var stem = name[...]
                while let last = stem.last, last &- 0x30 < 10 { stem.removeLast() }
                if stem.count < name.count, stem.last == UInt8(ascii: "_") { stem.removeLast() }
                guard let rank = Field.captionNames.firstIndex(where: { stem.isEqual(to: $0) }) else {
                    return nil
                }
                self = .captions(rank: rank)
            }
        }
    }

    /// The meaning of a column; nil if it is not read.
    func field(_ name: ArraySlice<UInt8>) -> Field? {
        if let column = attributeNames.firstIndex(where: { name.elementsEqual($0) }) { return .attribute(column) }
        return name.elementsEqual(classColumn) ? .className : Field(name)
    }

    mutating func clear() {
        path.removeAll(keepingCapacity: true)
        captions.shorten(to: 0)
        className.removeAll(keepingCapacity: true)
        split.removeAll(keepingCapacity: true)
        for column in attributes.indices { attributes[column].removeAll(keepingCapacity: true) }
        captionRank = .max
    }

    /// Whether captions of this rank are to be read; captions of a higher rank are discarded.
    mutating func takesCaptions(rank: Int) -> Bool {
        if rank < captionRank { captions.shorten(to: 0) }
        captionRank = min(rank, captionRank)
        return rank == captionRank
    }

    /// Reads a JSON object: `{"file_name": "a.jpg", "text": "a caption" or ["…", …], "class": "…", "split": "…"}`;
    /// other members are skipped.
    mutating func read(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) {
        guard scanner.isNext("{") else { throw scanner.mismatch("is not a JSON object") }
        try scanner.members { (scanner, name) throws(JSONScanner.Fault) in
            switch field(name) {
            case .path: try RowDraft.text(&scanner, "file_name", into: &path)
            case .className: try RowDraft.text(&scanner, columns.className, into: &className)
            case .attribute(let column):
                let name = columns.template?.columns[column] ?? ""
                try RowDraft.text(&scanner, name, into: &attributes[column])
                if name == columns.className { className = attributes[column] }
            case .split: try RowDraft.text(&scanner, "split", into: &split)
            case .captions(let rank):
                guard takesCaptions(rank: rank) else { return try scanner.skip() }
                try readCaptions(&scanner, Field.captionNames[rank])
            case nil: try scanner.skip()
            }
        }
    }

    /// Reads a caption or a list of captions.
    mutating func readCaptions(_ scanner: inout JSONScanner, _ name: StaticString) throws(JSONScanner.Fault) {
        func one(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) {
            guard scanner.isNext("\"") else {
                throw scanner.mismatch("\"\(name)\" must be a string or a list of strings")
            }
            try captions.append { (text) throws(JSONScanner.Fault) in try scanner.string(into: &text) }
        }
        if try scanner.null() { return }
        if scanner.isNext("[") {
            try scanner.elements(one)
        } else {
            try one(&scanner)
        }
    }

    /// Reads a string; `null` counts as absent.
    private static func text(
        _ scanner: inout JSONScanner, _ name: String, into text: inout [UInt8]
    ) throws(JSONScanner.Fault) {
        text.removeAll(keepingCapacity: true)
        if try scanner.null() { return }
        guard scanner.isNext("\"") else { throw scanner.mismatch("\"\(name)\" must be a string") }
        try scanner.string(into: &text)
    }
}

extension JSONScanner.Fault {
    /// The fault as the detail of a `CorpusProblem`.
    var problem: String { isSyntax ? "is not valid JSON: \(reason) (byte \(offset))" : reason }
}
