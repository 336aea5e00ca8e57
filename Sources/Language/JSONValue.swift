/// A JSON text in memory (RFC 8259).
///
/// `JSONDecoder` keeps objects in dictionaries of strings, which Swift compares by canonical equivalence: two tokens that
/// differ only in how they are composed would become one.
enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// In the order of the file.
    case object([(key: String, value: JSONValue)])

    /// Reads a text, strictly.
    /// - Throws: `JSONFault`.
    init(_ bytes: [UInt8]) throws(JSONFault) {
        var reader = JSONReader(bytes: bytes)
        self = try reader.text()
    }

    /// What kind of value it is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "true or false"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// Where and why a text is not JSON.
struct JSONFault: Error {
    let reason: String
}

private struct JSONReader {
    /// Deeper nesting is refused: no tokenizer has it, and the stack has an end.
    private static let deepest = 64

    let bytes: [UInt8]
    var place = 0
    var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    private func fault(_ expected: String) -> JSONFault {
        let line = bytes[..<place].reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
        let found = place < bytes.count ? "byte \(place), line \(line)" : "its end, byte \(place)"
        return JSONFault(reason: "it is not JSON at \(found): expected \(expected)")
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard next == byte.asciiValue else { return false }
        place += 1
        return true
    }

    mutating func text() throws(JSONFault) -> JSONValue {
        let value = try self.value()
        skipBlanks()
        guard place == bytes.count else { throw fault("nothing more") }
        return value
    }

    private mutating func value() throws(JSONFault) -> JSONValue {
        skipBlanks()
        guard depth < Self.deepest else { throw fault("less than \(Self.deepest) levels") }
        depth += 1
        defer { depth -= 1 }
        guard let byte = next else { throw fault("a value") }
        switch byte {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw fault("a value")
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONFault) -> JSONValue {
        guard bytes[place...].starts(with: word.utf8) else { throw fault("a value") }
        place += word.utf8.count
        return value
    }

    private mutating func object() throws(JSONFault) -> JSONValue {
        place += 1
        var members: [(key: String, value: JSONValue)] = []
        skipBlanks()
        if take("}") { return .object(members) }
        while true {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw fault("a name in quotes") }
            let key = try string()
            skipBlanks()
            guard take(":") else { throw fault(":") }
            members.append((key, try value()))
            skipBlanks()
            if take("}") { return .object(members) }
            guard take(",") else { throw fault(", or }") }
        }
    }

    private mutating func array() throws(JSONFault) -> JSONValue {
        place += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value())
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { throw fault(", or ]") }
        }
    }

    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = place
        while let byte = next, "+-.eE".utf8.contains(byte) || (0x30...0x39).contains(byte) { place += 1 }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if let value = Int(text) { return .integer(value) }
        guard let value = Double(text) else {
            place = start
            throw fault("a number")
        }
        return .number(value)
    }

    private mutating func string() throws(JSONFault) -> String {
        place += 1
        let start = place
        var content: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw fault("no bare control character in a string") }
            place += 1
            if byte == UInt8(ascii: "\\") {
                try escape(into: &content)
            } else {
                content.append(byte)
            }
        }
        guard take("\"") else { throw fault("a closing quote") }
        guard let string = String(validating: content, as: UTF8.self) else {
            place = start
            throw fault("UTF-8 in the string")
        }
        return string
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONFault) {
        guard let byte = next else { throw fault("an escape") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var unit = try hexadecimal()
            if (0xD800..<0xDC00).contains(unit) {
                guard take("\\"), take("u") else { throw fault("the second half of a surrogate pair") }
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw fault("the second half of a surrogate pair") }
                unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            }
            guard Unicode.Scalar(unit) != nil else { throw fault("a Unicode scalar value") }
            content.appendUTF8(unit)
        default:
            place -= 1
            throw fault("an escape")
        }
    }

    private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
        let digits = bytes[place...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw fault("four hexadecimal digits") }
        place += 4
        return unit
    }
}
