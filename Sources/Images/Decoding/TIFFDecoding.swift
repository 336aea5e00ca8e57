import CImageCodecs

/// The size and orientation of the first image in a TIFF file.
struct TIFFHeader {
    /// Width and height of the stored pixels.
    let width: Int
    let height: Int
    let orientation: Orientation

    /// - Throws: ``ImageError`` if the first directory is invalid, or the image is too large or a camera's preview.
    init(of bytes: [UInt8], named name: String) throws {
        guard let directory = TIFFDirectory(bytes[...]) else {
            throw ImageError.damaged(name: name, format: .tiff, reason: "it has no directory")
        }
        // Raw files begin with a reduced image (NewSubfileType, bit 0).
        if let kind = directory[254], kind & 1 == 1 { throw ImageError.unsupported(name: name, format: .cameraRaw) }
        guard let width = directory[256], let height = directory[257] else {
            throw ImageError.damaged(name: name, format: .tiff, reason: "it states no size")
        }
        try checkSize(width: width, height: height, format: .tiff, name: name)
        (self.width, self.height) = (width, height)
        orientation = Orientation(in: directory) ?? .upright
    }
}

extension Image {
    static func decodedTIFF(
        _ bytes: [UInt8], named name: String, background: RGB, library: String
    ) throws -> Image {
        let header = try TIFFHeader(of: bytes, named: name)
        let image = try decoded(
            width: header.width, height: header.height, as: .tiff, named: name, library: (library, "libtiff6")
        ) { target, message in
            CImageTIFFDecode(
                library, bytes, bytes.count, CImageColor(background), target, message.baseAddress, message.count)
        }
        return image.oriented(header.orientation)
    }
}
