/// Bytes that a tar archive is read from, in order.
protocol TarSource {
    /// Bytes from a place on, which is never before the last one asked for; fewer only where they end.
    mutating func bytes(_ count: Int, at offset: Int) throws(TarFault) -> ArraySlice<UInt8>
    /// Whether the first `size` bytes are there, as far as that can be known without reading them.
    func has(_ size: Int) -> Bool
}

/// Why an archive cannot be read on.
struct TarFault: Error {
    let reason: String
}

/// A member of an archive.
struct TarMember {
    enum Kind {
        case file
        /// A link to another member or file, hard or symbolic.
        case link
        /// A file with holes, in one of the ways that GNU tar has for them.
        case sparse
        /// A folder, a device, or what else there may be.
        case other
    }

    let name: [UInt8]
    let kind: Kind
    /// Offset of its content in the archive, and its size in bytes.
    let offset: Int
    let size: Int
}

/// Reads the headers of a tar archive: ustar (POSIX.1-1988), pax (POSIX.1-2001) and GNU's long names. Contents are read only
/// on request.
struct TarReader<Source: TarSource> {
    private(set) var source: Source
    /// Offset of the next header.
    private var place = 0
    /// Where the last member ended.
    private var memberEnd = 0
    private static var block: Int { 512 }
    /// Names and pax headers of more bytes are refused.
    private static var longestHeader: Int { 1 << 16 }

    init(_ source: Source) { self.source = source }

    /// The next member, or nil at the end.
    mutating func next() throws(TarFault) -> TarMember? {
        var longName: [UInt8]?
        var pax = PaxHeader()
        while true {
            let header = try source.bytes(Self.block, at: place)
            if header.isEmpty {
                // Of a compressed archive the end is not known before it is there.
                guard source.has(memberEnd) else { throw TarFault(reason: "ends within its last member") }
                return nil
            }
            guard header.count == Self.block else { throw TarFault(reason: "ends within a header, at byte \(place)") }
            // The end is two blocks of zeros; one is enough.
            if header.allSatisfy({ $0 == 0 }) { return nil }
            guard TarHeader.hasRightChecksum(header) else {
                throw TarFault(reason: "has no header where one should be, at byte \(place)")
            }
            guard let stated = TarHeader.size(header) else {
                throw TarFault(reason: "states a size that is no number, at byte \(place)")
            }
            let type = header[header.startIndex + 156]
            let extends = type == UInt8(ascii: "x") || type == UInt8(ascii: "g") || type == UInt8(ascii: "L")
            let size = extends || type == UInt8(ascii: "K") ? stated : pax.size ?? stated
            let fields = TarHeader.name(header)
            var start = place + Self.block
            if type == UInt8(ascii: "S") { try skipSparseMap(header, &start) }
            guard size <= 1 << 50, source.has(start + size) else {
                throw TarFault(reason: "ends within its member at byte \(place), which has \(size) bytes")
            }
            memberEnd = start + size
            place = start + (size + Self.block - 1) / Self.block * Self.block

            if extends {
                guard size <= Self.longestHeader else {
                    throw TarFault(reason: "has a name or header of \(size) bytes, at byte \(start)")
                }
                let content = try source.bytes(size, at: start)
                guard content.count == size else { throw TarFault(reason: "ends within a name, at byte \(start)") }
                switch type {
                case UInt8(ascii: "L"): longName = Array(content.prefix { $0 != 0 })
                case UInt8(ascii: "x"): pax = try PaxHeader(content, at: start)
                default: break
                }
                continue
            }
            let kind: TarMember.Kind
            switch type {
            case UInt8(ascii: "0"), 0, UInt8(ascii: "7"): kind = pax.isSparse ? .sparse : .file
            case UInt8(ascii: "1"), UInt8(ascii: "2"): kind = .link
            case UInt8(ascii: "S"): kind = .sparse
            case UInt8(ascii: "K"): continue
            default: kind = .other
            }
            let name = pax.path ?? longName ?? fields
            // An old archive names a folder by a slash at its end.
            return TarMember(name: name, kind: name.last == 0x2F ? .other : kind, offset: start, size: size)
        }
    }

