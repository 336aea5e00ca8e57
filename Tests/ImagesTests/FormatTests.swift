import Images
import Testing

@Suite struct Formats {
    @Test(
        arguments: [
            (ImageFormat.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), (.jpeg, [0xFF, 0xD8, 0xFF, 0xE0]),
            (.webp, Array("RIFF....WEBPVP8 ".utf8)), (.gif, Array("GIF87a".utf8)), (.gif, Array("GIF89a".utf8)),
            (.bmp, Array("BM".utf8) + [70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0]),
            (.tiff, Array("II*\0".utf8)), (.tiff, Array("MM\0*".utf8)), (.tiff, Array("II+\0".utf8)),
            (.tiff, Array("MM\0+".utf8)),
            (.avif, brands("avif", "mif1", "miaf")), (.avif, brands("mif1", "avif")), (.avif, brands("avis")),
            (.heic, brands("heic", "mif1")), (.heic, brands("mif1", "heic")), (.cameraRaw, brands("crx ", "isom")),
            (.jpegXL, [0xFF, 0x0A, 0x0F]), (.jpegXL, [0, 0, 0, 12] + Array("JXL \r\n".utf8)),
            (.jpeg2000, [0, 0, 0, 12] + Array("jP  \r\n".utf8)), (.jpeg2000, [0xFF, 0x4F, 0xFF, 0x51]),
            (.photoshop, Array("8BPS".utf8)), (.icon, [0, 0, 1, 0, 1, 0]), (.netpbm, Array("P6\n9 7\n".utf8)),
            (.netpbm, Array("P5 9 7 ".utf8)), (.svg, Array("<svg xmlns=".utf8)),
            (.svg, [0xEF, 0xBB, 0xBF] + Array("\n<?xml version=\"1.0\"?>\n<!-- by hand -->\n<svg>".utf8)),
            (.cameraRaw, Array("II*\0".utf8) + [16, 0, 0, 0] + Array("CR".utf8)),
            (.cameraRaw, Array("FUJIFILMCCD-RAW 0201".utf8)),
        ] as [(ImageFormat, [UInt8])])
    func bytesTellThem(format: ImageFormat, bytes: [UInt8]) {
        #expect(ImageFormat(signatureOf: bytes) == format)
    }

    @Test(
        arguments: [
            [], [0xFF], Array("RIFF....WAVE".utf8), Array("BM and other text".utf8),
            Array("<?xml version=\"1.0\"?><html>".utf8),
            Array("<html><svg>".utf8), brands("isom", "mp42"), Array("P6".utf8),
            Array("ftyp".utf8),
            [0xFF, 0xFF, 0xFF, 0xFF] + Array("ftyp".utf8),
        ] as [[UInt8]])
    func otherBytesAreNone(bytes: [UInt8]) {
        #expect(ImageFormat(signatureOf: bytes) == nil)
    }

    @Test func suffixesTellThem() {
        #expect(ImageFormat(suffix: "JPG") == .jpeg && ImageFormat(suffix: "jfif") == .jpeg)
        #expect(ImageFormat(suffix: "Heic") == .heic && ImageFormat(suffix: "tif") == .tiff)
        #expect(ImageFormat(suffix: "txt") == nil && ImageFormat(suffix: "") == nil)
        let all = ImageFormat.allCases.flatMap(\.suffixes)
        #expect(Set(all).count == all.count && all.allSatisfy { $0 == $0.lowercased() && !$0.contains(".") })
    }

    @Test func thoseThatAreNotReadAreNamedWithACommandThatConvertsThem() {
        for format in ImageFormat.allCases { #expect(format.isDecodable == (format.advice == nil)) }
        let bytes = brands("avif")
        let error = #expect(throws: ImageError.self) { try Image(decoding: bytes, named: "rose.jpg") }
        #expect(
            error?.description == "rose.jpg: AVIF images are not read; "
                + "convert it with `mogrify -format png *.avif` (package imagemagick)")
        #expect(throws: ImageError.self) { try Image.size(of: bytes, named: "rose.jpg") }
    }
}

/// The first box of an ISO base media file.
private func brands(_ major: String, _ compatible: String...) -> [UInt8] {
    [0, 0, 0, UInt8(16 + 4 * compatible.count)] + Array("ftyp\(major)\0\0\0\0\(compatible.joined())mdat".utf8)
}
