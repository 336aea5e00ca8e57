/// What the markers of a JPEG file tell beside its pixels (ITU-T T.81, annex B).
struct JPEGMarkers {
    /// An end-of-image marker closes the image: nothing was cut off.
    private(set) var isComplete = false
    /// An Adobe segment is present; such files store CMYK as 255 less the ink.
    private(set) var hasAdobe = false
    /// As the camera was held; `.upright` where the file does not say.
    private(set) var orientation = Orientation.upright

    /// Walks the markers from the start of the image to its end, through the entropy-coded data of every scan.
    init(of bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { walk($0) }
    }

    private mutating func walk(_ bytes: UnsafeBufferPointer<UInt8>) {
        var position = 2
        while position + 1 < bytes.count {
            // Inside a scan, and over garbage as decoders do, every byte up to the next 0xFF is skipped.
            guard bytes[position] == 0xFF else {
                position += 1
                continue
            }
            let marker = bytes[position + 1]
            switch marker {
            case 0xFF:
                // A fill byte: the next one may begin the marker.
                position += 1
            case 0x00, 0x01, 0xD0...0xD8:
                // A stuffed zero, or markers that stand alone.
                position += 2
            case 0xD9:
                isComplete = true
                return
            default:
                guard position + 3 < bytes.count else { return }
                let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
                let end = position + 2 + max(length, 2)
                guard end <= bytes.count else { return }
                note(marker, UnsafeBufferPointer(rebasing: bytes[min(position + 4, end)..<end]))
                position = end
            }
        }
    }

    private mutating func note(_ marker: UInt8, _ segment: UnsafeBufferPointer<UInt8>) {
        switch marker {
        case 0xE1 where segment.starts(with: Array("Exif\0\0".utf8)):
            orientation = Orientation(exif: segment.dropFirst(6)) ?? orientation
        case 0xEE where segment.starts(with: Array("Adobe".utf8)):
            hasAdobe = true
        default:
            break
        }
    }
}
