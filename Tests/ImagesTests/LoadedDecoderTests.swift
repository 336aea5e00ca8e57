import Images
import TestSupport
import Testing

private let withoutJPEG: Comment = "libturbojpeg is not installed (`apt-get install libturbojpeg0`)"
private let withoutWebP: Comment = "libwebp is not installed (`apt-get install libwebp7`)"

@Suite(.enabled(if: canDecode(.jpeg), withoutJPEG)) struct JPEGDecoding {
    @Test(arguments: [
        ("baseline", ReferenceFile.jpeg), ("progressive", .progressiveJPEG), ("grey", .greyJPEG), ("CMYK", .cmykJPEG),
        ("CMYK without an Adobe marker", .plainCMYKJPEG), ("YCCK", .ycckJPEG),
    ])
    func everyKind(name: String, file: ReferenceFile) throws {
        let image = try Image(decoding: file.bytes, named: name)
        #expect(try #require(distance(image, file.image)) <= 2)
    }

    @Test(arguments: [
        ReferenceFile.orientation1JPEG, .orientation2JPEG, .orientation3JPEG, .orientation4JPEG, .orientation5JPEG,
        .orientation6JPEG, .orientation7JPEG, .orientation8JPEG,
    ])
    func orientationIsApplied(file: ReferenceFile) throws {
        let image = try Image(decoding: file.bytes, named: "turned")
        #expect(try #require(distance(image, file.image)) <= 2)
    }

    /// 100 × 68 pixels: at 1/4, the shorter side is 17, which is at least twice 8.
    @Test(arguments: [ReferenceFile.quarterJPEG, .turnedQuarterJPEG])
    func aThumbnailIsDecodedReduced(file: ReferenceFile) throws {
        let image = try Image(decoding: file.bytes, named: "reduced", atLeast: 8)
        #expect(try #require(distance(image, file.image)) <= 2)
    }

    @Test(arguments: [(1, 8), (4, 8), (5, 4), (8, 4), (9, 2), (17, 2), (18, 1), (1000, 1)])
    func theShorterSideStaysTwiceAsLong(side: Int, reduction: Int) throws {
        let image = try Image(decoding: ReferenceFile.quarterJPEG.bytes, named: "reduced", atLeast: side)
        #expect(image.width == (100 + reduction - 1) / reduction && image.height == (68 + reduction - 1) / reduction)
    }

    @Test func aReducedThumbnailLooksLikeTheFullOne() throws {
        let bytes = ReferenceFile.quarterJPEG.bytes
        let reduced = try Image(decoding: bytes, named: "reduced", atLeast: 16).fitted(side: 16, aspect: .crop)
        let full = try Image(decoding: bytes, named: "full").fitted(side: 16, aspect: .crop)
        #expect(try #require(distance(reduced, full)) <= 4)
    }

    @Test(arguments: [ReferenceFile.jpeg, .progressiveJPEG, .orientation6JPEG])
    func everyTruncationIsAnError(file: ReferenceFile) {
        for count in 3..<file.bytes.count {
            let error = #expect(throws: ImageError.self) {
                try Image(decoding: Array(file.bytes.prefix(count)), named: "cut.jpg")
            }
            #expect(error?.description == "cut.jpg: the JPEG image is truncated; copy or download the file again")
        }
    }

    /// A file whose middle is missing still has its end marker; the decoder must detect the missing samples.
    @Test func aMissingMiddleIsDamage() throws {
        let bytes = ReferenceFile.jpeg.bytes
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: Array(bytes.dropLast(60)) + bytes.suffix(2), named: "gap.jpg")
        }
        #expect(error?.description.hasPrefix("gap.jpg: the JPEG image is damaged: ") == true)
    }

    /// The decoder warns about bytes between the last sample and the end marker, but the image is complete.
    @Test func strayBytesBeforeTheEndAreHarmless() throws {
        let bytes = ReferenceFile.jpeg.bytes
        let padded = Array(bytes.dropLast(2)) + [UInt8](repeating: 0, count: 40) + bytes.suffix(2)
        let image = try Image(decoding: padded, named: "padded.jpg")
        #expect(image == (try Image(decoding: bytes, named: "whole.jpg")))
    }

    /// Trailing bytes are common in the wild, and a changed byte anywhere must not stop the process.
    @Test func strayBytesDoNotStopTheProcess() throws {
        let file = ReferenceFile.orientation6JPEG
        let image = try Image(decoding: file.bytes + [0, 1, 2, 3], named: "tail.jpg")
        #expect(image == (try Image(decoding: file.bytes, named: "whole.jpg")))
        for position in 3..<file.bytes.count {
            for value: UInt8 in [0, 0x7F, 0xFF] {
                var bytes = file.bytes
                bytes[position] = value
                _ = try? Image(decoding: bytes, named: "bad.jpg")
            }
        }
    }

    @Test func absurdSizesAreRefused() throws {
        var bytes = ReferenceFile.jpeg.bytes
        let frame = try #require(bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
        bytes.replaceSubrange(frame + 5..<frame + 9, with: [0x70, 0, 0x70, 0])
        let error = #expect(throws: ImageError.self) { try Image(decoding: bytes, named: "huge.jpg") }
        #expect(error?.description.hasPrefix("huge.jpg: claims 28672×28672 pixels") == true)
    }

    /// A block of 8 × 8 pixels takes at least one bit, so these pixels cannot be in the file.
    @Test func pixelsThatCannotBeThereAreNotMadeRoomFor() throws {
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: progressiveJPEG(side: 7000, scans: 1, bytes: 0), named: "empty.jpg")
        }
        #expect(error?.description == "empty.jpg: the JPEG image is truncated; copy or download the file again")
    }

    @Test func scansWithoutEndAreRefused() throws {
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: progressiveJPEG(side: 7000, scans: 42, bytes: 100_000), named: "scans.jpg")
        }
        #expect(error?.description == "scans.jpg: the JPEG image is damaged: it has 42 scans")
    }
}

