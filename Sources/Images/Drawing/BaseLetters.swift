import CUTF8Proc

/// Maps letters to ASCII if they consist of ASCII letters with marks.
enum BaseLetters {
    /// The letter without marks, and with ligatures decomposed: `é` gives `e`, `ﬁ` gives `f` and `i`, `’` gives `'`.
    /// Letters without an ASCII equivalent are unchanged.
    static func base(of letter: Character) -> [Character] {
        var result: [Character] = []
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 32) { buffer in
            for scalar in letter.unicodeScalars {
                let options = UTF8PROC_DECOMPOSE.rawValue | UTF8PROC_COMPAT.rawValue
                let count = utf8proc_decompose_char(
                    Int32(bitPattern: scalar.value), buffer.baseAddress, 32, utf8proc_option_t(options), nil)
                guard (1...32).contains(count) else { continue }
                for value in buffer[..<count] {
                    let value = UInt32(bitPattern: value)
                    // Drops marks, joiners and variation selectors.
                    if isMarkOrFormat(value) { continue }
                    guard let scalar = Unicode.Scalar(value) else { continue }
                    result += undecomposed[scalar].map(Array.init) ?? [Character(scalar)]
                }
            }
        }
        return result
    }

    private static func isMarkOrFormat(_ value: UInt32) -> Bool {
        switch utf8proc_category(Int32(bitPattern: value)) {
        case UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC, UTF8PROC_CATEGORY_ME, UTF8PROC_CATEGORY_CF: true
        default: false
        }
    }

    /// Letters without a decomposition in Unicode, and typographic punctuation.
    private static let undecomposed: [Unicode.Scalar: String] = [
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
        "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D",
        "‘": "'", "’": "'", "‚": ",", "“": "\"", "”": "\"", "„": "\"", "«": "\"", "»": "\"", "‹": "'", "›": "'",
        "‐": "-", "–": "-", "—": "-", "−": "-", "×": "x", "·": ".", "•": "*",
    ]
}
