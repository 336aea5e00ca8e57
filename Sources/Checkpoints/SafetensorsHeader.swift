import Basics
import JSON

/// The JSON header of a safetensors file, read strictly: exactly `{"__metadata__": {string: string}, name: {"dtype":
/// string, "shape": [integer], "data_offsets": [integer, integer]}}`, with unique names.
struct SafetensorsHeader {
    /// The entry of one array.
    struct Entry {
        let name: String
        let element: ArrayElement
        let shape: [Int]
        /// Offsets of its first byte and the byte after its last, counted from the end of the header.
        let begin: Int
        let end: Int
    }

    /// The arrays, in file order.
    private(set) var entries: [Entry] = []
    /// The strings of `__metadata__`.
    private(set) var metadata: [String: String] = [:]

    init(_ bytes: [UInt8]) throws(JSONScanner.Fault) {
        var scanner = JSONScanner(bytes)
        guard bytes.first == UInt8(ascii: "{") else { throw scanner.fault("the header does not begin with \"{\"") }
        try scanner.uniqueMembers { (scanner, name) throws(JSONScanner.Fault) in
            if name == "__metadata__" {
                try scanner.uniqueMembers { (scanner, key) throws(JSONScanner.Fault) in
                    metadata[key] = try scanner.string()
                }
            } else {
                entries.append(try Self.entry(named: name, &scanner))
            }
        }
        try scanner.finish()
    }

    private static func entry(named name: String, _ scanner: inout JSONScanner) throws(JSONScanner.Fault) -> Entry {
        var element: ArrayElement?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.uniqueMembers { (scanner, key) throws(JSONScanner.Fault) in
            switch key {
            case "dtype":
                let type = try scanner.string()
                element = ArrayElement(rawValue: type)
                if element == nil {
                    throw scanner.fault("array \(quoted(name)) has the unknown type \(quoted(type))")
                }
            case "shape": shape = try integers(&scanner)
            case "data_offsets": offsets = try integers(&scanner)
            default: throw scanner.fault("array \(quoted(name)) has the unknown field \(quoted(key))")
            }
        }
        guard let element else { throw scanner.fault("array \(quoted(name)) has no dtype") }
        guard let shape else { throw scanner.fault("array \(quoted(name)) has no shape") }
        guard let offsets else { throw scanner.fault("array \(quoted(name)) has no data_offsets") }
        guard offsets.count == 2 else {
            throw scanner.fault("array \(quoted(name)) has \(offsets.count) data_offsets instead of two")
        }
        return Entry(name: name, element: element, shape: shape, begin: offsets[0], end: offsets[1])
    }

    private static func integers(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) -> [Int] {
        var values: [Int] = []
        try scanner.elements { (scanner) throws(JSONScanner.Fault) in
            guard let value = try scanner.integer(), value >= 0 else {
                throw scanner.fault("a number is not an integer in 0...\(Int.max)")
            }
            values.append(value)
        }
        return values
    }
}
