import CUTF8Proc

/// Normalizes text for Limn's own vocabularies, so that equivalent texts have the same tokens.
///
/// 1. Compatibility case folding (the Unicode Standard, section 3.13, D146) followed by composition: canonical
///    decomposition, full case folding, compatibility decomposition, canonical composition (NFKC), with the Unicode
///    data of the installed utf8proc.
/// 2. Each run of white space and control characters (categories Zs, Zl, Zp and Cc, which include all of White_Space)
///    becomes one space; leading and trailing ones are removed.
///
/// Invisible format characters (category Cf) are kept, since joiners carry meaning in emoji and in several scripts.
/// Time is O(n log n) for any text.
public struct CaptionNormalizer: Sendable {
    /// There is nothing to configure.
    public init() {}

    /// The normalized form of `text`; empty if it has only white space.
    public func callAsFunction(_ text: String) -> String {
        var aligned = AlignedText(text)
        normalize(&aligned)
        return aligned.string
    }

    /// Normalizes a text with offsets.
    func normalize(_ text: inout AlignedText) {
        if !text.isBelow(0x80) {
            text.transform(text.decomposed(UTF8PROC_DECOMPOSE.rawValue))
            text.transform(
                AlignedText.composed(
                    text.decomposed(
                        UTF8PROC_DECOMPOSE.rawValue | UTF8PROC_COMPAT.rawValue | UTF8PROC_CASEFOLD.rawValue)))
        }
        space(&text)
    }

    /// Collapses white space and lowercases ASCII, which is all that ASCII texts need.
    private func space(_ text: inout AlignedText) {
        var result: [AlignedScalar] = []
        result.reserveCapacity(text.scalars.count)
        var blank: AlignedScalar?
        for var scalar in text.scalars {
            if isBlank(scalar.value) {
                if !result.isEmpty {
                    blank = AlignedScalar(value: 0x20, start: blank?.start ?? scalar.start, end: scalar.end)
                }
                continue
            }
            if let space = blank { result.append(space) }
            blank = nil
            if (0x41...0x5A).contains(scalar.value) { scalar.value |= 0x20 }
            result.append(scalar)
        }
        text.scalars = result
    }

    @inline(__always)
    private func isBlank(_ value: UInt32) -> Bool {
        if value < 0x7F { return value <= 0x20 }
        switch ScalarClasses.category(value) {
        case UTF8PROC_CATEGORY_ZS, UTF8PROC_CATEGORY_ZL, UTF8PROC_CATEGORY_ZP, UTF8PROC_CATEGORY_CC: return true
        default: return false
        }
    }
}
