import CImageCodecs
import Glibc

extension Image {
    /// The image as a PNG file: 8-bit RGB, tagged sRGB, with the given texts before the pixels.
    ///
    /// A text is stored as a tEXt chunk if it is Latin-1, else as an iTXt chunk (UTF-8). Equal images and texts give
    /// equal bytes.
    ///
    /// - Parameter text: keywords of 1 to 79 printable Latin-1 characters, without spaces at the ends or in a row
    ///   (ISO/IEC 15948, section 11.3.4.2), and texts without NUL.
    /// - Throws: ``ImageError/invalidText(keyword:reason:)``, ``ImageError/unwritable(format:reason:)``.
    public func pngData(text: [(keyword: String, text: String)] = []) throws -> [UInt8] {
        var strings: [CChar] = []
        var entries: [UInt8] = []
        for (keyword, text) in text {
            let latin1 = latin1Bytes(of: text)
            entries.append(latin1 == nil ? 1 : 0)
            for bytes in [try keywordBytes(of: keyword), latin1 ?? Array(text.utf8)] {
                guard !bytes.contains(0) else {
                    throw ImageError.invalidText(keyword: keyword, reason: "the text contains a NUL character")
                }
                strings += bytes.map { CChar(bitPattern: $0) }
                strings.append(0)
            }
        }
        var png = CImageBytes()
        let (status, message) = withMessageBuffer {
            CImagePNGEncode(
                pixels, UInt32(width), UInt32(height), strings, entries, entries.count, &png, $0.baseAddress, $0.count)
        }
        defer { CImageFree(png.bytes) }
        guard status == CImageStatusDone else { throw ImageError.unwritable(format: .png, reason: message) }
        return [UInt8](UnsafeBufferPointer(start: png.bytes, count: png.count))
    }

    /// The texts of a PNG file (tEXt, zTXt and iTXt chunks) in the order of the file.
    ///
    /// Left out are compressed texts that expand to more than four million bytes, and what follows the first 62 texts:
    /// a few bytes could otherwise expand to gigabytes.
    ///
    /// - Parameter name: the name of the file in errors.
    /// - Throws: ``ImageError`` if `bytes` are not a complete PNG file.
    public static func pngText(
        in bytes: [UInt8], named name: String = "PNG data"
    ) throws -> [(keyword: String, text: String)] {
        guard ImageFormat(signatureOf: bytes) == .png else { throw ImageError.unrecognized(name: name) }
        _ = try PNGHeader(of: bytes, named: name)
        guard PNGChunks(bytes).areComplete else { throw ImageError.truncated(name: name, format: .png) }
        var texts = CImageTexts()
        let (status, message) = withMessageBuffer {
            CImagePNGReadTexts(bytes, bytes.count, &texts, $0.baseAddress, $0.count)
        }
        defer { CImageFree(texts.texts) }
        try check(status, message: message, format: .png, name: name)
        return UnsafeBufferPointer(start: texts.texts, count: texts.count).map { entry in
            let keyword = UnsafeRawBufferPointer(start: entry.keyword, count: strlen(entry.keyword))
            let text = UnsafeRawBufferPointer(start: entry.text, count: entry.textCount)
            return (
                keyword: string(latin1: keyword),
                text: entry.isUTF8 == 0 ? string(latin1: text) : String(decoding: text, as: UTF8.self)
            )
        }
    }
}

private func keywordBytes(of keyword: String) throws -> [UInt8] {
    let rule = "a keyword is 1 to 79 printable Latin-1 characters without spaces at the ends or in a row"
    guard let bytes = latin1Bytes(of: keyword), (1...79).contains(bytes.count),
        !bytes.contains(UInt8(ascii: "\n")), bytes.first != 0x20, bytes.last != 0x20,
        !zip(bytes, bytes.dropFirst()).contains(where: { $0 == 0x20 && $1 == 0x20 })
    else { throw ImageError.invalidText(keyword: keyword, reason: rule) }
    return bytes
}

/// The Latin-1 bytes of a text; nil if it has characters that PNG does not allow in tEXt: only printable ones and the
/// line feed are.
private func latin1Bytes(of text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x0A, 0x20...0x7E, 0xA1...0xFF: bytes.append(UInt8(scalar.value))
        default: return nil
        }
    }
    return bytes
}

private func string(latin1 bytes: UnsafeRawBufferPointer) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
    return String(scalars)
}
