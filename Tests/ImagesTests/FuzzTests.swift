import Images
import TestSupport
import Testing

/// Damaged files are decoded or refused, but never crash the process; scripts/fuzz also checks for buffer overflows.
@Suite struct FuzzedImages {
    static let seeds: [String: [ReferenceFile]] = [
        "PNG": [
            .rgbPNG, .interlacedPNG, .lateTextPNG, .palettePNG, .transparentPalettePNG, .alphaPNG, .oneBitPNG,
            .greyAlphaPNG, .deepTransparentPNG, .linearPNG,
        ],
        "JPEG": [.jpeg, .progressiveJPEG, .greyJPEG, .cmykJPEG, .ycckJPEG, .orientation6JPEG, .quarterJPEG],
        "WebP": [.losslessWebP, .alphaWebP, .lossyWebP, .lossyAlphaWebP],
        "animated WebP": [.animatedWebP, .animatedLossyAlphaWebP, .animatedLosslessAlphaWebP],
    ]

    @Test(arguments: ["PNG", "JPEG", "WebP", "animated WebP"])
    func damageIsReadOrRefused(format: String) throws {
        let files = try #require(Self.seeds[format]).map(\.bytes)
        var read = 0
        for number in 0..<fuzzCount {
            var mutator = Mutator(seed: 5, number: number)
            var bytes = mutator.damaged(files)
            // Fix the checksums half of the time, so that the damage gets past them.
            if format == "PNG" && mutator.coin() { bytes = withChecksums(bytes) }
            let size = try refusal { try Image.size(of: bytes, named: "mutant") }
            let image = try refusal { try Image(decoding: bytes, named: "mutant", background: blue) }
            let thumbnail = try refusal { try Image(decoding: bytes, named: "mutant", atLeast: 3) }
            _ = try refusal { try Image.pngText(in: bytes) }
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
            #expect(error.description.hasPrefix("mutant: ") || error.description.hasPrefix("PNG data: "))
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
