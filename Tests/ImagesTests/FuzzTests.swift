import Images
import TestSupport
import Testing

/// Damaged files are decoded or refused, but never crash the process; scripts/fuzz also checks for buffer overflows.
@Suite struct FuzzedImages {
    static let seeds: [String: [[UInt8]]] = [
        "PNG": bytes(
            .rgbPNG, .interlacedPNG, .lateTextPNG, .palettePNG, .transparentPalettePNG, .alphaPNG, .oneBitPNG,
            .greyAlphaPNG, .deepTransparentPNG, .linearPNG),
        "JPEG": bytes(.jpeg, .progressiveJPEG, .greyJPEG, .cmykJPEG, .ycckJPEG, .orientation6JPEG, .quarterJPEG),
        "WebP": bytes(.losslessWebP, .alphaWebP, .lossyWebP, .lossyAlphaWebP),
        "animated WebP": bytes(.animatedWebP, .animatedLossyAlphaWebP, .animatedLosslessAlphaWebP),
        "GIF": bytes(.paletteGIF, .interlacedGIF, .transparentGIF, .animatedGIF)
            + [gif(screen: (4, 3), frame: (1, 1, 2, 1), indices: [3, 2], hasOwnColors: true)],
        "BMP": bytes(.rgbBMP, .paletteBMP, .oneBitBMP, .greyBMP) + [
            bmp(6, 3, depth: 8, compression: 1, colors: 4, [3, 1, 0, 3, 2, 0, 1, 9, 0, 0, 0, 2, 2, 1, 1, 3, 0, 1]),
            bmp(6, 2, depth: 4, compression: 2, colors: 4, [5, 0x12, 0, 0, 0, 3, 0x30, 0x10, 0, 1]),
            bmp(2, -2, depth: 16, compression: 3, masks: [0xF800, 0x07E0, 0x001F], [1, 2, 3, 4, 5, 6, 7, 8]),
            bmp(1, 1, depth: 32, compression: 6, masks: [0xFF, 0xFF00, 0xFF0000, 0xFF00_0000], [1, 2, 3, 4]),
        ],
        "TIFF": bytes(
            .rgbTIFF, .lzwTIFF, .deflateTIFF, .paletteTIFF, .faxTIFF, .cmykTIFF, .alphaTIFF, .bigTIFF, .jpegTIFF)
            + [tiff(of: noise(width: 9, height: 4), orientation: 5, .big)],
        "Exif": ExifPlace.allCases.filter(\.isAvailable).map { $0.file(with: exif(6, .big)) },
        "texts": bytes(.lateTextPNG) + commented,
    ]

    private static let commented = [ExifPlace.jpeg, .losslessWebP].filter(\.isAvailable).map {
        $0.file(with: exif(comment: Array("UNICODE\0\0a\0b\0c".utf8), .big))
    }

    private static func bytes(_ files: ReferenceFile...) -> [[UInt8]] { files.map(\.bytes) }

    @Test(arguments: seeds.keys.sorted())
    func damageIsReadOrRefused(format: String) throws {
        let files = try #require(Self.seeds[format])
        var read = 0
        for number in 0..<fuzzCount {
            var mutator = Mutator(seed: 5, number: number)
            var bytes = mutator.damaged(files)
            // Fix the checksums half of the time, so that the damage gets past them.
            if bytes.starts(with: [0x89]) && mutator.coin() { bytes = withChecksums(bytes) }
            let size = try refusal { try Image.size(of: bytes, named: "mutant") }
            let image = try refusal { try Image(decoding: bytes, named: "mutant", background: blue) }
            let thumbnail = try refusal { try Image(decoding: bytes, named: "mutant", atLeast: 3) }
            _ = try refusal { try Image.text(in: bytes, named: "mutant") }
            if let image {
                read += 1
                #expect(size?.width == image.width && size?.height == image.height, "\(format) \(number)")
                #expect(thumbnail != nil, "\(format) \(number)")
            }
        }
        // Damage that is never or always refused would test little.
        let first = try refusal { try Image(decoding: files[0], named: "seed") }
        #expect(first == nil || (1..<fuzzCount).contains(read), "\(read) of \(fuzzCount) \(format) files were read")
    }

    /// The result of `body`; nil if it refuses the bytes with an error that names them.
    private func refusal<Value>(_ body: () throws -> Value) throws -> Value? {
        do {
            return try body()
        } catch let error as ImageError {
            #expect(error.description.hasPrefix("mutant: "))
            return nil
        }
    }

    /// The file with correct checksums.
    private func withChecksums(_ png: [UInt8]) -> [UInt8] {
        var png = png
        var chunk = 8
        while chunk + 12 <= png.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(png[chunk + $1]) }
            guard length <= png.count - chunk - 12 else { break }
            let sum = checksum(png[chunk + 4..<chunk + 8 + length])
            for i in 0..<4 { png[chunk + 8 + length + i] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(i))) }
            chunk += 12 + length
        }
        return png
    }
}
