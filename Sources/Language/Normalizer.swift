import CUTF8Proc

/// Brings text to the one form the tokenizer knows, so that look-alikes have the same tokens.
///
/// 1. Compatibility case folding after definition D146 of the Unicode Standard (section 3.13), composed in the end:
///    canonical decomposition, full case folding, compatibility decomposition, canonical composition (NFKC).
///    Unicode data are those of the utf8proc library that is loaded.
/// 2. Each run of white space and control characters (categories Zs, Zl, Zp and Cc, which hold all of White_Space)
///    becomes one space; none is left at the ends.
///
/// Invisible format characters (category Cf) stay: joiners carry meaning in emoji and in several scripts.
/// Time is O(n log n) for any text.
public struct Normalizer: Sendable {
    /// There is nothing to configure.
    public init() {}

    /// The normalised form of `text`; empty where it has nothing but white space.
    public func callAsFunction(_ text: String) -> String {
        var scalars = text.unicodeScalars.map { Int32(bitPattern: $0.value) }
        scalars = decomposed(scalars, UTF8PROC_DECOMPOSE.rawValue)
        scalars = decomposed(
            scalars, UTF8PROC_DECOMPOSE.rawValue | UTF8PROC_COMPAT.rawValue | UTF8PROC_CASEFOLD.rawValue)
        let options = utf8proc_option_t(UTF8PROC_COMPOSE.rawValue | UTF8PROC_STABLE.rawValue)
        let composed = scalars.withUnsafeMutableBufferPointer {
            utf8proc_normalize_utf32($0.baseAddress, $0.count, options)
        }
        // Negative means failure, which only values outside of Unicode could cause.
        return spaced(scalars.prefix(max(composed, 0)))
    }

    /// Decomposes each scalar and puts marks into canonical order.
    private func decomposed(_ scalars: [Int32], _ options: UInt32) -> [Int32] {
        // The longest full decomposition in Unicode, that of U+FDFA, has 18 scalars.
        let longest = 32
        var result: [Int32] = []
        result.reserveCapacity(scalars.count)
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: longest) { buffer in
            for scalar in scalars {
                let count = utf8proc_decompose_char(
                    scalar, buffer.baseAddress, longest, utf8proc_option_t(options), nil)
                if (1...longest).contains(count) {
                    result.append(contentsOf: buffer[..<count])
                } else {
                    result.append(scalar)
                }
            }
        }
        orderMarks(&result)
        return result
    }

    /// Sorts every run of combining marks by combining class, stably (the Unicode Standard, D109).
    ///
    /// utf8proc's own ordering takes time quadratic in the length of a run, and a prompt may be one long run.
    private func orderMarks(_ scalars: inout [Int32]) {
        var classes: [(combining: Int16, place: Int)] = []
        var isOrdered = true
        func finishRun(before end: Int) {
            if !isOrdered {
                let start = end - classes.count
                let marks = Array(scalars[start..<end])
                classes.sort { ($0.combining, $0.place) < ($1.combining, $1.place) }
                for (offset, mark) in classes.enumerated() { scalars[start + offset] = marks[mark.place] }
            }
            classes.removeAll(keepingCapacity: true)
            isOrdered = true
        }
        for place in scalars.indices {
            let combining = scalars[place] < 0x300 ? 0 : utf8proc_get_property(scalars[place]).pointee.combining_class
            if combining == 0 {
                finishRun(before: place)
            } else {
                if let last = classes.last, last.combining > combining { isOrdered = false }
                classes.append((combining, classes.count))
            }
        }
        finishRun(before: scalars.count)
    }

    private func spaced(_ scalars: ArraySlice<Int32>) -> String {
        var text = String.UnicodeScalarView()
        var spaceIsDue = false
        for value in scalars {
            guard let scalar = Unicode.Scalar(UInt32(bitPattern: value)) else { continue }
            switch utf8proc_category(value) {
            case UTF8PROC_CATEGORY_ZS, UTF8PROC_CATEGORY_ZL, UTF8PROC_CATEGORY_ZP, UTF8PROC_CATEGORY_CC:
                spaceIsDue = !text.isEmpty
            default:
                if spaceIsDue { text.append(" ") }
                spaceIsDue = false
                text.append(scalar)
            }
        }
        return String(text)
    }
}
