import CZlib

/// The chunks of a PNG file that may state an orientation, on either side of the pixels.
struct PNGChunks {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The Exif orientation: of an eXIf chunk, or else of a text that ImageMagick and exiftool wrote before there were
    /// such chunks; `.upright` if neither states one. Damaged chunks are ignored.
    var orientation: Orientation {
        var orientation: Orientation?
        var hasProfile = false
        var position = 8
        while position + 12 <= bytes.count {
            let length = bigEndian(bytes[position..<position + 4])
            guard length <= bytes.count - position - 12 else { break }
            let (kind, end) = (bytes[position + 4..<position + 8], position + 8 + length)
            let content = bytes[position + 8..<end]
            if kind.elementsEqual("eXIf".utf8) {
                if isIntact(position + 4..<end), let found = Orientation(exif: content) { return found }
            } else if !hasProfile, let text = Self.profile(kind: kind, content), isIntact(position + 4..<end) {
                // Only the first, since a small text may be long when it is expanded.
                hasProfile = true
                orientation = Self.exif(inProfile: text).flatMap { Orientation(exif: $0[...]) }
            }
            position = end + 4
        }
        return orientation ?? .upright
    }

    /// Whether the checksum that follows the kind and content of a chunk is right.
    private func isIntact(_ chunk: Range<Int>) -> Bool {
        let sum = bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress! + chunk.lowerBound, UInt32(chunk.count)) }
        return Int(sum) == bigEndian(bytes[chunk.upperBound..<chunk.upperBound + 4])
    }

    /// The text of a chunk "Raw profile type exif" or "APP1", plain (tEXt) or compressed (zTXt); nil for other chunks.
    private static func profile(kind: ArraySlice<UInt8>, _ content: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let isCompressed = kind.elementsEqual("zTXt".utf8)
        guard isCompressed || kind.elementsEqual("tEXt".utf8),
            let keyword = ["Raw profile type exif\0", "Raw profile type APP1\0"].first(where: {
                content.starts(with: $0.utf8)
            })
        else { return nil }
        let text = content.dropFirst(keyword.utf8.count)
        return isCompressed ? inflated(text.dropFirst()) : text.prefix(longestProfile)
    }

    /// Maximum number of characters that are read: the orientation is one of the first tags.
    private static let longestProfile = 1 << 18

    /// The beginning of a compressed text.
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

    /// The bytes that such a text holds: a line feed, the profile's name, its length, and hexadecimal digits, in lines.
    private static func exif(inProfile text: ArraySlice<UInt8>) -> [UInt8]? {
        let lines = text.split(separator: 0x0A, maxSplits: 2)
        guard lines.count == 3 else { return nil }
        let digits = lines[2].compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
