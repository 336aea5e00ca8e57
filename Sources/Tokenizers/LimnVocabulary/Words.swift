import CUTF8Proc

/// Splits normalized text into words, which merges never cross, each with the space before it.
///
/// A word is an optional space and a run of letters, or of digits, or of other characters (punctuation, symbols); marks
/// and format characters continue the run they follow. A space is prepended to the text, so that a word has the same
/// tokens at the beginning of a text as elsewhere. The concatenated words are that space and the text.
struct Words: Sequence, IteratorProtocol {
    /// The text with the prepended space.
    let text: AlignedText
    private var start = 0

    /// - Parameter normalized: normalized text; an empty one has no words.
    init(of normalized: AlignedText) {
        var text = normalized
        if let first = text.scalars.first {
            text.scalars.insert(AlignedScalar(value: 0x20, start: first.start, end: first.start), at: 0)
        }
        self.text = text
    }

    /// The range of the next word in `text`.
    mutating func next() -> Range<Int>? {
        let scalars = text.scalars
        guard start < scalars.count else { return nil }
        var end = start
        if scalars[end].value == 0x20 { end += 1 }
        var run: ScalarClasses.Kind?
        while end < scalars.count, scalars[end].value != 0x20 {
            let value = scalars[end].value
            if !continuesRun(value) {
                // Spaces, which end a word, are the only white space in normalized text.
                let kind = ScalarClasses.kind(value)
                guard kind == run ?? kind else { break }
                run = kind
            }
            end += 1
        }
        defer { start = end }
        return start..<end
    }

    /// Whether a scalar is a mark or a format character, which continues any run.
    @inline(__always)
    private func continuesRun(_ value: UInt32) -> Bool {
        guard value >= 0x80 else { return false }
        return ScalarClasses.isMark(value) || ScalarClasses.category(value) == UTF8PROC_CATEGORY_CF
    }
}
