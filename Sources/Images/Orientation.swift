/// The Exif orientation of stored pixels: tag 0x0112 (CIPA DC-008, section 4.6.4) and its values.
enum Orientation: Int {
    case upright = 1
    case mirrored = 2
    case upsideDown = 3
    case flipped = 4
    case transposed = 5
    case turnedLeft = 6
    case transversed = 7
    case turnedRight = 8

    /// Reads the tag from the first directory of a TIFF structure; nil if there is none.
    init?(exif bytes: Slice<UnsafeBufferPointer<UInt8>>) {
        let tiff = UnsafeBufferPointer(rebasing: bytes)
        guard tiff.count >= 8 else { return nil }
        let isLittleEndian = tiff[0] == UInt8(ascii: "I")
        func integer(at offset: Int, bytes count: Int) -> Int? {
            guard offset >= 0, offset <= tiff.count - count else { return nil }
            return (0..<count).reduce(0) { value, i in
                value << 8 | Int(tiff[offset + (isLittleEndian ? count - 1 - i : i)])
            }
        }
        guard integer(at: 2, bytes: 2) == 42,
            let directory = integer(at: 4, bytes: 4),
            let entries = integer(at: directory, bytes: 2)
        else { return nil }
        for entry in 0..<entries {
            // An entry is tag, type, count and value: 2 + 2 + 4 + 4 bytes. Type 3 is a 16-bit integer.
            let offset = directory + 2 + 12 * entry
            guard let tag = integer(at: offset, bytes: 2) else { return nil }
            if tag == 0x0112, integer(at: offset + 2, bytes: 2) == 3, let value = integer(at: offset + 8, bytes: 2) {
                self.init(rawValue: value)
                return
            }
        }
        return nil
    }

    /// Whether width and height are exchanged.
    var swapsSides: Bool { rawValue >= 5 }
}

extension Image {
    /// The image upright, if its pixels are stored with `orientation`.
    func oriented(_ orientation: Orientation) -> Image {
        if orientation == .upright { return self }
        let (right, bottom) = (width - 1, height - 1)
        return rearranged(
            width: orientation.swapsSides ? height : width, height: orientation.swapsSides ? width : height
        ) { x, y in
            switch orientation {
            case .upright: (x, y)
            case .mirrored: (right - x, y)
            case .upsideDown: (right - x, bottom - y)
            case .flipped: (x, bottom - y)
            case .transposed: (y, x)
            case .turnedLeft: (y, bottom - x)
            case .transversed: (right - y, bottom - x)
            case .turnedRight: (right - y, x)
            }
        }
    }
}
