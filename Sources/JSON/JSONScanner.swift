import Basics

/// A pull parser for JSON (RFC 8259) in a byte array: values are read on request, none are built otherwise. It is
/// strict: no trailing commas, no comments, no unpaired surrogates, at most 64 levels of nesting. Only if asked to does it
/// accept `NaN` and `Infinity`, which Python writes.
///
/// `members` and `string(into:)` do not validate UTF-8, since their callers validate the whole file at once; `string()`
/// and `uniqueMembers` do. `skip` does not check the escapes of the strings that it skips.
package struct JSONScanner {
    /// Why a text is refused.
    package struct Fault: Error {
        /// Whether the text is not JSON; otherwise it is JSON with a structure that the caller does not expect.
        package let isSyntax: Bool
        /// What is wrong, for example `expected ":" and found "x"`.
        package let reason: String
        /// Byte offset of the fault in the scanned range.
        package let offset: Int
    }

    /// Maximum nesting depth, so that hostile input cannot exhaust the stack.
    package static let maximumDepth = 64

    let bytes: [UInt8]
    private let start: Int
    let end: Int
    private var depth = 0
    /// Whether `NaN`, `Infinity` and `-Infinity` count as `null`.
    private let acceptsNonFinite: Bool
    /// Index of the next byte to read.
    package internal(set) var position: Int

    /// A scanner of `range` of `bytes`.
    package init(_ bytes: [UInt8], in range: Range<Int>, acceptsNonFinite: Bool = false) {
        self.bytes = bytes
        self.acceptsNonFinite = acceptsNonFinite
        start = range.lowerBound
        position = range.lowerBound
        end = range.upperBound
    }

    /// A scanner of all of `bytes`.
    package init(_ bytes: [UInt8], acceptsNonFinite: Bool = false) {
        self.init(bytes, in: bytes.indices, acceptsNonFinite: acceptsNonFinite)
    }

    // MARK: Faults

    /// A structural fault at the next byte: valid JSON, but not what the caller expects.
    package func fault(_ reason: String) -> Fault {
        Fault(isSyntax: false, reason: reason, offset: position - start)
    }

    /// A structural fault because the next value has an unexpected type; at the end of the text, a syntax fault.
    package func mismatch(_ reason: String) -> Fault { position < end ? fault(reason) : unexpected("a value") }

    func syntaxFault(_ reason: String) -> Fault {
        Fault(isSyntax: true, reason: reason, offset: position - start)
    }

    private func unexpected(_ expected: String) -> Fault {
        let found = position < end ? quoted(String(Unicode.Scalar(bytes[position]))) : "the end"
        return syntaxFault("expected \(expected) and found \(found)")
    }

    // MARK: Structure

    /// The first byte of the next value, without consuming it: `"` for a string, `{` for an object and so on; nil at
    /// the end.
    package mutating func peek() -> UInt8? {
        while position < end {
            let byte = bytes[position]
            if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return byte }
            position += 1
        }
        return nil
    }

    /// Whether the next value begins with `mark`.
    package mutating func isNext(_ mark: Unicode.Scalar) -> Bool { peek() == UInt8(ascii: mark) }

    private mutating func accept(_ mark: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ mark: Unicode.Scalar) throws(Fault) {
        guard accept(mark) else { throw unexpected(quoted(String(mark))) }
    }

    /// Checks that only white space follows.
    package mutating func finish() throws(Fault) {
        guard peek() == nil else { throw unexpected("the end") }
    }

    private mutating func open(_ bracket: Unicode.Scalar) throws(Fault) {
        try expect(bracket)
        depth += 1
        guard depth <= Self.maximumDepth else { throw fault("nests deeper than \(Self.maximumDepth) levels") }
    }

    private mutating func close(_ bracket: Unicode.Scalar) -> Bool {
        guard accept(bracket) else { return false }
        depth -= 1
        return true
    }

    /// Reads an object: calls `body` with each name, unescaped; `body` must read or skip the value.
    package mutating func members(
        _ body: (inout JSONScanner, ArraySlice<UInt8>) throws(Fault) -> Void
    ) throws(Fault) {
        try open("{")
        if close("}") { return }
        var unescaped: [UInt8] = []
        while true {
            guard isNext("\"") else { throw unexpected(quoted("\"")) }
            let nameStart = position + 1
            if try skipString() {
                let name = bytes[nameStart..<position - 1]
                try expect(":")
                try body(&self, name)
            } else {
                position = nameStart - 1
                unescaped.removeAll(keepingCapacity: true)
                try string(into: &unescaped)
                try expect(":")
                try body(&self, unescaped[...])
            }
            if close("}") { return }
            guard accept(",") else { throw unexpected("\",\" or \"}\"") }
        }
    }

    /// Reads an object as `members` does, but refuses names that are not UTF-8 or occur twice. Canonically equivalent
    /// names count as equal, as for Swift strings.
    package mutating func uniqueMembers(
        _ body: (inout JSONScanner, String) throws(Fault) -> Void
    ) throws(Fault) {
        var names: Set<String> = []
        try members { (scanner, bytes) throws(Fault) in
            let name = try scanner.text(of: bytes)
            guard names.insert(name).inserted else { throw scanner.fault("the name \(quoted(name)) occurs twice") }
            try body(&scanner, name)
        }
    }

    /// Reads an array: calls `body` for each element, which it must read or skip.
    package mutating func elements(_ body: (inout JSONScanner) throws(Fault) -> Void) throws(Fault) {
        try open("[")
        if close("]") { return }
        while true {
            try body(&self)
            if close("]") { return }
            guard accept(",") else { throw unexpected("\",\" or \"]\"") }
        }
    }

    /// Skips the next value of any type.
    package mutating func skip() throws(Fault) {
        switch peek() {
        case UInt8(ascii: "\""): _ = try skipString()
        case UInt8(ascii: "{"): try members { (scanner, _) throws(Fault) in try scanner.skip() }
        case UInt8(ascii: "["): try elements { (scanner) throws(Fault) in try scanner.skip() }
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case _ where acceptNonFinite(): break
        default: _ = try number()
        }
    }

    // MARK: Scalars

    /// Consumes the next value if it is `null`, and returns whether it is.
    package mutating func null() throws(Fault) -> Bool {
        if acceptNonFinite() { return true }
        guard isNext("n") else { return false }
        try literal("null")
        return true
    }

    /// Reads `true` or `false`.
    package mutating func boolean() throws(Fault) -> Bool {
        let value = isNext("t")
        try literal(value ? "true" : "false")
        return value
    }

    private mutating func literal(_ word: StaticString) throws(Fault) {
        guard acceptWord(word) else { throw unexpected("a value") }
    }

    private mutating func acceptWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        let isThere =
            end - position >= count
            && word.withUTF8Buffer { bytes[position..<position + count].elementsEqual($0) }
        if isThere { position += count }
        return isThere
    }

    private mutating func acceptNonFinite() -> Bool {
        guard acceptsNonFinite, let first = peek(),
            [UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "-")].contains(first)
        else { return false }
        return acceptWord("NaN") || acceptWord("Infinity") || acceptWord("-Infinity")
    }

    /// Reads a number and returns its text.
    package mutating func number() throws(Fault) -> ArraySlice<UInt8> {
        guard let first = peek(), first == UInt8(ascii: "-") || first &- 0x30 < 10 else { throw unexpected("a value") }
        let start = position
        if first == UInt8(ascii: "-") { position += 1 }
        if position < end, bytes[position] == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
        return bytes[start..<position]
    }

    private mutating func digits() throws(Fault) {
        let first = position
        while position < end, bytes[position] &- 0x30 < 10 { position += 1 }
        guard position > first else { throw unexpected("a digit") }
    }

    /// Reads a number as an `Int`; nil if it has a fraction or an exponent, or does not fit.
    package mutating func integer() throws(Fault) -> Int? { Int(String(decoding: try number(), as: UTF8.self)) }
}
