import Basics
import JSON

/// Changes splits in a `metadata.jsonl` and preserves all other bytes, including unknown keys, unusable rows and their
/// order.
enum MetadataEdit {
    /// The content of the file with the new splits.
    /// - Parameters:
    ///   - options: how the rows are read.
    ///   - split: maps an image's path to its new split; nil leaves the row unchanged.
    /// - Throws: `CorpusError.cannotRead`.
    static func settingSplits(
        of path: String, _ options: CorpusOptions, _ split: (String) -> String?
    ) throws -> [UInt8] {
        let bytes = try CorpusFile.contents(path, limit: 1 << 36)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 8)
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        result += bytes[..<start]
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            if let row = Row(bytes, start..<end, options), let split = split(row.path) {
                row.append(split: split, to: &result)
            } else {
                result += bytes[start..<end]
            }
            if end < bytes.count { result.append(0x0A) }
            start = end + 1
        }
        return result
    }

    /// A row, with the location of its split.
    private struct Row {
        private(set) var path = ""
        private let bytes: [UInt8]
        private let line: Range<Int>
        /// Byte ranges of the values of `split`, which may occur several times.
        private var values: [Range<Int>] = []
        /// Index of the closing brace.
        private var brace = 0

        /// Nil if the line is not a usable row.
        init?(_ bytes: [UInt8], _ line: Range<Int>, _ options: CorpusOptions) {
            self.bytes = bytes
            self.line = line
            var draft = RowDraft(options)
            var scanner = JSONScanner(bytes, in: line, acceptsNonFinite: true)
            do throws(JSONScanner.Fault) {
                try draft.read(&scanner)
                scanner = JSONScanner(bytes, in: line, acceptsNonFinite: true)
                try scanner.members { (scanner, name) throws(JSONScanner.Fault) in
                    // Moves to the value.
                    _ = scanner.peek()
                    let start = scanner.position
                    try scanner.skip()
                    if name.isEqual(to: "split") { values.append(start..<scanner.position) }
                }
                brace = scanner.position - 1
                try scanner.finish()
            } catch {
                return nil
            }
            path = String(decoding: ImagePath.normalized(draft.path[...]), as: UTF8.self)
        }

        /// Appends the line with another split.
        func append(split: String, to result: inout [UInt8]) {
            let quoted = Array(quotedForJSON(split).utf8)
            guard !values.isEmpty else {
                result += bytes[line.lowerBound..<brace]
                while result.last == 0x20 { result.removeLast() }
                return result += ", \"split\": ".utf8 + quoted + bytes[brace..<line.upperBound]
            }
            var copied = line.lowerBound
            for value in values {
                result += bytes[copied..<value.lowerBound] + quoted
                copied = value.upperBound
            }
            result += bytes[copied..<line.upperBound]
        }
    }
}