    /// The bytes of the member that `next` gave last.
    mutating func contents(of member: TarMember) throws(TarFault) -> ArraySlice<UInt8> {
        let bytes = try source.bytes(member.size, at: member.offset)
        guard bytes.count == member.size else {
            throw TarFault(reason: "ends within its member at byte \(member.offset), which has \(member.size) bytes")
        }
        return bytes
    }

    /// Passes over the list of pieces that follows the header of a sparse file where the header has no room for it.
    private mutating func skipSparseMap(_ header: ArraySlice<UInt8>, _ start: inout Int) throws(TarFault) {
        var goesOn = header[header.startIndex + 482] != 0
        while goesOn {
            let more = try source.bytes(Self.block, at: start)
            guard more.count == Self.block else { throw TarFault(reason: "ends within a header, at byte \(start)") }
            goesOn = more[more.startIndex + 504] != 0
            start += Self.block
        }
    }
}

/// The fields of a tar header that are needed.
enum TarHeader {
    /// The sum of all bytes, those of the sum itself taken as spaces; old archives added signed bytes.
    static func hasRightChecksum(_ header: ArraySlice<UInt8>) -> Bool {
        let first = header.startIndex
        guard let stated = octal(header[first + 148..<first + 156]) else { return false }
        var (sum, signed) = (8 * 0x20, 8 * 0x20)
        for (place, byte) in header.enumerated() where !(148..<156).contains(place) {
            sum += Int(byte)
            signed += Int(Int8(bitPattern: byte))
        }
        return stated == sum || stated == signed
    }

    /// The size of the member: octal digits, or GNU's big-endian number with the top bit set.
    static func size(_ header: ArraySlice<UInt8>) -> Int? {
        let field = header[header.startIndex + 124..<header.startIndex + 136]
        guard field.first == 0x80 else { return octal(field) }
        guard field.dropFirst().prefix(4).allSatisfy({ $0 == 0 }) else { return nil }
        return field.dropFirst(4).reduce(0) { $0 << 8 | Int($1) }
    }

    /// The name, in ustar archives with its prefix.
    static func name(_ header: ArraySlice<UInt8>) -> [UInt8] {
        let first = header.startIndex
        let name = header[first..<first + 100].prefix { $0 != 0 }
        guard header[first + 257..<first + 263].elementsEqual("ustar\0".utf8), header[first + 345] != 0 else {
            return Array(name)
        }
        return header[first + 345..<first + 500].prefix { $0 != 0 } + [0x2F] + name
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        guard digits.count <= 12, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    }
}

/// What a pax header says of the member after it: records `27 path=…\n`, each beginning with its own length.
struct PaxHeader {
    private(set) var path: [UInt8]?
    private(set) var size: Int?
    private(set) var isSparse = false

    init() {}

    init(_ content: ArraySlice<UInt8>, at place: Int) throws(TarFault) {
        var rest = content
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard (1...6).contains(digits.count), let length = Int(String(decoding: digits, as: UTF8.self)),
                length > digits.count + 1, length <= rest.count
            else { throw TarFault(reason: "has a pax header that is damaged, at byte \(place)") }
            let record = rest.prefix(length).dropFirst(digits.count + 1).dropLast()
            rest = rest.dropFirst(length)
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = record[(equals + 1)...]
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": path = Array(value)
            case "size":
                guard value.count <= 15, let number = Int(String(decoding: value, as: UTF8.self)), number >= 0 else {
                    throw TarFault(reason: "states a size that is no number, at byte \(place)")
                }
                size = number
            case "GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size": isSparse = true
            default: break
            }
        }
    }
}
