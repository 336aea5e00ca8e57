import Basics
import FoundationEssentials

/// A JSON string (RFC 8259, section 7) with only the necessary escapes, in quotes.
package func quotedForJSON(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case "\n": quoted += "\\n"
        case "\u{0}"..<" ": quoted += "\\u" + zeroPadded(String(scalar.value, radix: 16), width: 4)
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}

/// A value as JSON with sorted keys.
/// - Parameters:
///   - isIndented: on several indented lines; otherwise on one line.
///   - keys: how the names of properties become keys.
/// - Throws: `EncodingError`, for numbers that are not finite.
package func jsonText(
    _ value: some Encodable, isIndented: Bool = false, keys: JSONEncoder.KeyEncodingStrategy = .useDefaultKeys
) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isIndented { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.keyEncodingStrategy = keys
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
