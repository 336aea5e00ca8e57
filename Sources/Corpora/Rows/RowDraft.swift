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
    let options: CorpusOptions
    private let attributeNames: [[UInt8]]
    private let classColumn: [UInt8]
    private let imageColumn: [UInt8]?
    /// Ranks of the members that `path` and `captions` came from; lower ranks take precedence.
    private var pathRank = Int.max
    private var captionRank = Int.max

    init(_ options: CorpusOptions) {
        self.options = options
        attributeNames = options.template?.columns.map { Array($0.utf8) } ?? []
        attributes = [[UInt8]](repeating: [], count: attributeNames.count)
        classColumn = Array(options.className.utf8)
        imageColumn = options.imageColumn.map { Array($0.utf8) }
    }

    /// The meaning of a column, or of an object's member, according to its name.
    enum Field: Equatable {
        /// The image's path; if a row has several such fields, that of the lowest rank is used.
        case path(rank: Int)
        /// Captions, likewise.
        case captions(rank: Int)
        case className
        case split
        /// A column of the caption template, by its number there.
        case attribute(Int)

        /// Names of members with the image's path, in order of precedence.
        static let pathNames: [StaticString] = [
            "file_name", "filename", "file", "image", "image_name", "image_path", "path",
        ]
        /// Names of caption members in order of precedence.
        static let captionNames: [StaticString] = ["text", "caption", "captions", "prompt", "description", "comment"]

        init?(_ name: ArraySlice<UInt8>) {
            if let rank = Field.pathNames.firstIndex(where: { name.isEqual(to: $0) }) {
                self = .path(rank: rank)
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
        if let imageColumn, name.elementsEqual(imageColumn) { return .path(rank: 0) }
        if let column = attributeNames.firstIndex(where: { name.elementsEqual($0) }) { return .attribute(column) }
        if name.elementsEqual(classColumn) { return .className }
        let field = Field(name)
        if imageColumn != nil, case .path = field { return nil }
        return field
    }

    mutating func clear() {
        path.removeAll(keepingCapacity: true)
        captions.shorten(to: 0)
        className.removeAll(keepingCapacity: true)
        split.removeAll(keepingCapacity: true)
        pathRank = .max
        for column in attributes.indices { attributes[column].removeAll(keepingCapacity: true) }
        captionRank = .max
    }

    /// Takes the class, split and template columns of another draft where this one has none.
    mutating func complete(with other: RowDraft) {
        if className.isEmpty { className = other.className }
        if split.isEmpty { split = other.split }
        for column in attributes.indices where attributes[column].isEmpty {
            attributes[column] = other.attributes[column]
        }
    }

    /// Whether the row has a field of captions, even an empty one.
    var namesCaptions: Bool { captionRank != .max }

    /// Whether a path of this rank is to be read; one of a higher rank is discarded.
    mutating func takesPath(rank: Int) -> Bool {
        guard rank < pathRank else { return false }
        pathRank = rank
        path.removeAll(keepingCapacity: true)
        return true
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
            case .path(let rank):
                // A member such as "image" may hold something else if "file_name" is there.
                guard rank == 0 || scanner.isNext("\""), takesPath(rank: rank) else { return try scanner.skip() }
                try RowDraft.text(&scanner, options.imageColumn ?? "\(Field.pathNames[rank])", into: &path)
            case .className: try RowDraft.text(&scanner, options.className, into: &className)
            case .attribute(let column):
                let name = options.template?.columns[column] ?? ""
                try RowDraft.text(&scanner, name, into: &attributes[column])
                if name == options.className { className = attributes[column] }
            case .split: try RowDraft.text(&scanner, "split", into: &split)
            case .captions(let rank):
                guard takesCaptions(rank: rank) else { return try scanner.skip() }
                try readCaptions(&scanner, Field.captionNames[rank])
            case nil: try scanner.skip()
            }
        }
    }

    /// Reads a caption or a list of captions; `null` counts as absent.
    mutating func readCaptions(_ scanner: inout JSONScanner, _ name: StaticString) throws(JSONScanner.Fault) {
        func one(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) {
            if try scanner.null() { return }
            try captions.append { (text) throws(JSONScanner.Fault) in
                guard try RowDraft.scalar(&scanner, into: &text) else {
                    throw scanner.mismatch("\"\(name)\" must be a string or a list of strings")
                }
            }
        }
        if scanner.isNext("[") {
            try scanner.elements(one)
        } else {
            try one(&scanner)
        }
    }

    /// Reads a string, a number or a truth value as text; `null` counts as absent.
    private static func text(
        _ scanner: inout JSONScanner, _ name: String, into text: inout [UInt8]
    ) throws(JSONScanner.Fault) {
        text.removeAll(keepingCapacity: true)
        if try scanner.null() { return }
        guard try scalar(&scanner, into: &text) else {
            throw scanner.mismatch("\"\(name)\" must be a string or a number")
        }
    }

    /// Appends a string, or a number or truth value as it is written; false if the next value is none of these.
    private static func scalar(
        _ scanner: inout JSONScanner, into text: inout [UInt8]
    ) throws(JSONScanner.Fault) -> Bool {
        switch scanner.peek() {
        case UInt8(ascii: "\""): try scanner.string(into: &text)
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            text += try scanner.boolean() ? Array("true".utf8) : Array("false".utf8)
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): text += try scanner.number()
        default: return false
        }
        return true
    }
}

extension JSONScanner.Fault {
    /// The fault as the detail of a `CorpusProblem`.
    var problem: String { isSyntax ? "is not valid JSON: \(reason) (byte \(offset))" : reason }
}
