/// The Exif tag UserComment (CIPA DC-008, section 4.6.5): a text behind eight bytes that name its encoding. It is in a
/// directory of its own, to which the first one points.
enum ExifComment {
    private static let directoryTag = 0x8769
    private static let commentTag = 0x9286

    /// Exif data with a text in UTF-16, the most significant byte first, as AUTOMATIC1111 and others write it.
    /// - Parameter limit: maximum number of bytes, at least 52; a longer text is cut off between characters of Unicode.
    static func data(_ text: String, limit: Int = .max) -> [UInt8] {
        func directory(of tag: Int, type: Int, count: Int, value: Int) -> [UInt8] {
            let entry = bigEndian(tag, 2) + bigEndian(type, 2) + bigEndian(count, 4) + bigEndian(value, 4)
            return bigEndian(1, 2) + entry + bigEndian(0, 4)
        }
        // A header of 8 bytes, two directories of 18 with an entry each, and the name of the encoding.
        var units = Array(text.utf16.prefix((limit - 52) / 2))
        if let last = units.last, UTF16.isLeadSurrogate(last) { units.removeLast() }
        let content = Array("UNICODE\0".utf8) + units.flatMap { bigEndian(Int($0), 2) }
        return Array("MM\0*".utf8) + bigEndian(8, 4) + directory(of: directoryTag, type: 4, count: 1, value: 26)
            + directory(of: commentTag, type: 7, count: content.count, value: 44) + content
    }

    /// The text in Exif data, without the zeros and spaces at its end, with which cameras fill the tag. Nil if there is
    /// none, or it is malformed, empty or in an encoding other than ASCII and UTF-16.
    static func text(in exif: ArraySlice<UInt8>) -> String? {
        guard let first = TIFFDirectory(exif: exif),
            let content = first.directory(directoryTag)?.content(commentTag)
        else { return nil }
        let bytes = content.dropFirst(8)
        let text: String
        switch content.prefix(8) {
        case ArraySlice("UNICODE\0".utf8):
            let units = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map { index in
                let unit = UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
                return first.isLittleEndian ? unit.byteSwapped : unit
            }
            text = String(decoding: trimmed(units), as: UTF16.self)
        case ArraySlice("ASCII\0\0\0".utf8), ArraySlice<UInt8>(repeating: 0, count: 8):
            text = String(decoding: trimmed(bytes), as: UTF8.self)
        default:
            return nil
        }
        return text.isEmpty ? nil : text
    }

    private static func trimmed<Units: BidirectionalCollection>(_ units: Units) -> Units.SubSequence
    where Units.Element: FixedWidthInteger {
        guard let last = units.lastIndex(where: { $0 != 0 && $0 != 0x20 }) else { return units.prefix(0) }
        return units[...last]
    }
}

extension Image {
    /// The keyword that ``text(in:named:)`` gives the text of a JPEG or WebP file.
    package static let commentKeyword = "UserComment"

    /// The texts of an image file: those of a PNG (see ``pngText(in:named:)``), or the Exif tag UserComment of a JPEG or
    /// WebP file. None are read from other formats.
    ///
    /// - Parameter name: the name of the file in errors.
    /// - Throws: ``ImageError`` if `bytes` are not an image in a known format, or an incomplete PNG, or a WebP file that
    ///   is too large or truncated, or whose header or, of an animation, first frame is damaged.
    package static func text(
        in bytes: [UInt8], named name: String
    ) throws -> [(keyword: String, text: String)] {
        let comment: String?
        switch ImageFormat(signatureOf: bytes) {
        case .png: return try pngText(in: bytes, named: name)
        case .jpeg: comment = JPEGMarkers(of: bytes, toTheEnd: false).comment
        case .webp: comment = try WebPContainer(of: bytes, named: name).comment
        case nil: throw ImageError.unrecognized(name: name)
        default: return []
        }
        return comment.map { [(keyword: commentKeyword, text: $0)] } ?? []
    }
}
