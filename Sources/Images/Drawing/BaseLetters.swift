import CUTF8Proc

/// Letters of other alphabets in ASCII, where they are ASCII with something added.
enum Letters {
    /// What is left of a letter without its marks, ligatures taken apart: `é` is `e`, `ﬁ` is `f` and `i`, `’` is `'`;
    /// what has no part in ASCII stays as it is.
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
                    // Marks, and what joins or varies the letters before.
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

    /// Letters that Unicode does not take apart, and typographers' signs.
    private static let undecomposed: [Unicode.Scalar: String] = [
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
        "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D",
        "‘": "'", "’": "'", "‚": ",", "“": "\"", "”": "\"", "„": "\"", "«": "\"", "»": "\"", "‹": "'", "›": "'",
        "‐": "-", "–": "-", "—": "-", "−": "-", "×": "x", "·": ".", "•": "*",
    ]
}
