/// A number with leading zeros, so that names sort numerically.
/// - Parameters:
///   - number: zero or more.
///   - width: minimum number of digits.
///   - radix: 2...36; letters are upper case.
package func zeroPadded(_ number: Int, width: Int, radix: Int = 10) -> String {
    zeroPadded(String(number, radix: radix, uppercase: true), width: width)
}

/// Digits with leading zeros up to `width` characters.
package func zeroPadded(_ digits: String, width: Int) -> String {
    String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// Whether bytes are valid UTF-8. ASCII, which most captions are, is recognized eight bytes at a time.
package func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
    let isASCII = bytes.withUnsafeBytes { bytes in
        let whole = bytes.count & ~7
        var bits: UInt64 = 0
        for start in stride(from: 0, to: whole, by: 8) {
            bits |= bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)
        }
        for byte in bytes[whole...] { bits |= UInt64(byte) }
        return bits & 0x8080_8080_8080_8080 == 0
    }
    return isASCII || String(validating: bytes, as: UTF8.self) != nil
}

/// Text that is not UTF-8.
package struct NotUTF8: Error, CustomStringConvertible {
    /// The first line that is not, counted from 1.
    package let line: Int
    /// What to say after file and line.
    package var description: String { "is not UTF-8; save the file as UTF-8" }
}

/// The text of a file, without a byte order mark.
package func fileText(_ bytes: [UInt8]) throws(NotUTF8) -> String {
    let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    throw NotUTF8(line: 1 + (lines.firstIndex { !isUTF8($0) } ?? 0))
}

/// The lines of a file, without a byte order mark and line ends, which are LF or CR LF; an empty file has none.
package func fileLines(_ bytes: [UInt8]) throws(NotUTF8) -> [String] {
    var text = try fileText(bytes).utf8[...]
    if text.isEmpty { return [] }
    // What follows the last line end is a line only if there is something.
    if text.last == 0x0A { text.removeLast() }
    return text.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
        String(Substring(line.last == 0x0D ? line.dropLast() : line))
    }
}

extension ArraySlice<UInt8> {
    /// Whether the bytes are the UTF-8 of `text`.
    package func isEqual(to text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { text in withUnsafeBufferPointer { $0.elementsEqual(text) } }
    }
}

/// A message that is safe to print to a terminal: control characters, which file names may contain, are replaced by
/// U+FFFD.
package func printable(_ message: String) -> String {
    guard message.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return message }
    var clean = String.UnicodeScalarView()
    for scalar in message.unicodeScalars {
        clean.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
    }
    return String(clean)
}

/// A name from a file for use in a message: quoted, escaped and truncated to 80 scalars.
package func quoted(_ name: some StringProtocol) -> String {
    let head = name.unicodeScalars.prefix(80)
    let isTruncated = head.endIndex < name.unicodeScalars.endIndex
    return String(String.UnicodeScalarView(head)).debugDescription + (isTruncated ? "…" : "")
}

/// A duration for messages: `45 s`, `12 min`, `3 h 20 min`.
/// - Parameter seconds: zero or more.
package func spelledDuration(_ seconds: Double) -> String {
    let seconds = Int(seconds.rounded())
    if seconds < 90 { return "\(seconds) s" }
    let minutes = (seconds + 30) / 60
    return minutes < 90 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
}

/// A number rounded to `digits` after the decimal point, for messages; `–` if it is not finite.
package func formatted(_ value: Double, digits: Int) -> String {
    guard value.isFinite else { return "–" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    // Numbers beyond 64 bits are written as Swift writes them.
    return digits == 0 ? Int(exactly: rounded).map { "\($0)" } ?? "\(rounded)" : "\(rounded)"
}

/// The text as one word of a shell command, in quotes if it needs them.
package func quotedForShell(_ text: String) -> String {
    let isPlain =
        !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=:,+@%".contains($0)) }
    return isPlain
        ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
