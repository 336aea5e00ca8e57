import Glibc

/// The metadata in the markers of a JPEG file (ITU-T T.81, annex B).
struct JPEGMarkers {
    /// The frame header.
    struct Frame {
        let width: Int
        let height: Int
    }

    /// Whether there is an end-of-image marker; a truncated file has none.
    private(set) var isComplete = false
    /// Whether there is an Adobe segment; such files store CMYK inverted.
    private(set) var hasAdobe = false
    /// Number of scans: 1 in an interleaved baseline file, more in progressive files.
    private(set) var scans = 0
    /// Whether the image is in several scans. The decoder then keeps the coefficients of the whole image: without
    /// subsampling three of 16 bits per pixel, which are 1.2 GB for 200 million pixels, at any reduction.
    private var isProgressive = false
    private var firstFrame: Frame?
    private var components: UInt8 = 0
    /// The Exif orientation, of several the last; `.upright` if the file states none.
    private(set) var orientation = Orientation.upright
    /// The Exif tag UserComment, of several the first; nil if there is none.
    private(set) var comment: String?

    /// Reads the markers up to the end of the image, through the entropy-coded data of all scans, or only up to the
    /// frame header.
    init(of bytes: [UInt8], toTheEnd: Bool = true) {
        bytes.withUnsafeBufferPointer { walk($0, toTheEnd: toTheEnd) }
    }

    /// The frame header.
    ///
    /// - Throws: ``ImageError`` if there is none, or the image is too large.
    func frame(named name: String) throws -> Frame {
        guard let firstFrame else {
            throw isComplete
                ? ImageError.damaged(name: name, format: .jpeg, reason: "it has no frame")
                : ImageError.truncated(name: name, format: .jpeg)
        }
        try checkSize(
            width: firstFrame.width, height: firstFrame.height, format: .jpeg, name: name,
            kind: isProgressive ? "progressive JPEG images" : nil,
            limit: isProgressive ? Image.maximumPixels : Image.maximumReducedPixels)
        return firstFrame
    }

    private mutating func walk(_ bytes: UnsafeBufferPointer<UInt8>, toTheEnd: Bool) {
        guard let base = bytes.baseAddress else { return }
        var position = 2
        while position + 1 < bytes.count {
            // Skips entropy-coded data, and garbage as decoders do, up to the next 0xFF.
            guard let found = memchr(base + position, 0xFF, bytes.count - 1 - position) else { return }
            position = UnsafeRawPointer(found) - UnsafeRawPointer(base)
            let marker = bytes[position + 1]
            switch marker {
            case 0xFF:
                // A fill byte before a marker.
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
                if firstFrame != nil && !toTheEnd { return }
                position = end
            }
        }
    }

    private mutating func note(_ marker: UInt8, _ segment: UnsafeBufferPointer<UInt8>) {
        switch marker {
        case 0xE1 where segment.starts(with: Array("Exif\0\0".utf8)):
            // What it says is kept, not the segment: a file may have as many as it has bytes for.
            let exif = ArraySlice(segment)
            orientation = Orientation(exif: exif) ?? orientation
            comment = comment ?? ExifComment.text(in: exif)
        case 0xEE where segment.starts(with: Array("Adobe".utf8)):
            hasAdobe = true
        case 0xC4, 0xC8, 0xCC:
            // Tables and an extension, whose codes are among those of frames.
            break
        case 0xC0...0xCF where firstFrame == nil && segment.count >= 6:
            firstFrame = Frame(
                width: Int(segment[3]) << 8 | Int(segment[4]), height: Int(segment[1]) << 8 | Int(segment[2]))
            components = segment[5]
            if marker & 3 == 2 { isProgressive = true }
        case 0xDA:
            scans += 1
            if scans > 1 || segment.first ?? 0 < components { isProgressive = true }
        default:
            break
        }
    }
}
