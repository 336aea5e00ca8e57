/// Reads JSON (RFC 8259) where it lies, without making values of what nobody asks for: captions of a million pictures are
/// read at the speed of the disk, and a text that nests without end costs no stack.
struct JSONScanner {
    /// Why the text is not JSON.
    struct Fault: Error {
        let reason: String
    }

    /// Deeper nesting is refused.
    private static let deepest = 64

    private let bytes: [UInt8]
    /// Index of the next byte to be read.
    private(set) var place: Int
    private let end: Int
    private var depth = 0

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        place = range.lowerBound
        end = range.upperBound
    }

    private static let broken = Fault(reason: "is not valid JSON")

    /// The first byte of the next value: `"` of a string, `{` of an object and so on.
    mutating func peek() throws(Fault) -> UInt8 {
        while place < end {
            let byte = bytes[place]
            if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return byte }
            place += 1
        }
        throw Self.broken
    }

    private mutating func expect(_ byte: Character) throws(Fault) {
        guard try peek() == byte.asciiValue else { throw Self.broken }
        place += 1
    }

    /// Only white space may follow.
    mutating func finish() throws(Fault) {
        while place < end {
            guard [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) else { throw Self.broken }
            place += 1
        }
    }

    /// Lends each member of the object that comes next: `body` is given the name and must read or skip the value.
    mutating func members(_ body: (inout JSONScanner, ArraySlice<UInt8>) throws(Fault) -> Void) throws(Fault) {
        try open("{")
        if try close("}") { return }
        var escaped: [UInt8] = []
        while true {
            guard try peek() == UInt8(ascii: "\"") else { throw Self.broken }
            let start = place + 1
            let plain = try skipString()
            let end = place - 1
            if plain {
                try expect(":")
                try body(&self, bytes[start..<end])
            } else {
                escaped.removeAll(keepingCapacity: true)
                place = start - 1
                try string(into: &escaped)
                try expect(":")
                try body(&self, escaped[...])
            }
            if try close("}") { return }
            try expect(",")
        }
    }

    /// Lends each element of the list that comes next: `body` must read or skip it.
    mutating func elements(_ body: (inout JSONScanner) throws(Fault) -> Void) throws(Fault) {
        try open("[")
        if try close("]") { return }
        while true {
            try body(&self)
            if try close("]") { return }
            try expect(",")
        }
    }

    private mutating func open(_ bracket: Character) throws(Fault) {
        try expect(bracket)
        depth += 1
        guard depth <= Self.deepest else { throw Fault(reason: "nests deeper than \(Self.deepest) levels") }
    }

    private mutating func close(_ bracket: Character) throws(Fault) -> Bool {
        guard try peek() == bracket.asciiValue else { return false }
        place += 1
        depth -= 1
        return true
    }

    /// Passes over the next value, whatever it is.
    mutating func skip() throws(Fault) {
        switch try peek() {
        case UInt8(ascii: "\""): _ = try skipString()
        case UInt8(ascii: "{"): try members { (scanner, _) throws(Fault) in try scanner.skip() }
        case UInt8(ascii: "["): try elements { (scanner) throws(Fault) in try scanner.skip() }
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: _ = try number()
        }
    }

    /// Whether `null` comes next, which is then read.
    mutating func null() throws(Fault) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try word("null")
        return true
    }

    private mutating func word(_ word: StaticString) throws(Fault) {
        let count = word.utf8CodeUnitCount
        guard end - place >= count, word.withUTF8Buffer({ bytes[place..<place + count].elementsEqual($0) }) else {
            throw Self.broken
        }
        place += count
    }

    /// The digits of the number that comes next, as they are written.
    mutating func number() throws(Fault) -> ArraySlice<UInt8> {
        _ = try peek()
        let start = place
        func digits(_ place: inout Int) throws(Fault) {
            let first = place
            while place < end, bytes[place] &- 0x30 < 10 { place += 1 }
            guard place > first else { throw Self.broken }
        }
        if bytes[place] == UInt8(ascii: "-") { place += 1 }
        if place < end, bytes[place] == UInt8(ascii: "0") { place += 1 } else { try digits(&place) }
        if place < end, bytes[place] == UInt8(ascii: ".") {
            place += 1
            try digits(&place)
        }
        if place < end, bytes[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            if place < end, bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-") { place += 1 }
            try digits(&place)
        }
        return bytes[start..<place]
    }

    /// Passes over the string that starts here, and says whether it holds no escape.
    private mutating func skipString() throws(Fault) -> Bool {
        place += 1
        var plain = true
        while place < end {
            let byte = bytes[place]
            place += 1
            if byte == UInt8(ascii: "\"") { return plain }
            if byte < 0x20 { break }
            if byte == UInt8(ascii: "\\") {
                plain = false
                guard place < end else { break }
                place += 1
            }
        }
        throw Self.broken
    }

    /// Adds the string that comes next to `text`, its escapes resolved.
    mutating func string(into text: inout [UInt8]) throws(Fault) {
        try expect("\"")
        while true {
            let start = place
            while place < end, bytes[place] != UInt8(ascii: "\""), bytes[place] != UInt8(ascii: "\\"),
                bytes[place] >= 0x20
            {
                place += 1
            }
            text += bytes[start..<place]
            guard place < end, bytes[place] >= 0x20 else { throw Self.broken }
            place += 1
            if bytes[place - 1] == UInt8(ascii: "\"") { return }
            try escape(into: &text)
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(Fault) {
        guard place < end else { throw Self.broken }
        place += 1
        switch bytes[place - 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(bytes[place - 1])
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var unit = try hexadecimal()
            if unit & 0xFC00 == 0xD800 {
                guard end - place >= 6, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") else {
                    throw Self.broken
                }
                place += 2
                let low = try hexadecimal()
                guard low & 0xFC00 == 0xDC00 else { throw Self.broken }
                unit = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
            }
            // Half of a pair alone is no character.
            guard let scalar = Unicode.Scalar(unit) else { throw Self.broken }
            text += UTF8.encode(scalar).map { Array($0) } ?? []
        default: throw Self.broken
        }
    }

    private mutating func hexadecimal() throws(Fault) -> UInt32 {
        guard end - place >= 4 else { throw Self.broken }
        var unit: UInt32 = 0
        for byte in bytes[place..<place + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw Self.broken }
            unit = unit << 4 | UInt32(digit)
        }
        place += 4
        return unit
    }
}
