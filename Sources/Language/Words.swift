import CUTF8Proc

/// Cuts normalised text into the words that merges never cross, as UTF-8 with the space before each attached.
///
/// A word is a space, where there is one, and a run of letters, or of digits, or of anything else
/// (punctuation, symbols); marks and format characters continue the run they follow. The text is taken to begin with a
/// space, so that a word is spelt alike wherever it stands; put together, the words are that space and the text.
struct Words: Sequence, IteratorProtocol {
    private enum Run {
        case letters, digits, others
    }

    private let text: [UInt8]
    private var start = 0

    /// - Parameter normalized: normalised text; empty text has no words.
    init(of normalized: String) {
        text = normalized.isEmpty ? [] : [UInt8(ascii: " ")] + normalized.utf8
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard start < text.count else { return nil }
        var end = start
        if text[end] == UInt8(ascii: " ") { end += 1 }
        var run: Run?
        while end < text.count, text[end] != UInt8(ascii: " ") {
            let (scalar, width) = scalar(at: end)
            if let kind = kind(of: scalar) {
                guard kind == run ?? kind else { break }
                run = kind
            }
            end += width
        }
        defer { start = end }
        return text[start..<end]
    }

    /// Decodes valid UTF-8.
    private func scalar(at index: Int) -> (value: Int32, width: Int) {
        var value: Int32 = 0
        let width = text.withUnsafeBufferPointer {
            utf8proc_iterate($0.baseAddress.map { $0 + index }, $0.count - index, &value)
        }
        return (value, Swift.max(width, 1))
    }

    /// The run that a scalar belongs to, or `nil` where it continues any.
    private func kind(of scalar: Int32) -> Run? {
        switch utf8proc_category(scalar) {
        case UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LT, UTF8PROC_CATEGORY_LM,
            UTF8PROC_CATEGORY_LO:
            .letters
        case UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NL, UTF8PROC_CATEGORY_NO: .digits
        case UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC, UTF8PROC_CATEGORY_ME, UTF8PROC_CATEGORY_CF: nil
        default: .others
        }
    }
}
