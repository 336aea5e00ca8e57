import Basics

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
