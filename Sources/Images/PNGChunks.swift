import CZlib

/// The chunks of a PNG file (ISO/IEC 15948, section 5.3) up to the end chunk, or up to one that is not complete.
struct PNGChunks: Sequence, IteratorProtocol {
    struct Chunk {
        /// The kind, of four bytes, and the content.
        fileprivate let bytes: ArraySlice<UInt8>
        fileprivate let checksum: Int

        var content: ArraySlice<UInt8> { bytes.dropFirst(4) }
        /// The chunk as it is in a file.
        var data: [UInt8] { bigEndian(bytes.count - 4, 4) + bytes + bigEndian(checksum, 4) }
        /// Whether the checksum is that of the bytes.
        var isIntact: Bool { checksum == PNGChunks.checksum(of: bytes) }

        func hasKind(_ kind: String) -> Bool { bytes.starts(with: kind.utf8) }
    }

    /// The first bytes of a PNG file.
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A chunk as it is in a file.
    static func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
        let bytes = Array(kind.utf8) + content
        return bigEndian(content.count, 4) + bytes + bigEndian(checksum(of: bytes[...]), 4)
    }

    fileprivate static func checksum(of bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBufferPointer { Int(crc32(0, $0.baseAddress, UInt32($0.count))) }
    }

    private let bytes: [UInt8]
    private var position = signature.count

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Chunk? {
        guard position + 12 <= bytes.count else { return nil }
        let length = bigEndian(bytes[position..<position + 4])
        guard length <= bytes.count - position - 12 else { return nil }
        let end = position + 8 + length
        let chunk = Chunk(bytes: bytes[position + 4..<end], checksum: bigEndian(bytes[end..<end + 4]))
        position = chunk.hasKind("IEND") ? bytes.count : end + 4
        return chunk
    }

    /// Whether all chunks up to the end chunk are complete. libpng makes room for a chunk before it reads it.
    var areComplete: Bool { contains { $0.hasKind("IEND") } }

    /// The Exif orientation: of an eXIf chunk, or else of a text that ImageMagick and exiftool wrote before there were
    /// such chunks; `.upright` if neither states one. They may follow the pixels. Damaged chunks are ignored.
    var orientation: Orientation {
        var orientation: Orientation?
        var hasProfile = false
        for chunk in self {
            if chunk.hasKind("eXIf") {
                if chunk.isIntact, let found = Orientation(exif: chunk.content) { return found }
            } else if !hasProfile, let text = chunk.profile, chunk.isIntact {
                // Only the first, since a small text may be long when it is expanded.
                hasProfile = true
                orientation = PNGChunks.exif(inProfile: text).flatMap { Orientation(exif: $0[...]) }
            }
        }
        return orientation ?? .upright
    }

    /// The bytes that such a text holds: a line feed, the profile's name, its length, and hexadecimal digits, in lines.
    private static func exif(inProfile text: ArraySlice<UInt8>) -> [UInt8]? {
        let lines = text.split(separator: 0x0A, maxSplits: 2)
        guard lines.count == 3 else { return nil }
        let digits = lines[2].compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

extension PNGChunks.Chunk {
    /// Maximum number of characters of a profile that are read: the orientation is one of the first tags.
    private static let longestProfile = 1 << 18

    /// The beginning of the text "Raw profile type exif" or "APP1", plain (tEXt) or compressed (zTXt); nil for other
    /// chunks.
    fileprivate var profile: ArraySlice<UInt8>? {
        let isCompressed = hasKind("zTXt")
        guard isCompressed || hasKind("tEXt"),
            let keyword = ["Raw profile type exif\0", "Raw profile type APP1\0"].first(where: {
                content.starts(with: $0.utf8)
            })
        else { return nil }
        let text = content.dropFirst(keyword.utf8.count)
        return isCompressed ? Self.inflated(text.dropFirst()) : text.prefix(Self.longestProfile)
    }

    private static func inflated(_ data: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let text = [UInt8](unsafeUninitializedCapacity: longestProfile) { text, count in
            var size = uLong(longestProfile)
            let status = data.withUnsafeBufferPointer {
                uncompress(text.baseAddress, &size, $0.baseAddress, uLong($0.count))
            }
            count = status == Z_OK || status == Z_BUF_ERROR ? Int(size) : 0
        }
        return text[...]
    }
}
