import CUTF8Proc

/// The Unicode normalization forms (the Unicode Standard, section 3.11; UAX #15), with offsets.
///
/// utf8proc provides decompositions and composites. Ordering and composition are implemented here, because utf8proc
/// orders a run of marks in quadratic time and loses offsets. Time is O(n log n) for any text.
extension AlignedText {
    enum NormalForm: Sendable {
        case nfc, nfd, nfkc, nfkd
    }

    /// Normalizes as Hugging Face's `tokenizers` does, which ignores scalars newer than Unicode 9.0.
    mutating func normalize(_ form: NormalForm) {
        func decomposed(_ options: UInt32) -> [Change] { self.decomposed(options, knowing: 9) }
        func composed(_ changes: [Change]) -> [Change] { Self.composed(changes, knowing: 9) }
        switch form {
        // Scalars below these bounds are unaffected.
        case .nfc where isBelow(0x300), .nfd where isBelow(0xC0), .nfkc where isBelow(0xA0), .nfkd where isBelow(0xA0):
            return
        case .nfd: transform(decomposed(UTF8PROC_DECOMPOSE.rawValue))
        case .nfkd: transform(decomposed(UTF8PROC_DECOMPOSE.rawValue | UTF8PROC_COMPAT.rawValue))
        case .nfc: transform(composed(decomposed(UTF8PROC_DECOMPOSE.rawValue)))
        case .nfkc:
            transform(composed(decomposed(UTF8PROC_DECOMPOSE.rawValue | UTF8PROC_COMPAT.rawValue)))
        }
    }

    /// Decomposes each scalar according to utf8proc's `options`, and puts marks into canonical order.
    /// - Parameter version: scalars newer than this version of Unicode are unchanged.
    func decomposed(_ options: UInt32, knowing version: Int = .max) -> [Change] {
        // The longest full decomposition in Unicode, that of U+FDFA, has 18 scalars.
        let longest = 32
        var result: [Change] = []
        result.reserveCapacity(scalars.count + scalars.count / 8)
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: longest) { buffer in
            for scalar in scalars {
                let folds = options & UTF8PROC_CASEFOLD.rawValue != 0
                if scalar.value < 0x80, !folds || !(0x41...0x5A).contains(scalar.value) {
                    result.append(Change(value: scalar.value, change: 0))
                    continue
                }
                let count = utf8proc_decompose_char(
                    Int32(bitPattern: scalar.value), buffer.baseAddress, longest, utf8proc_option_t(options), nil)
                let isItself = count == 1 && buffer[0] == Int32(bitPattern: scalar.value)
                if (1...longest).contains(count), !isItself, Self.isKnown(scalar.value, version) {
                    for (index, value) in buffer[..<count].enumerated() {
                        result.append(Change(value: UInt32(bitPattern: value), change: index == 0 ? 0 : 1))
                    }
                } else {
                    result.append(Change(value: scalar.value, change: 0))
                }
            }
        }
        Self.orderMarks(&result, knowing: version)
        return result
    }

    /// Sorts every run of combining marks by combining class, stably (the Unicode Standard, D109).
    private static func orderMarks(_ changes: inout [Change], knowing version: Int) {
        var classes: [(combining: Int16, position: Int)] = []
        var isOrdered = true
        func finishRun(before end: Int) {
            if !isOrdered {
                let start = end - classes.count
                let marks = Array(changes[start..<end])
                classes.sort { ($0.combining, $0.position) < ($1.combining, $1.position) }
                for (offset, mark) in classes.enumerated() { changes[start + offset] = marks[mark.position] }
            }
            classes.removeAll(keepingCapacity: true)
            isOrdered = true
        }
        for position in changes.indices {
            let combining = combiningClass(changes[position].value, version)
            if combining == 0 {
                if !classes.isEmpty { finishRun(before: position) }
            } else {
                if let last = classes.last, last.combining > combining { isOrdered = false }
                classes.append((combining, classes.count))
            }
        }
        finishRun(before: changes.count)
    }

    /// Canonically composes decomposed text (the Unicode Standard, D117).
    static func composed(_ changes: [Change], knowing version: Int = .max) -> [Change] {
        var result: [Change] = []
        result.reserveCapacity(changes.count)
        // Index in `result` of the last starter, and the combining class of the last mark after it.
        var starter = -1
        var lastClass: Int16?
        for change in changes {
            let combining = combiningClass(change.value, version)
            if starter >= 0, lastClass.map({ $0 < combining }) ?? true,
                let composite = Self.composite(of: result[starter].value, change.value), isKnown(composite, version)
            {
                result[starter] = Change(value: composite, change: result[starter].change + change.change - 1)
                continue
            }
            if combining == 0 {
                starter = result.count
                lastClass = nil
            } else {
                lastClass = combining
            }
            result.append(change)
        }
        return result
    }

    @inline(__always)
    private static func isKnown(_ value: UInt32, _ version: Int) -> Bool {
        version == .max || ScalarClasses.isKnown(value, to: version)
    }

    @inline(__always)
    private static func combiningClass(_ value: UInt32, _ version: Int) -> Int16 {
        let combining = ScalarClasses.combiningClass(value)
        return combining == 0 || isKnown(value, version) ? combining : 0
    }

    /// The primary composite of two scalars, if there is one.
    private static func composite(of first: UInt32, _ second: UInt32) -> UInt32? {
        // U+0300 is the lowest scalar that composes with a preceding one.
        guard second >= 0x300 else { return nil }
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2) { pair in
            pair[0] = Int32(bitPattern: first)
            pair[1] = Int32(bitPattern: second)
            let options = utf8proc_option_t(UTF8PROC_COMPOSE.rawValue | UTF8PROC_STABLE.rawValue)
            return utf8proc_normalize_utf32(pair.baseAddress, 2, options) == 1 ? UInt32(bitPattern: pair[0]) : nil
        }
    }
}
