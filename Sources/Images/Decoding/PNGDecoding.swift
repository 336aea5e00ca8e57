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
        width = bigEndian(bytes[16..<20])
        height = bigEndian(bytes[20..<24])
        let channels = [2: 3, 4: 2, 6: 4][bytes[25], default: 1]
        depth = Int(bytes[24]) * channels
        let isInterlaced = bytes[28] != 0
        try checkSize(
            width: width, height: height, format: .png, name: name,
            kind: isInterlaced ? "interlaced PNG images" : nil,
            limit: isInterlaced ? Image.maximumPixels : Image.maximumReducedPixels)
    }

    /// Whether `count` bytes can hold the pixels: deflate compresses at most 1032:1.
    func fits(in count: Int) -> Bool { (width * depth + 7) / 8 * height <= count * 1032 }
}

extension Image {
    static func decodedPNG(
        _ bytes: [UInt8], named name: String, background: RGB, atLeast side: Int?
    ) throws -> Image {
        let header = try PNGHeader(of: bytes, named: name)
        let chunks = PNGChunks(bytes)
        guard header.fits(in: bytes.count), chunks.areComplete else {
            throw ImageError.truncated(name: name, format: .png)
        }
        // Decoding takes as long at any size, so only large images are reduced, to limit memory.
        let isLarge = header.width * header.height > maximumPixels
        let reduction =
            isLarge
            ? try reduction(of: header.width, header.height, toAtLeast: side, format: .png, name: name) : 1
        let image = try decoded(
            width: (header.width + reduction - 1) / reduction, height: (header.height + reduction - 1) / reduction,
            as: .png, named: name
        ) { target, message in
            CImagePNGDecode(
                bytes, bytes.count, header.width, header.height, reduction, CImageColor(background), target,
                message.baseAddress, message.count)
        }
        return image.oriented(chunks.orientation)
    }
}

extension CImageColor {
    init(_ color: RGB) { self.init(red: color.red, green: color.green, blue: color.blue) }
}
