import CImageCodecs

/// The header chunk of a PNG, IHDR (ISO/IEC 15948, section 11.2.2).
struct PNGHeader {
    let width: Int
    let height: Int
    /// Number of bits per stored pixel.
    private let depth: Int

    /// - Throws: ``ImageError`` if IHDR is not the first chunk, or the image is too large. The rest is checked by
    ///   libpng.
    init(of bytes: [UInt8], named name: String) throws {
        guard bytes.count >= 33 else { throw ImageError.truncated(name: name, format: .png) }
        guard bytes[8..<16].elementsEqual([0, 0, 0, 13] + Array("IHDR".utf8)) else {
            throw ImageError.damaged(name: name, format: .png, reason: "it does not begin with its header")
        }
        func integer(at offset: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) } }
        width = integer(at: 16)
        height = integer(at: 20)
        let channels = [2: 3, 4: 2, 6: 4][bytes[25], default: 1]
        depth = Int(bytes[24]) * channels
        try checkSize(width: width, height: height, format: .png, name: name)
    }

    /// Whether `count` bytes can hold the pixels: deflate compresses at most 1032:1.
    func fits(in count: Int) -> Bool { (width * depth + 7) / 8 * height <= count * 1032 }
}

extension Image {
    static func decodedPNG(_ bytes: [UInt8], named name: String, background: RGB) throws -> Image {
        let header = try PNGHeader(of: bytes, named: name)
        guard header.fits(in: bytes.count) else { throw ImageError.truncated(name: name, format: .png) }
        return try decoded(width: header.width, height: header.height, as: .png, named: name) { target, message in
            CImagePNGDecode(
                bytes, bytes.count, CImageColor(background), target, message.baseAddress, message.count)
        }
    }
}

extension CImageColor {
    init(_ color: RGB) { self.init(red: color.red, green: color.green, blue: color.blue) }
}
