/// Why a header was refused, and at which of its bytes.
struct HeaderFault: Error {
    let reason: String
    let offset: Int
}

/// One array's entry in a safetensors header.
struct HeaderEntry {
    var name: String
    var element: ArrayElement
    var shape: [Int]
    /// Where its bytes lie, counted from the end of the header.
    var begin: Int
    var end: Int
}

/// A reader of the one JSON shape a safetensors header may have:
/// `{"__metadata__": {string: string}, name: {"dtype": string, "shape": [integer], "data_offsets": [integer, integer]}}`.
///
/// A general JSON reader would silently keep one of two equal keys, round large integers, and build whatever a hostile
/// header nests; this one asks for the next token it knows, so depth and memory are bounded by the grammar.
struct HeaderScanner {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads the whole header.
    mutating func header() throws(HeaderFault) -> (entries: [HeaderEntry], metadata: [String: String]) {
        guard bytes.first == UInt8(ascii: "{") else { throw fault("the header does not begin with \"{\"") }
        var entries: [HeaderEntry] = []
        var metadata: [String: String] = [:]
        var names: Set<String> = []
        try object { (scanner, name) throws(HeaderFault) in
            guard names.insert(name).inserted else { throw scanner.fault("the name \(quoted(name)) occurs twice") }
            if name == "__metadata__" {
                metadata = try scanner.stringMap()
            } else {
                entries.append(try scanner.entry(name))
            }
        }
        skipSpace()
        guard position == bytes.count else { throw fault("something follows the end of the header's JSON") }
        return (entries, metadata)
    }

    private mutating func stringMap() throws(HeaderFault) -> [String: String] {
        var map: [String: String] = [:]
        try object { (scanner, key) throws(HeaderFault) in
            let value = try scanner.string()
            guard map.updateValue(value, forKey: key) == nil else {
                throw scanner.fault("the metadata key \(quoted(key)) occurs twice")
            }
        }
        return map
    }

    private mutating func entry(_ name: String) throws(HeaderFault) -> HeaderEntry {
        var element: ArrayElement?
        var shape: [Int]?
        var offsets: [Int]?
        try object { (scanner, key) throws(HeaderFault) in
            switch key {
            case "dtype" where element == nil:
                let type = try scanner.string()
                guard let known = ArrayElement(rawValue: type) else {
                    throw scanner.fault("array \(quoted(name)) has the unknown type \(quoted(type))")
                }
                element = known
            case "shape" where shape == nil: shape = try scanner.integers()
            case "data_offsets" where offsets == nil: offsets = try scanner.integers()
            case "dtype", "shape", "data_offsets":
                throw scanner.fault("array \(quoted(name)) has \(quoted(key)) twice")
            default: throw scanner.fault("array \(quoted(name)) has the unknown field \(quoted(key))")
            }
        }
        guard let element else { throw fault("array \(quoted(name)) has no dtype") }
        guard let shape else { throw fault("array \(quoted(name)) has no shape") }
        guard let offsets else { throw fault("array \(quoted(name)) has no data_offsets") }
        guard offsets.count == 2 else {
            throw fault("array \(quoted(name)) has \(offsets.count) data_offsets instead of two")
        }
        return HeaderEntry(name: name, element: element, shape: shape, begin: offsets[0], end: offsets[1])
    }

    // MARK: The parts of JSON

    /// Reads an object whose values `member` reads, standing before the value.
    private mutating func object(
        _ member: (inout HeaderScanner, String) throws(HeaderFault) -> Void
    ) throws(HeaderFault) {
        try expect("{")
        if accept("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while accept(",")
        try expect("}")
    }

    private mutating func integers() throws(HeaderFault) -> [Int] {
        try expect("[")
        var values: [Int] = []
        if accept("]") { return values }
        repeat { values.append(try integer()) } while accept(",")
        try expect("]")
        return values
    }

    /// A whole number from zero to the largest `Int`, without sign, fraction, exponent or leading zero.
    private mutating func integer() throws(HeaderFault) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while position < bytes.count, case let digit = Int(bytes[position]) - 0x30, (0...9).contains(digit) {
            let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tens.addingReportingOverflow(digit)
            if overflowed || carried { throw fault("a number is larger than any file") }
            value = sum
            position += 1
        }
        let next = position < bytes.count ? bytes[position] : 0
        guard position > start, ![UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(next) else {
            throw fault("a number is not a whole number of zero or more")
        }
        guard position == start + 1 || bytes[start] != UInt8(ascii: "0") else { throw fault("a number begins with 0") }
        return value
    }

    private mutating func string() throws(HeaderFault) -> String {
        try expect("\"")
        let start = position
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    position = start
                    throw fault("a string is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try text.append(contentsOf: Character(escape()).utf8)
            case 0..<0x20: throw fault("a string holds a control character")
            default: text.append(byte)
            }
        }
        position = start
        throw fault("a string has no end")
    }

    /// What stands after a backslash.
    private mutating func escape() throws(HeaderFault) -> Unicode.Scalar {
        guard position < bytes.count else { throw fault("a string has no end") }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var code = try codeUnit()
            if (0xd800..<0xdc00).contains(code), position + 1 < bytes.count,
                bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try codeUnit()
                // A low half that is none leaves a code no scalar has, which is refused below.
                if (0xdc00..<0xe000).contains(low) { code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00) }
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("an escape is half a surrogate pair") }
            return scalar
        default: throw fault("a string holds an unknown escape")
        }
    }

    /// Four hexadecimal digits.
    private mutating func codeUnit() throws(HeaderFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw fault("an escape lacks its four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func accept(_ mark: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ mark: Unicode.Scalar) throws(HeaderFault) {
        guard accept(mark) else {
            let found = position < bytes.count ? quoted(String(Unicode.Scalar(bytes[position]))) : "its end"
            throw fault("expected \(quoted(String(mark))) and found \(found)")
        }
    }

    private func fault(_ reason: String) -> HeaderFault { HeaderFault(reason: reason, offset: position) }
}
