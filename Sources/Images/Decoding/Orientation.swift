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

    /// Reads the tag from Exif data; nil if there is none, or it is malformed.
    init?(exif bytes: ArraySlice<UInt8>) {
        guard let directory = TIFFDirectory(exif: bytes) else { return nil }
        self.init(in: directory)
    }

    /// Reads the tag from a directory; nil if there is none, or its value is not one of the eight.
    init?(in directory: TIFFDirectory) {
        guard let value = directory[0x0112] else { return nil }
        self.init(rawValue: value)
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
