import JSON

/// A row of `metadata.jsonl` by itself: its captions, whether or not its image exists.
package struct CaptionRow: Sendable {
    /// The captions as they are written.
    package let captions: [String]
    /// Nil if the row names none.
    package let split: String?

    /// Reads a line; nil if it is not a row with captions.
    package init?(_ line: String) {
        var draft = RowDraft(CorpusOptions())
        var scanner = JSONScanner(Array(line.utf8), acceptsNonFinite: true)
        do throws(JSONScanner.Fault) {
            try draft.read(&scanner)
            try scanner.finish()
        } catch {
            return nil
        }
        guard draft.namesCaptions else { return nil }
        captions = draft.captions.all
        split = draft.split.isEmpty ? nil : String(decoding: draft.split, as: UTF8.self)
    }
}
