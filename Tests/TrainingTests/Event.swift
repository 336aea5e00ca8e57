import Testing

/// A record of a TensorBoard event file, as far as tests ask for it.
struct Event {
    /// Images seen.
    private(set) var step = 0
    private(set) var isStart = false
    private(set) var tags: Set<String> = []

    /// The records of a file.
    static func all(in bytes: [UInt8]) throws -> [Event] {
        var (rest, events) = (bytes[...], [Event]())
        while !rest.isEmpty {
            // Eight bytes of length, four of its checksum, the message, four of its checksum.
            let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            try #require(rest.count >= length + 16)
            events.append(try Event(rest.dropFirst(12).prefix(length)))
            rest = rest.dropFirst(length + 16)
        }
        return events
    }

    private init(_ message: ArraySlice<UInt8>) throws {
        for (field, number, content) in try fields(message) {
            switch field {
            case 2: step = number
            case 5:
                for value in try fields(content) {
                    let tag = try fields(value.content).first { $0.field == 1 }?.content
                    tags.insert(String(decoding: try #require(tag), as: UTF8.self))
                }
            case 7: isStart = try fields(content).contains { $0.field == 1 && $0.number == 1 }
            default: break
            }
        }
    }
}

/// The fields of a protocol buffer message.
private func fields(_ message: ArraySlice<UInt8>) throws -> [(field: Int, number: Int, content: ArraySlice<UInt8>)] {
    var rest = message
    func varint() throws -> Int {
        var (value, shift) = (0, 0)
        while true {
            let next = rest.popFirst()
            let byte = Int(try #require(next))
            value |= (byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }
    var found: [(Int, Int, ArraySlice<UInt8>)] = []
    while !rest.isEmpty {
        let tag = try varint()
        var (number, length) = (0, 0)
        switch tag & 7 {
        case 0: number = try varint()
        case 1: length = 8
        case 2: length = try varint()
        default: length = 4
        }
        found.append((tag >> 3, number, rest.prefix(length)))
        rest = rest.dropFirst(length)
    }
    return found
}
