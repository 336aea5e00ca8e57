import Images
import TestSupport
import Testing

@Suite(.enabled(if: canDecode(.rgbTIFF), "libtiff is not installed (`apt-get install libtiff6`)"))
struct TIFFDecoding {
    @Test(arguments: [
        ("RGB", ReferenceFile.rgbTIFF, 0), ("LZW", .lzwTIFF, 0), ("deflate", .deflateTIFF, 0),
        ("palette", .paletteTIFF, 0), ("group 4", .faxTIFF, 0), ("BigTIFF", .bigTIFF, 0), ("CMYK", .cmykTIFF, 1),
        ("JPEG", .jpegTIFF, 2), ("RGBA", .alphaTIFF, 1),
    ])
    func everyKind(name: String, file: ReferenceFile, tolerance: Int) throws {
        let image = try Image(decoding: file.bytes, named: name)
        #expect(try #require(distance(image, file.image)) <= tolerance)
        #expect(try Image.size(of: file.bytes, named: name) == (image.width, image.height))
    }

    @Test func aBackgroundShowsThroughAlpha() throws {
        let file = ReferenceFile.alphaTIFFOverBlue
        let image = try Image(decoding: file.bytes, named: "alpha", background: blue)
        #expect(try #require(distance(image, file.image)) <= 1)
    }

    @Test(arguments: ByteOrder.allCases) func bothByteOrders(order: ByteOrder) throws {
        let image = noise(width: 13, height: 9)
        #expect(try Image(decoding: tiff(of: image, orientation: 1, order), named: "plain") == image)
    }

    @Test(arguments: [ReferenceFile.rgbTIFF, .lzwTIFF, .jpegTIFF, .bigTIFF])
    func everyTruncationIsAnErrorOrLosesNothing(file: ReferenceFile) throws {
        let whole = try Image(decoding: file.bytes, named: "whole")
        for count in 4..<file.bytes.count {
            do {
                #expect(try Image(decoding: Array(file.bytes.prefix(count)), named: "cut.tif") == whole, "\(count)")
            } catch {
                #expect("\(error)".hasPrefix("cut.tif: the TIFF image is damaged: "))
            }
        }
        let pixels = tiff(of: noise(width: 13, height: 9), orientation: 1, .little)
        #expect(throws: ImageError.self) { try Image(decoding: Array(pixels.dropLast()), named: "cut.tif") }
    }

    /// libtiff prints nothing itself, and its reason is part of the error.
    @Test func damageIsNamed() {
        let bytes = tiff(.big, entries: [tiffEntry(.big, tag: 256, 4), tiffEntry(.big, tag: 257, 4)])
        let error = #expect(throws: ImageError.self) { try Image(decoding: bytes, named: "bad.tif") }
        let start = "bad.tif: the TIFF image is damaged: "
        #expect(error?.description.hasPrefix(start) == true && error?.description != start)
    }

    @Test(arguments: [
        ("it has no directory", Array("II*\0".utf8) + [0xFF, 0xFF, 0xFF, 0x7F]),
        ("it states no size", tiff(.little, entries: [tiffEntry(.little, tag: 257, 4)])),
        ("it claims 0×4 pixels", tiff(.little, entries: [256, 257].map { tiffEntry(.little, tag: $0, $0 % 2 * 4) })),
    ]) func headersAreChecked(reason: String, file: [UInt8]) {
        for read in [
            { _ = try Image(decoding: file, named: "bad.tif") }, { _ = try Image.size(of: file, named: "bad.tif") },
        ] {
            let error = #expect(throws: ImageError.self) { try read() }
            #expect(error?.description == "bad.tif: the TIFF image is damaged: \(reason)")
        }
    }

    @Test func absurdSizesAreRefused() {
        let entries = [256, 257].map { tiffEntry(.little, tag: $0, type: 4, 0xFFFF_FFFF) }
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: tiff(.little, entries: entries), named: "a.tif")
        }
        #expect(error?.description.hasPrefix("a.tif: claims 4294967295×4294967295 pixels; TIFF images are ") == true)
    }

    /// The first image in a camera's raw file is a small preview, which must not be taken for the photograph.
    @Test func aPreviewIsNotRead() {
        let bytes = tiff(of: noise(width: 8, height: 6), orientation: 1, .little, kind: 1)
        let error = #expect(throws: ImageError.self) { try Image(decoding: bytes, named: "a.nef") }
        #expect(error?.description.hasPrefix("a.nef: camera raw images are not read; convert it with ") == true)
    }
}
