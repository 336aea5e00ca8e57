import CUTF8Proc

/// Cuts normalised text into the words that merges never cross, with the space before each attached.
///
/// A word is a space, where there is one, and a run of letters, or of digits, or of anything else
/// (punctuation, symbols); marks and format characters continue the run they follow. The text is taken to begin with a
/// space, so that a word is spelt alike wherever it stands; put together, the words are that space and the text.
struct Words: Sequence, IteratorProtocol {
    /// The space and the text.
    let text: AlignedText
    private var start = 0

    /// - Parameter normalized: normalised text; empty text has no words.
    init(of normalized: AlignedText) {
        var text = normalized
        if let first = text.scalars.first {
            text.scalars.insert(AlignedScalar(value: 0x20, start: first.start, end: first.start), at: 0)
        }
        self.text = text
    }

    /// Where in `text` the next word is.
    mutating func next() -> Range<Int>? {
        let scalars = text.scalars
        guard start < scalars.count else { return nil }
        var end = start
        if scalars[end].value == 0x20 { end += 1 }
        var run: ScalarClasses.Kind?
        while end < scalars.count, scalars[end].value != 0x20 {
            let value = scalars[end].value
            if !continuesRun(value) {
                // There is no white space but plain spaces, which end a word.
                let kind = ScalarClasses.kind(value)
                guard kind == run ?? kind else { break }
                run = kind
            }
            end += 1
        }
        defer { start = end }
        return start..<end
    }

    /// Marks and format characters belong to whatever they follow.
    @inline(__always)
    private func continuesRun(_ value: UInt32) -> Bool {
        guard value >= 0x80 else { return false }
        return ScalarClasses.isMark(value) || ScalarClasses.category(value) == UTF8PROC_CATEGORY_CF
    }
}
