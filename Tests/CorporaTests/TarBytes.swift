/// A tar archive built byte by byte, with arbitrary flaws.
struct TarBytes {
    private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - size: the size in the header; nil for the true size.
    ///   - magic: `ustar\0` and version, or something else.
    mutating func add(
        _ name: String, _ content: some Collection<UInt8> = [], type: Character = "0", size: String? = nil,
        prefix: String = "", checksum: String? = nil
    ) {
        add(
            Array(name.utf8), Array(content), type: type, size: size.map { Array($0.utf8) }, prefix: prefix,
            checksum: checksum)
    }

    mutating func add(
        _ name: [UInt8], _ content: [UInt8], type: Character, size: [UInt8]?, prefix: String = "",
        checksum: String? = nil
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ field: some Collection<UInt8>, at place: Int) {
            for (index, byte) in field.enumerated() { header[place + index] = byte }
        }
        put(name.prefix(100), at: 0)
        put("0000644\0".utf8, at: 100)
        put(size ?? Array(Self.octal(content.count, 11).utf8), at: 124)
        put("00000000000\0        ".utf8, at: 136)
        header[156] = type.asciiValue ?? 0
        put("ustar\u{0}00".utf8, at: 257)
        put(prefix.utf8, at: 345)
        let sum = header.reduce(0) { $0 + Int($1) }
        put((checksum ?? Self.octal(sum, 6) + "\0 ").utf8, at: 148)
        bytes += header + content
        pad()
    }

    /// A pax header for the member that follows.
    mutating func addPax(_ records: [(String, String)], type: Character = "x") {
        let text = records.map { key, value in
            // The length counts its own digits.
            var length = key.utf8.count + value.utf8.count + 3
            length += String(length + String(length).count).count
            return "\(length) \(key)=\(value)\n"
        }
        add("PaxHeaders/1", text.joined().utf8, type: type)
    }

    /// The archive with the two final blocks of zeros.
    var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    private mutating func pad() { bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512) }

    private static func octal(_ number: Int, _ digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
