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
    /// Rank of the member that `captions` came from; lower ranks take precedence.
    private var captionRank = Int.max

    /// The meaning of a column, or of an object's member, according to its name.
    enum Field: Equatable {
        case path
        /// Captions; if a row has several such fields, those of the lowest rank are used.
        case captions(rank: Int)
        case className
        case split

        /// Names of caption members in order of precedence.
        static let captionNames: [StaticString] = ["text", "caption", "captions", "prompt"]

        init?(_ name: ArraySlice<UInt8>) {
            if name.isEqual(to: "file_name") {
                self = .path
            } else if name.isEqual(to: "class") {
                self = .className
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

    mutating func clear() {
        path.removeAll(keepingCapacity: true)
        captions.shorten(to: 0)
        className.removeAll(keepingCapacity: true)
        split.removeAll(keepingCapacity: true)
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
            switch Field(name) {
            case .path: try RowDraft.text(&scanner, "file_name", into: &path)
            case .className: try RowDraft.text(&scanner, "class", into: &className)
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
