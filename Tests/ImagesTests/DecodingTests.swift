import FoundationEssentials
import Images
import TestSupport
import Testing

/// Whether a format's library is installed; otherwise its tests are skipped.
func canDecode(_ file: ReferenceFile) -> Bool {
    do {
        _ = try Image(decoding: file.bytes, named: "probe")
        return true
    } catch ImageError.libraryMissing {
        return false
    } catch {
        return true
    }
}

/// The largest difference between samples; nil for images of different sizes.
func distance(_ a: Image, _ b: Image) -> Int? {
    guard a.width == b.width, a.height == b.height else { return nil }
    return zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max()
}

/// The other background of scripts/golden/images.py, besides white.
let blue = RGB(20, 60, 200)

@Suite struct PNGDecoding {
    @Test(arguments: [
        ("8-bit RGB", ReferenceFile.rgbPNG), ("interlaced", .interlacedPNG), ("palette", .palettePNG),
        ("palette with alpha", .transparentPalettePNG), ("RGBA", .alphaPNG), ("1-bit grey", .oneBitPNG),
        ("grey with alpha", .greyAlphaPNG), ("16-bit", .deepPNG),
        ("16-bit with a transparent grey", .deepTransparentPNG),
    ])
    func everyKind(name: String, file: ReferenceFile) throws {
        let image = try Image(decoding: file.bytes, named: name)
        #expect(image == file.image)
    }

    @Test func aBackgroundShowsThroughAlpha() throws {
        let file = ReferenceFile.alphaPNGOverBlue
        #expect(try Image(decoding: file.bytes, named: "alpha", background: blue) == file.image)
    }

    @Test func gammaIsApplied() throws {
        let image = try Image(decoding: ReferenceFile.linearPNG.bytes, named: "linear")
        #expect(try #require(distance(image, ReferenceFile.linearPNG.image)) <= 2)
    }

    @Test func everyTruncationIsAnError() throws {
        let bytes = ReferenceFile.interlacedPNG.bytes
        for count in 8..<bytes.count {
            let error = #expect(throws: ImageError.self) {
                try Image(decoding: Array(bytes.prefix(count)), named: "cut.png")
            }
            #expect(error?.description == "cut.png: the PNG image is truncated; copy or download the file again")
        }
    }

    @Test func everyDamagedByteIsAnError() throws {
        let file = ReferenceFile.palettePNG
        for position in 8..<file.bytes.count {
            var bytes = file.bytes
            bytes[position] ^= 0x55
            // A changed byte in a critical chunk breaks its checksum or makes it an unknown chunk.
            #expect(throws: ImageError.self, "byte \(position)") { try Image(decoding: bytes, named: "bad.png") }
        }
    }

    @Test(arguments: [(40000, 1), (1, 32769), (32768, 32768), (0x7fff_ffff, 0x7fff_ffff)])
    func absurdSizesAreRefused(width: Int, height: Int) throws {
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: pngClaiming(width: width, height: height), named: "huge.png")
        }
        #expect(
            error?.description
                == "huge.png: claims \(width)×\(height) pixels; PNG images are read up to 32768 a side and 200 million "
                + "in all; reduce it with `vipsthumbnail --size 8000x8000 -o %s-small.png FILE` (package libvips-tools)"
        )
    }

    /// Deflate compresses at most 1032:1, so these pixels cannot be in the file.
    @Test func pixelsThatCannotBeThereAreNotMadeRoomFor() {
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: pngClaiming(width: 7000, height: 7000), named: "empty.png")
        }
        #expect(error?.description == "empty.png: the PNG image is truncated; copy or download the file again")
    }

    @Test func textThatExpandsWithoutEndIsLeftOut() throws {
        let file = ReferenceFile.bombPNG
        #expect(try Image(decoding: file.bytes, named: "bomb.png") == file.image)
        #expect(try Image.pngText(in: file.bytes).map(\.keyword) == ["Title"])
    }

    @Test(arguments: [[], [0x89, 0x50, 0x4E], Array("GIF".utf8), Array("RIFF".utf8), [0xFF, 0xD8]] as [[UInt8]])
    func otherBytesAreNotAnImage(bytes: [UInt8]) {
        let error = #expect(throws: ImageError.self) { try Image(decoding: bytes, named: "notes.txt") }
        #expect(
            error?.description
                == "notes.txt: not an image in a known format; PNG, JPEG, WebP, GIF, BMP and TIFF are read")
    }
}

@Suite struct Files {
    @Test func readsAFileWhateverItIsCalled() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.path + "/image.dat"
        // Longer than a page.
        let image = noise(width: 61, height: 47)
        try put(image.pngData(), path)
        #expect(try Image(contentsOf: path) == image)
    }

    @Test func errorsNameThePath() {
        let missing = #expect(throws: ImageError.self) { try Image(contentsOf: "/no/such/image.png") }
        #expect(missing?.description == "/no/such/image.png: cannot be read: No such file or directory")
        let directory = #expect(throws: ImageError.self) { try Image(contentsOf: "/") }
        #expect(directory?.description == "/: cannot be read: Is a directory")
        let endless = #expect(throws: ImageError.self) { try Image(contentsOf: "/dev/zero") }
        #expect(endless?.description == "/dev/zero: cannot be read: it is a device or a pipe, not a file")
    }
}

/// A PNG without pixels.
func pngClaiming(width: Int, height: Int) -> [UInt8] { png(width: width, height: height) }

/// Incompressible samples.
func noise(width: Int, height: Int) -> Image {
    var state: UInt32 = 1
    let pixels = (0..<width * height * 3).map { _ -> UInt8 in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(state >> 24)
    }
    return Image(width: width, height: height, pixels: pixels)
}
