import Basics
import JSON

/// The image-folder layout: `metadata.jsonl`, one JSON object per line.
enum MetadataFile {
    static let name = "metadata.jsonl"

    /// Whether the first row of a file names an image, and captions if they are required.
    static func isIn(_ path: String, options: CorpusOptions) throws -> Bool {
        var reader = try LineReader(path)
        guard let range = try reader.nextLine()?.range, isUTF8(reader.bytes[range]) else { return false }
        var draft = RowDraft(options)
        var scanner = JSONScanner(reader.bytes, in: range, acceptsNonFinite: true)
        return (try? draft.read(&scanner)) != nil && !draft.path.isEmpty
            && !(draft.captions.isEmpty && options.requiresCaptions)
    }

    /// Reads all rows into `listing`.
    /// - Parameters:
    ///   - source: the file's index in the listing's `sources`.
    ///   - folder: the file's folder relative to the corpus, with a trailing slash; empty at the top.
    ///   - split: the split of rows that name none.
    /// - Throws: `CorpusError`.
    static func read(_ source: Int, in folder: String, split: String?, into listing: inout CorpusListing) throws {
        let file = listing.sources[source]
        var reader = try LineReader("\(listing.root)/\(file)")
        var draft = RowDraft(listing.options)
        var isEmpty = true
        while let line = try reader.nextLine() {
            guard let range = line.range else {
                listing.note(
                    .tooLong, file, line.number, "is longer than \(LineReader.longestLine) bytes")
                isEmpty = false
                continue
            }
            let bytes = reader.bytes[range]
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            isEmpty = false
            guard isUTF8(bytes) else {
                listing.note(.notUTF8, file, line.number, "is not UTF-8; save the file as UTF-8")
                continue
            }
            draft.clear()
            var scanner = JSONScanner(reader.bytes, in: range, acceptsNonFinite: true)
            do throws(JSONScanner.Fault) {
                try draft.read(&scanner)
                try scanner.finish()
            } catch {
                listing.note(.malformedRow, file, line.number, error.problem)
                continue
            }
            if draft.split.isEmpty, let split { draft.split += split.utf8 }
            if draft.path.isEmpty {
                listing.note(.malformedRow, file, line.number, "has no \"\(listing.options.imageColumnName)\"")
            } else {
                listing.add(draft, in: folder, source: source, line: line.number)
            }
        }
        if isEmpty { throw CorpusError.empty(file: "\(listing.root)/\(file)") }
    }
}
