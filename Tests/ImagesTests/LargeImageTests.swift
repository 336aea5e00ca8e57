import Images
import TestSupport
import Testing

/// Images of more than 64 million pixels.
@Suite struct LargeImages {
    /// 8208 × 7906 pixels; at 1/8 the last row of squares is two pixels high. The left half is half white, half
    /// transparent.
    @Test func aPNGIsReducedByMeans() throws {
        let black = pngChunk("tRNS", [0, 0])
        let file = largePNG(chunks: black + pngChunk("eXIf", exif(6, .big)))
        #expect(try Image.size(of: file, named: "large.png") == (7906, 8208))
        let image = try Image(decoding: file, named: "large.png", background: blue, atLeast: 64)
        try #require((image.width, image.height) == (989, 1026))
        let mixed: [UInt8] = [138, 158, 228]
        for y in [0, 512, 513, 1025] {
            for x in [0, 1, 500, 987, 988] {
                let at = (y * image.width + x) * 3
                #expect(Array(image.pixels[at..<at + 3]) == (y < 513 ? mixed : [255, 255, 255]), "\(x), \(y)")
            }
        }
    }

    @Test(arguments: [(494, 8), (495, 4), (989, 2), (100_000, 2)])
    func theShorterSideStaysTwiceAsLongButNoPNGIsReadWhole(side: Int, reduction: Int) throws {
        let image = try Image(decoding: largePNG(), named: "large.png", atLeast: side)
        #expect(image.width == 8208 / reduction && image.height == (7906 + reduction - 1) / reduction)
    }

    @Test(.enabled(if: canDecode(.jpeg))) func aJPEGIsDecodedReduced() throws {
        let file = greyJPEG(width: 8200, height: 7904)
        #expect(try Image.size(of: file, named: "large.jpg") == (8200, 7904))
        let image = try Image(decoding: file, named: "large.jpg", atLeast: 64)
        #expect(image == Image(width: 1025, height: 988, color: RGB(128, 128, 128)))
        let half = try Image(decoding: file, named: "large.jpg", atLeast: 4000)
        #expect((half.width, half.height) == (4100, 3952))
    }

    /// Their limit is that of all images, for whole images are in memory while they are decoded.
    @Test func otherKindsAreNamed() {
        let files: [(String, [UInt8], Int?)] = [
            ("images at full size", largePNG(), nil), ("images at full size", greyJPEG(width: 8200, height: 7904), nil),
            ("interlaced PNG images", png(width: 8200, height: 7904, isInterlaced: true), 64),
            ("progressive JPEG images", progressiveJPEG(side: 8200, scans: 1, bytes: 200_000), 64),
            ("progressive JPEG images", greyJPEG(width: 8200, height: 7904, components: 3), 64),
            ("TIFF images", tiff(.big, entries: [256, 257].map { tiffEntry(.big, tag: $0, 8200) }), 64),
        ]
        for (kind, file, side) in files {
            let error = #expect(throws: ImageError.self) {
                _ = try Image(decoding: file, named: "large", atLeast: side)
            }
            let limit = "; \(kind) are read up to 32768 a side and 64 million in all; reduce it with `vipsthumbnail "
            #expect(error?.description.contains(limit) == true)
        }
        let file = greyJPEG(width: 20000, height: 10001)
        let error = #expect(throws: ImageError.self) { _ = try Image(decoding: file, named: "large", atLeast: 64) }
        #expect(error?.description.contains("JPEG images are read up to 32768 a side and 200 million in all") == true)
    }
}

/// A baseline JPEG of one grey: two bits per block of 8 × 8 pixels, a difference of 0 and the end of the block.
///
/// - Parameter components: number of components that the header states; there is a scan of only one.
private func greyJPEG(width: Int, height: Int, components: UInt8 = 1) -> [UInt8] {
    func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
        [0xFF, marker] + ByteOrder.big.bytes(content.count + 2, 2) + content
    }
    let code: [UInt8] = [1] + [UInt8](repeating: 0, count: 16)
    let sides = ByteOrder.big.bytes(height, 2) + ByteOrder.big.bytes(width, 2)
    let tables =
        segment(0xDB, [0] + [UInt8](repeating: 1, count: 64)) + segment(0xC4, [0] + code) + segment(0xC4, [0x10] + code)
    let headers =
        segment(0xC0, [8] + sides + [components] + (1...components).flatMap { [$0, 0x11, 0] })
        + segment(0xDA, [1, 1, 0, 0, 63, 0])
    let blocks = ((width + 7) / 8) * ((height + 7) / 8)
    return [0xFF, 0xD8] + tables + headers + [UInt8](repeating: 0, count: (blocks + 3) / 4) + [0xFF, 0xD9]
}