/// A progressive JPEG with empty scans.
func progressiveJPEG(side: Int, scans: Int, bytes: Int) -> [UInt8] {
    let sides = ByteOrder.big.bytes(side, 2) + ByteOrder.big.bytes(side, 2)
    let frame = [0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8] + sides + [1, 1, 0x11, 0]
    let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0]
    return frame + (0..<scans).flatMap { _ in scan } + [UInt8](repeating: 0, count: bytes) + [0xFF, 0xD9]
}

@Suite(.enabled(if: canDecode(.jpeg), withoutJPEG)) struct JPEGEncoding {
    @Test func pixelsSurviveNearly() throws {
        let image = ReferenceFile.losslessWebP.image
        let fine = try Image(decoding: image.jpegData(quality: 100), named: "fine")
        #expect(try #require(distance(fine, image)) <= 3)
        #expect(try image.jpegData(quality: 30).count < image.jpegData(quality: 100).count)
    }

    @Test func bytesAreDeterministic() throws {
        let image = noise(width: 19, height: 20)
        #expect(try image.jpegData(quality: 90) == image.jpegData(quality: 90))
    }
}

@Suite(.enabled(if: canDecode(.losslessWebP), withoutWebP)) struct WebPDecoding {
    @Test(arguments: [ReferenceFile.losslessWebP, .alphaWebP])
    func lossless(file: ReferenceFile) throws {
        #expect(try Image(decoding: file.bytes, named: "lossless") == file.image)
    }

    @Test(arguments: [ReferenceFile.lossyWebP, .lossyAlphaWebP])
    func lossy(file: ReferenceFile) throws {
        let image = try Image(decoding: file.bytes, named: "lossy")
        #expect(try #require(distance(image, file.image)) <= 2)
    }

    @Test func aBackgroundShowsThroughAlpha() throws {
        let file = ReferenceFile.alphaWebPOverBlue
        #expect(try Image(decoding: file.bytes, named: "alpha", background: blue) == file.image)
    }

    /// Frames smaller than the canvas, so that the background is visible.
    @Test(arguments: [
        (ReferenceFile.animatedWebP, RGB.white), (.animatedLossyAlphaWebP, blue), (.animatedLosslessAlphaWebP, blue),
    ])
    func theFirstFrameOfAnAnimation(file: ReferenceFile, background: RGB) throws {
        let image = try Image(decoding: file.bytes, named: "animated", background: background)
        #expect(try #require(distance(image, file.image)) <= 2)
    }

    @Test(arguments: [ReferenceFile.losslessWebP, .lossyWebP, .animatedWebP])
    func everyTruncationIsAnError(file: ReferenceFile) {
        for count in 12..<file.bytes.count {
            let error = #expect(throws: ImageError.self) {
                try Image(decoding: Array(file.bytes.prefix(count)), named: "cut.webp")
            }
            #expect(error?.description == "cut.webp: the WebP image is truncated; copy or download the file again")
        }
    }

    @Test func damageIsAnError() {
        var bytes = ReferenceFile.losslessWebP.bytes
        bytes.replaceSubrange(12..<16, with: Array("JUNK".utf8))
        let error = #expect(throws: ImageError.self) { try Image(decoding: bytes, named: "bad.webp") }
        #expect(error?.description.hasPrefix("bad.webp: the WebP image is damaged: ") == true)
    }
}

