import CUTF8Proc

/// Properties of Unicode scalar values that tokenizers need (the Unicode Standard, chapter 4), from utf8proc.
enum ScalarClasses {
    /// The classes that split patterns distinguish.
    enum Kind: UInt8 {
        case letter, number, space, other
    }

    private static let ascii: [Kind] = (UInt32(0)..<128).map { computedKind($0) }

    /// Letter (`\p{L}`), number (`\p{N}`), white space (`\s`) or anything else.
    @inline(__always)
    static func kind(_ value: UInt32) -> Kind { value < 128 ? ascii[Int(value)] : computedKind(value) }

    private static func computedKind(_ value: UInt32) -> Kind {
        switch category(value) {
        case UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LT, UTF8PROC_CATEGORY_LM,
            UTF8PROC_CATEGORY_LO:
            .letter
        case UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NL, UTF8PROC_CATEGORY_NO: .number
        // Unassigned according to the installed utf8proc; Swift's tables may be newer.
        case UTF8PROC_CATEGORY_CN: newKind(value)
        default: isWhiteSpace(value) ? .space : .other
        }
    }

    private static func newKind(_ value: UInt32) -> Kind {
        switch Unicode.Scalar(value)?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
        case .decimalNumber, .letterNumber, .otherNumber: .number
        default: .other
        }
    }

    /// The general category.
    static func category(_ value: UInt32) -> utf8proc_category_t {
        utf8proc_category(Int32(bitPattern: value))
    }

    /// The property White_Space.
    @inline(__always)
    static func isWhiteSpace(_ value: UInt32) -> Bool {
        if value < 0x80 { return value == 0x20 || (0x09...0x0D).contains(value) }
        switch category(value) {
        case UTF8PROC_CATEGORY_ZS, UTF8PROC_CATEGORY_ZL, UTF8PROC_CATEGORY_ZP: return true
        default: return value == 0x85
        }
    }

    /// Whether a version of Unicode, given by its major number, has the scalar.
    ///
    /// The libraries that Hugging Face's `tokenizers` uses implement old versions: categories of 8.0
    /// (`unicode_categories`), normalization forms of 9.0 (`unicode-normalization-alignments`). They ignore newer
    /// scalars.
    static func isKnown(_ value: UInt32, to major: Int) -> Bool {
        guard value >= 0x80 else { return true }
        guard let age = Unicode.Scalar(value)?.properties.age else { return false }
        return (age.major, age.minor) <= (major, 0)
    }

    /// ASCII punctuation and symbols, or punctuation in Unicode 8.0: what BERT splits off.
    @inline(__always)
    static func isPunctuation(_ value: UInt32) -> Bool {
        if value < 0x80 {
            switch value {
            case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
            default: return false
            }
        }
        switch category(value) {
        case UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PD, UTF8PROC_CATEGORY_PS, UTF8PROC_CATEGORY_PE,
            UTF8PROC_CATEGORY_PI, UTF8PROC_CATEGORY_PF, UTF8PROC_CATEGORY_PO:
            return isKnown(value, to: 8)
        // Their category was different in 8.0.
        default: return value == 0x166D || value == 0x111C9
        }
    }

    /// Controls, formats and private use of Unicode 8.0: what BERT removes.
    @inline(__always)
    static func isOther(_ value: UInt32) -> Bool {
        if value < 0x80 { return value < 0x20 || value == 0x7F }
        switch category(value) {
        case UTF8PROC_CATEGORY_CC, UTF8PROC_CATEGORY_CO: return true
        case UTF8PROC_CATEGORY_CF: return isKnown(value, to: 8)
        default: return false
        }
    }

    /// A nonspacing mark, category Mn, in Unicode 8.0.
    @inline(__always)
    static func isNonspacingMark(_ value: UInt32) -> Bool {
        guard value >= 0x300 else { return false }
        switch value {
        // Their category was different in 8.0.
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: return false
        case 0x1734: return true
        default: return category(value) == UTF8PROC_CATEGORY_MN && isKnown(value, to: 8)
        }
    }

    /// A mark in Unicode 9.0.
    @inline(__always)
    static func isOldMark(_ value: UInt32) -> Bool {
        switch value {
        // Their category was different in 9.0.
        case 0x111C9: false
        case 0x1CF2, 0x1CF3: true
        default: isMark(value) && isKnown(value, to: 9)
        }
    }

    /// Any mark, categories Mn, Mc and Me.
    @inline(__always)
    static func isMark(_ value: UInt32) -> Bool {
        guard value >= 0x300 else { return false }
        switch category(value) {
        case UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC, UTF8PROC_CATEGORY_ME: return true
        default: return false
        }
    }

    /// What `\w` matches (UTS #18, annex C): alphabetic, marks, decimal digits, connectors and joiners.
    static func isWord(_ value: UInt32) -> Bool {
        if value < 0x80 { return kind(value) == .letter || kind(value) == .number || value == 0x5F }
        guard let properties = Unicode.Scalar(value)?.properties else { return false }
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }

    /// Ideographs that BERT puts spaces around: the blocks of its `_is_chinese_char` (Devlin et al. 2019,
    /// `tokenization.py`).
    @inline(__always)
    static func isIdeograph(_ value: UInt32) -> Bool {
        switch value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
            0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    /// The combining class (the Unicode Standard, section 4.3).
    @inline(__always)
    static func combiningClass(_ value: UInt32) -> Int16 {
        value < 0x300 ? 0 : utf8proc_get_property(Int32(bitPattern: value)).pointee.combining_class
    }

    /// Calls `body` for each scalar of the full lower-case mapping, independent of context.
    ///
    /// utf8proc maps one scalar to one. The only unconditional mapping to two is that of U+0130 (`SpecialCasing.txt`).
    /// For scalars unknown to the installed utf8proc, Swift's tables are used, which may be newer.
    @inline(__always)
    static func lowercase(_ value: UInt32, _ body: (UInt32) -> Void) {
        if value < 0x80 { return body((0x41...0x5A).contains(value) ? value | 0x20 : value) }
        if value == 0x130 {
            body(0x69)
            return body(0x307)
        }
        let lower = UInt32(bitPattern: utf8proc_tolower(Int32(bitPattern: value)))
        if lower == value, category(value) == UTF8PROC_CATEGORY_CN, let scalar = Unicode.Scalar(value) {
            for scalar in scalar.properties.lowercaseMapping.unicodeScalars { body(scalar.value) }
        } else {
            body(lower)
        }
    }
}
