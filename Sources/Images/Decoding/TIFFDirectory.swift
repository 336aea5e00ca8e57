/// The first directory of a TIFF structure: a TIFF or BigTIFF file, or Exif data (TIFF 6.0, section 2).
struct TIFFDirectory {
    /// Whether the least significant byte of a number is the first.
    let isLittleEndian: Bool
    private let bytes: ArraySlice<UInt8>
    private let isBig: Bool
    /// Offset of the first entry, and the number of entries that the directory claims, at most 65535.
    private var first: Int
    private var count: Int

    /// Nil if there is no header, or it points outside of `bytes`.
    init?(_ bytes: ArraySlice<UInt8>) {
        let order = bytes.prefix(2)
        guard order.elementsEqual("II".utf8) || order.elementsEqual("MM".utf8) else { return nil }
        isLittleEndian = order.elementsEqual("II".utf8)
        self.bytes = bytes
        func integer(_ offset: Int, _ size: Int) -> Int? {
            Self.integer(in: bytes, at: offset, size: size, isLittleEndian: order.elementsEqual("II".utf8))
        }
        switch integer(2, 2) {
        case 42:
            guard let start = integer(4, 4), let count = integer(start, 2) else { return nil }
            (isBig, first, self.count) = (false, start + 2, count)
        case 43:
            // BigTIFF: offsets of 8 bytes.
            guard integer(4, 2) == 8, let start = integer(8, 8), let count = integer(start, 8) else { return nil }
            (isBig, first, self.count) = (true, start + 8, min(count, 65535))
        default: return nil
        }
    }

    /// The directory of Exif data: a TIFF structure, which some writers put behind the name that it has in JPEG.
    init?(exif bytes: ArraySlice<UInt8>) {
        let name = Array("Exif\0\0".utf8)
        self.init(bytes.starts(with: name) ? bytes.dropFirst(name.count) : bytes)
    }

    /// The first value of an entry of 16-, 32- or 64-bit integers; nil if there is none, or it is not in the entry.
    subscript(tag: Int) -> Int? {
        guard let offset = entry(tag), let type = integer(offset + 2, 2), let size = [3: 2, 4: 4, 16: 8][type],
            isBig || size < 8
        else { return nil }
        return integer(offset + (isBig ? 12 : 8), size)
    }

    /// The directory that an entry points to; nil if there is none, or in BigTIFF, which Exif data are not.
    func directory(_ tag: Int) -> TIFFDirectory? {
        guard !isBig, let start = self[tag], let count = integer(start, 2) else { return nil }
        var directory = self
        (directory.first, directory.count) = (start + 2, count)
        return directory
    }

    /// The content of an entry of more than four bytes of type 7, "undefined"; nil if there is none, or in BigTIFF.
    func content(_ tag: Int) -> ArraySlice<UInt8>? {
        guard !isBig, let offset = entry(tag), integer(offset + 2, 2) == 7, let count = integer(offset + 4, 4),
            let start = integer(offset + 8, 4), count > 4, count <= bytes.count, start <= bytes.count - count
        else { return nil }
        return bytes.dropFirst(start).prefix(count)
    }

    /// The offset of an entry: a tag, a type, a number of values, and the values or where they are.
    private func entry(_ tag: Int) -> Int? {
        for entry in 0..<count {
            let offset = first + (isBig ? 20 : 12) * entry
            guard let found = integer(offset, 2) else { return nil }
            if found == tag { return offset }
        }
        return nil
    }

    private func integer(_ offset: Int, _ size: Int) -> Int? {
        Self.integer(in: bytes, at: offset, size: size, isLittleEndian: isLittleEndian)
    }

    /// An unsigned integer; nil if it is not within `bytes`, or over 2⁶³.
    private static func integer(in bytes: ArraySlice<UInt8>, at offset: Int, size: Int, isLittleEndian: Bool) -> Int? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        let start = bytes.startIndex + offset
        let value = (0..<size).reduce(0 as UInt) { value, i in
            value << 8 | UInt(bytes[start + (isLittleEndian ? size - 1 - i : i)])
        }
        return Int(exactly: value)
    }
}
