/// The bytes of a tar archive, read in ascending order.
protocol TarSource {
    /// `count` bytes from `offset` on, which never decreases from call to call; fewer only at the end.
    mutating func bytes(_ count: Int, at offset: Int) throws(TarFault) -> ArraySlice<UInt8>
    /// Whether the archive has at least `size` bytes, as far as known without reading them.
    func has(_ size: Int) -> Bool
}

/// Why an archive cannot be read any further.
struct TarFault: Error {
    let reason: String
}

/// A member of an archive.
struct TarMember {
    enum Kind {
        case file
        /// A link to another member or file, hard or symbolic.
        case link
        /// A file with holes, in one of GNU tar's formats.
        case sparse
        /// A folder, a device or anything else.
        case other
    }

    let name: [UInt8]
    let kind: Kind
    /// Offset of its content in the archive, and its size in bytes.
    let offset: Int
    let size: Int
}

/// Reads the headers of a tar archive: ustar (POSIX.1-1988), pax (POSIX.1-2001) and GNU long names. Contents are read
/// on request.
struct TarReader<Source: TarSource> {
    private(set) var source: Source
    /// Offset of the next header.
    private var position = 0
    /// End offset of the last member.
    private var memberEnd = 0
    private static var block: Int { TarArchive.block }
    /// Maximum size of names and pax headers in bytes.
    private static var longestHeader: Int { 1 << 16 }

    init(_ source: Source) { self.source = source }

    /// The next member, or nil at the end.
    mutating func next() throws(TarFault) -> TarMember? {
        var longName: [UInt8]?
        var pax = PaxHeader()
        while true {
            let header = try source.bytes(Self.block, at: position)
            if header.isEmpty {
                // The size of a compressed archive is known only at its end.
                guard source.has(memberEnd) else { throw TarFault(reason: "ends within its last member") }
                return nil
            }
            guard header.count == Self.block else {
                throw TarFault(reason: "ends within a header, at byte \(position)")
            }
            // An archive ends in two blocks of zeros; one suffices here.
            if header.allSatisfy({ $0 == 0 }) { return nil }
            guard TarHeader.hasRightChecksum(header) else {
                throw TarFault(reason: "has no header where one should be, at byte \(position)")
            }
            guard let stated = TarHeader.size(header) else {
                throw TarFault(reason: "states a size that is no number, at byte \(position)")
            }
            let type = header[header.startIndex + 156]
            let extends = type == UInt8(ascii: "x") || type == UInt8(ascii: "g") || type == UInt8(ascii: "L")
            let size = extends || type == UInt8(ascii: "K") ? stated : pax.size ?? stated
            let fields = TarHeader.name(header)
            var start = position + Self.block
            if type == UInt8(ascii: "S") { try skipSparseMap(header, &start) }
            guard size <= 1 << 50, source.has(start + size) else {
                throw TarFault(reason: "ends within its member at byte \(position), which has \(size) bytes")
            }
            memberEnd = start + size
            position = start + (size + Self.block - 1) / Self.block * Self.block

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
            // Old archives mark folders by a trailing slash.
            return TarMember(name: name, kind: name.last == 0x2F ? .other : kind, offset: start, size: size)
        }
    }

    /// The bytes of the member that `next` returned last.
    mutating func contents(of member: TarMember) throws(TarFault) -> ArraySlice<UInt8> {
        let bytes = try source.bytes(member.size, at: member.offset)
        guard bytes.count == member.size else {
            throw TarFault(reason: "ends within its member at byte \(member.offset), which has \(member.size) bytes")
        }
        return bytes
    }

    /// Skips the blocks that continue the sparse map of a GNU header.
    private mutating func skipSparseMap(_ header: ArraySlice<UInt8>, _ start: inout Int) throws(TarFault) {
        var isExtended = header[header.startIndex + 482] != 0
        while isExtended {
            let more = try source.bytes(Self.block, at: start)
            guard more.count == Self.block else { throw TarFault(reason: "ends within a header, at byte \(start)") }
            isExtended = more[more.startIndex + 504] != 0
            start += Self.block
        }
    }
}

/// Parses the fields of a tar header.
enum TarHeader {
    /// Whether the checksum is right: the sum of all bytes, with the checksum field as spaces. Old archives sum signed
    /// bytes.
    static func hasRightChecksum(_ header: ArraySlice<UInt8>) -> Bool {
        let first = header.startIndex
        guard let stated = octal(header[first + 148..<first + 156]) else { return false }
        var (sum, signed) = (8 * 0x20, 8 * 0x20)
        for (position, byte) in header.enumerated() where !(148..<156).contains(position) {
            sum += Int(byte)
            signed += Int(Int8(bitPattern: byte))
        }
        return stated == sum || stated == signed
    }

    /// The size of the member: octal digits, or GNU's base-256 number, whose first byte is 0x80; nil if invalid.
    static func size(_ header: ArraySlice<UInt8>) -> Int? {
        let field = header[header.startIndex + 124..<header.startIndex + 136]
        guard field.first == 0x80 else { return octal(field) }
        guard field.dropFirst().prefix(4).allSatisfy({ $0 == 0 }) else { return nil }
        return field.dropFirst(4).reduce(0) { $0 << 8 | Int($1) }
    }

    /// The name; in ustar archives, including its prefix.
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

/// The attributes that a pax header gives to the next member: records `27 path=…\n`, each of which begins with its own
/// length.
struct PaxHeader {
    private(set) var path: [UInt8]?
    private(set) var size: Int?
    private(set) var isSparse = false

    init() {}

    init(_ content: ArraySlice<UInt8>, at position: Int) throws(TarFault) {
        var rest = content
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard (1...6).contains(digits.count), let length = Int(String(decoding: digits, as: UTF8.self)),
                length > digits.count + 1, length <= rest.count
            else { throw TarFault(reason: "has a pax header that is damaged, at byte \(position)") }
            let record = rest.prefix(length).dropFirst(digits.count + 1).dropLast()
            rest = rest.dropFirst(length)
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = record[(equals + 1)...]
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": path = Array(value)
            case "size":
                guard value.count <= 15, let number = Int(String(decoding: value, as: UTF8.self)), number >= 0 else {
                    throw TarFault(reason: "states a size that is no number, at byte \(position)")
                }
                size = number
            case "GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size": isSparse = true
            default: break
            }
        }
    }
}
