/// Reads gzip files (RFC 1952) whose data are deflated (RFC 1951).
struct Gzip {
    /// Why a file cannot be read.
    struct Fault: Error {
        let reason: String
    }

    private let bytes: [UInt8]
    private var place = 0
    /// Bits that were taken from `bytes` and not used yet, the next lowest.
    private var bits: UInt32 = 0
    private var bitCount = 0
    private var output: [UInt8] = []
    private let limit: Int

    private init(_ bytes: [UInt8], limit: Int) {
        (self.bytes, self.limit) = (bytes, limit)
    }

    /// Whether a file begins as a gzip file does.
    static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// The content of a gzip file.
    /// - Parameter limit: the most bytes of content; a file that claims more is refused.
    static func expanded(_ bytes: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
        var reader = Gzip(bytes, limit: limit)
        try reader.skipHeader()
        while try reader.block() {}
        try reader.checkTrailer()
        return reader.output
    }

    private mutating func byte() throws(Fault) -> UInt8 {
        guard place < bytes.count else { throw Fault(reason: "it has been cut short") }
        defer { place += 1 }
        return bytes[place]
    }

    private mutating func skipHeader() throws(Fault) {
        guard Self.isGzip(bytes), bytes.count >= 18, bytes[2] == 8, bytes[3] & 0xE0 == 0 else {
            throw Fault(reason: "its gzip header is broken, or it has been cut short")
        }
        place = 10
        let flags = bytes[3]
        if flags & 4 != 0 {
            let low = try byte()
            let high = try byte()
            place += Int(low) + Int(high) << 8
        }
        for flag: UInt8 in [8, 16] where flags & flag != 0 { while try byte() != 0 {} }
        if flags & 2 != 0 { place += 2 }
    }

    /// The next `count` bits, at most 16.
    private mutating func take(_ count: Int) throws(Fault) -> Int {
        while bitCount < count {
            bits |= UInt32(try byte()) << UInt32(bitCount)
            bitCount += 8
        }
        defer {
            bits >>= UInt32(count)
            bitCount -= count
        }
        return Int(bits & (1 << UInt32(count) - 1))
    }

    /// A canonical Huffman code: how many codes each length has, and the symbols in the order of codes.
    private struct Code {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        init(_ lengths: [Int]) {
            for length in lengths where length > 0 { counts[length] += 1 }
            for length in 1..<16 where counts[length] > 0 {
                for (symbol, own) in lengths.enumerated() where own == length { symbols.append(symbol) }
            }
        }
    }

    private mutating func symbol(_ code: Code) throws(Fault) -> Int {
        var (value, first, index) = (0, 0, 0)
        for length in 1..<16 {
            value |= try take(1)
            let count = code.counts[length]
            if value - count < first {
                let place = index + value - first
                guard code.symbols.indices.contains(place) else { break }
                return code.symbols[place]
            }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw Fault(reason: "its compressed data are broken")
    }

    /// Expands a block; false after the last.
    private mutating func block() throws(Fault) -> Bool {
        let isLast = try take(1) == 1
        switch try take(2) {
        case 0:
            (bits, bitCount) = (0, 0)
            let size = Int(try byte()) | Int(try byte()) << 8
            let inverse = Int(try byte()) | Int(try byte()) << 8
            guard size == ~inverse & 0xFFFF else { throw Fault(reason: "its compressed data are broken") }
            for _ in 0..<size { try append(byte()) }
        case 1:
            let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
            try codes(Code(lengths), Code([Int](repeating: 5, count: 30)))
        case 2:
            let (literals, distances, count) = (try take(5) + 257, try take(5) + 1, try take(4) + 4)
            var lengths = [Int](repeating: 0, count: 19)
            let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
            for index in order.prefix(count) { lengths[index] = try take(3) }
            let code = Code(lengths)
            lengths = []
            while lengths.count < literals + distances {
                switch try symbol(code) {
                case 16:
                    guard let last = lengths.last else { throw Fault(reason: "its compressed data are broken") }
                    lengths += [Int](repeating: last, count: try take(2) + 3)
                case 17: lengths += [Int](repeating: 0, count: try take(3) + 3)
                case 18: lengths += [Int](repeating: 0, count: try take(7) + 11)
                case let length: lengths.append(length)
                }
            }
            guard lengths.count == literals + distances else { throw Fault(reason: "its compressed data are broken") }
            try codes(Code(Array(lengths[..<literals])), Code(Array(lengths[literals...])))
        default: throw Fault(reason: "its compressed data are broken")
        }
        return !isLast
    }

    private mutating func append(_ byte: UInt8) throws(Fault) {
        guard output.count < limit else { throw Fault(reason: "it expands to more than \(limit) bytes") }
        output.append(byte)
    }

    /// Expands literals and copies up to the end of the block.
    private mutating func codes(_ literals: Code, _ distances: Code) throws(Fault) {
        let lengths = [
            3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
            227, 258,
        ]
        while true {
            let symbol = try symbol(literals)
            if symbol < 256 {
                try append(UInt8(symbol))
                continue
            }
            if symbol == 256 { return }
            guard symbol - 257 < lengths.count else { throw Fault(reason: "its compressed data are broken") }
            let extra = symbol < 265 || symbol == 285 ? 0 : (symbol - 261) / 4
            let length = lengths[symbol - 257] + (try take(extra))
            let code = try self.symbol(distances)
            guard code < 30 else { throw Fault(reason: "its compressed data are broken") }
            let more = max(code / 2 - 1, 0)
            let distance = (code < 4 ? code : (2 + code % 2) << more) + 1 + (try take(more))
            guard distance <= output.count else { throw Fault(reason: "its compressed data are broken") }
            for _ in 0..<length { try append(output[output.count - distance]) }
        }
    }

    /// The sum and the size at the end must be those of the content.
    private mutating func checkTrailer() throws(Fault) {
        (bits, bitCount) = (0, 0)
        var words: [UInt32] = []
        for _ in 0..<2 {
            var word: UInt32 = 0
            for shift: UInt32 in [0, 8, 16, 24] { word |= UInt32(try byte()) << shift }
            words.append(word)
        }
        let table = (UInt32(0)..<256).map { start in
            (0..<8).reduce(start) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        let sum = ~output.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
        guard words == [sum, UInt32(truncatingIfNeeded: output.count)] else {
            throw Fault(reason: "its checksum is not that of its content")
        }
    }
}