/// Animations with inconsistent headers.
@Suite(.enabled(if: canDecode(.losslessWebP), withoutWebP)) struct WebPClaims {
    /// Replaces three bytes, `offset` behind the first `chunk`'s header, by `value`.
    private func changed(_ chunk: String, _ offset: Int, to value: Int) throws -> [UInt8] {
        var bytes = ReferenceFile.animatedWebP.bytes
        let at = try #require(bytes.indices.first { bytes[$0...].starts(with: chunk.utf8) }) + 8 + offset
        for i in 0..<3 { bytes[at + i] = UInt8(truncatingIfNeeded: value >> (8 * i)) }
        return bytes
    }

    private func description(of bytes: [UInt8]) -> String? {
        #expect(throws: ImageError.self) { try Image(decoding: bytes, named: "lie.webp") }?.description
    }

    @Test func aCanvasWithoutEndIsRefused() throws {
        let bytes = try changed("VP8X", 4, to: 0xFFFFFF)
        #expect(
            description(of: bytes)?.hasPrefix(
                "lie.webp: claims 16777216×16 pixels; WebP images are read up to 32768 a side and 64 million in all; ")
                == true)
        #expect(throws: ImageError.self) { try Image.size(of: bytes, named: "lie.webp") }
    }

    @Test(arguments: [0, 3])
    func aFrameBesideTheCanvasIsRefused(offset: Int) throws {
        let bytes = try changed("ANMF", offset, to: 100)
        #expect(
            description(of: bytes)
                == "lie.webp: the WebP image is damaged: the first frame is not within the image")
    }

    @Test(arguments: [6, 9])
    func aFrameOfAnotherSizeIsRefused(offset: Int) throws {
        #expect(
            description(of: try changed("ANMF", offset, to: 9)) == "lie.webp: the WebP image is damaged: "
                + "the header is not valid")
    }

    @Test func aFrameLongerThanTheFileIsRefused() throws {
        #expect(
            description(of: try changed("ANMF", -4, to: 0xFFFFFF))
                == "lie.webp: the WebP image is truncated; copy or download the file again")
    }

    @Test func aCanvasThatIsNotTheImagesIsRefused() throws {
        // Without the animation flag, frames are skipped and no image is left.
        #expect(
            description(of: try changed("VP8X", 0, to: 0x10))?.hasPrefix("lie.webp: the WebP image is damaged: ")
                == true)
    }
}

@Suite struct Sizes {
    @Test(arguments: [
        ReferenceFile.rgbPNG, .interlacedPNG, .jpeg, .progressiveJPEG, .orientation3JPEG, .orientation6JPEG,
        .losslessWebP, .lossyWebP, .lossyAlphaWebP, .animatedWebP,
    ])
    func headersTellThem(file: ReferenceFile) throws {
        #expect(try Image.size(of: file.bytes, named: "a") == (file.image.width, file.image.height))
    }

    @Test(arguments: [ReferenceFile.rgbPNG, .orientation6JPEG, .losslessWebP, .lossyWebP, .animatedWebP])
    func everyTruncationIsAnErrorOrLeavesTheSize(file: ReferenceFile) throws {
        for count in 0..<file.bytes.count {
            guard let size = try? Image.size(of: Array(file.bytes.prefix(count)), named: "cut") else { continue }
            #expect(size == (file.image.width, file.image.height))
        }
    }

    /// A lossless WebP may be shorter than the headers of other WebP formats.
    @Test func theShortestHeaderIsEnough() throws {
        let bytes = Array("RIFF".utf8) + [18, 0, 0, 0] + Array("WEBPVP8L".utf8) + [6, 0, 0, 0, 0x2F, 2, 0, 0, 0, 0]
        #expect(try Image.size(of: bytes, named: "tiny.webp") == (3, 1))
    }

    @Test func absurdOnesAreRefused() {
        let error = #expect(throws: ImageError.self) {
            try Image.size(of: pngClaiming(width: 30000, height: 30000), named: "huge.png")
        }
        #expect(error?.description.hasPrefix("huge.png: claims 30000×30000 pixels; ") == true)
    }
}

@Suite struct MissingLibraries {
    @Test(arguments: [
        (ReferenceFile.jpeg, "JPEG", "libturbojpeg0"), (.losslessWebP, "WebP", "libwebp7"),
        (.rgbTIFF, "TIFF", "libtiff6"),
    ])
    func theErrorNamesThePackage(file: ReferenceFile, format: String, package: String) {
        var libraries = CodecLibraries()
        libraries.jpeg = "libabsent.so.0"
        libraries.webp = "libabsent.so.0"
        libraries.tiff = "libabsent.so.0"
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: file.bytes, named: "a", libraries: libraries)
        }
        #expect(
            error?.description
                == "a: \(format) needs libabsent.so.0, which is not installed; `apt-get install \(package)` "
                + "brings it")
    }
}
