import Images
import Testing

private let withoutJPEG: Comment = "libturbojpeg is not installed (`apt-get install libturbojpeg0`)"
private let withoutWebP: Comment = "libwebp is not installed (`apt-get install libwebp7`)"

@Suite(.enabled(if: canDecode(.jpeg), withoutJPEG)) struct JPEGDecoding {
    @Test(arguments: [
        ("baseline", ReferenceFile.jpeg), ("progressive", .progressiveJPEG), ("grey", .greyJPEG), ("CMYK", .cmykJPEG),
        ("CMYK without an Adobe marker", .plainCMYKJPEG),
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

    @Test(arguments: [ReferenceFile.jpeg, .progressiveJPEG, .orientation6JPEG])
    func everyTruncationIsAnError(file: ReferenceFile) {
        for count in 3..<file.bytes.count {
            let error = #expect(throws: ImageError.self) {
                try Image(decoding: Array(file.bytes.prefix(count)), named: "cut.jpg")
            }
            #expect(error?.description == "cut.jpg: the JPEG image is truncated; copy or download the file again")
        }
    }

    /// A file whose middle is missing still has its end marker: then it is the decoder that misses samples.
    @Test func aMissingMiddleIsDamage() throws {
        let bytes = ReferenceFile.jpeg.bytes
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: Array(bytes.dropLast(60)) + bytes.suffix(2), named: "gap.jpg")
        }
        #expect(error?.description.hasPrefix("gap.jpg: the JPEG image is damaged: ") == true)
    }

    /// The decoder warns of bytes between the last sample and the end marker; the image is whole all the same.
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
}

@Suite(.enabled(if: canDecode(.losslessWebP), withoutWebP)) struct WebPDecoding {
    @Test(arguments: [ReferenceFile.losslessWebP, .alphaWebP])
    func lossless(file: ReferenceFile) throws {
        #expect(try Image(decoding: file.bytes, named: "lossless") == file.image)
    }

    @Test func lossy() throws {
        let image = try Image(decoding: ReferenceFile.lossyWebP.bytes, named: "lossy")
        #expect(try #require(distance(image, ReferenceFile.lossyWebP.image)) <= 2)
    }

    @Test(arguments: [ReferenceFile.losslessWebP, .lossyWebP])
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

@Suite struct MissingLibraries {
    @Test(arguments: [
        (ReferenceFile.jpeg, "JPEG", "libturbojpeg0"), (.losslessWebP, "WebP", "libwebp7"),
    ])
    func theErrorNamesThePackage(file: ReferenceFile, format: String, package: String) {
        var libraries = CodecLibraries()
        libraries.jpeg = "libabsent.so.0"
        libraries.webp = "libabsent.so.0"
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: file.bytes, named: "a", libraries: libraries)
        }
        #expect(
            error?.description
                == "a: \(format) needs libabsent.so.0, which is not installed; `apt-get install \(package)` "
                + "brings it")
    }
}
