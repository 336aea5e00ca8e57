/// A JSON text in memory (RFC 8259).
///
/// `JSONDecoder` stores objects in dictionaries, whose keys Swift compares by canonical equivalence: tokens that differ
/// only in Unicode composition would collide.
package enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// Members in file order; names may repeat.
    case object([(key: String, value: JSONValue)])

    /// Parses a whole text.
    /// - Throws: `JSONScanner.Fault`.
    package init(_ bytes: [UInt8]) throws(JSONScanner.Fault) {
        var scanner = JSONScanner(bytes)
        self = try JSONValue(&scanner)
        try scanner.finish()
    }

    private init(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) {
        switch scanner.peek() {
        case UInt8(ascii: "{"):
            var members: [(key: String, value: JSONValue)] = []
            try scanner.members { (scanner, name) throws(JSONScanner.Fault) in
                members.append((try scanner.text(of: name), try JSONValue(&scanner)))
            }
            self = .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try scanner.elements { (scanner) throws(JSONScanner.Fault) in elements.append(try JSONValue(&scanner)) }
            self = .array(elements)
        case UInt8(ascii: "\""): self = .string(try scanner.string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .boolean(try scanner.boolean())
        case UInt8(ascii: "n"):
            _ = try scanner.null()
            self = .null
        default:
            let text = String(decoding: try scanner.number(), as: UTF8.self)
            self = Int(text).map(JSONValue.integer) ?? .number(Double(text) ?? .nan)
        }
    }

    /// The value if it is an integer; nil otherwise. 7.0 and 7e0 are integers, as in JSON Schema.
    package var wholeNumber: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The type of the value, for messages.
    package var kind: String {
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
