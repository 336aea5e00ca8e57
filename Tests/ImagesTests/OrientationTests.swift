import Images
import TestSupport
import Testing

/// A place in an image file for Exif data.
enum ExifPlace: CaseIterable {
    case jpeg, png, pngBehindThePixels, pngText, pngCompressedText, losslessWebP, lossyWebP, animatedWebP

    /// The file without Exif data.
    var plain: [UInt8] {
        switch self {
        case .jpeg: ReferenceFile.jpeg.bytes
        case .png, .pngBehindThePixels, .pngText, .pngCompressedText: ReferenceFile.rgbPNG.bytes
        case .losslessWebP: ReferenceFile.losslessWebP.bytes
        case .lossyWebP: ReferenceFile.lossyWebP.bytes
        case .animatedWebP: ReferenceFile.animatedWebP.bytes
        }
    }

    /// Whether the format's library is installed.
    var isAvailable: Bool {
        switch self {
        case .jpeg: canDecode(.jpeg)
        case .losslessWebP, .lossyWebP, .animatedWebP: canDecode(.losslessWebP)
        default: true
        }
    }

    /// The file with `exif`, a TIFF structure.
    func file(with exif: [UInt8]) -> [UInt8] {
        let name = Array("Exif\0\0".utf8)
        switch self {
        case .jpeg:
            let length = ByteOrder.big.bytes(2 + name.count + exif.count, 2)
            return plain[..<2] + [0xFF, 0xE1] + length + name + exif + plain[2...]
        case .png:
            return plain[..<33] + pngChunk("eXIf", exif) + plain[33...]
        case .pngBehindThePixels:
            return plain.dropLast(12) + pngChunk("eXIf", exif) + plain.suffix(12)
        case .pngText, .pngCompressedText:
            // As ImageMagick writes it.
            let digits = (name + exif).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            let lines = stride(from: 0, to: digits.count, by: 36).map { digits[$0...].prefix(36).joined() + "\n" }
            let text = Array("\nexif\n      \(digits.count)\n\(lines.joined())".utf8)
            let keyword = Array("Raw profile type exif\0".utf8)
            let chunk =
                self == .pngText
                ? pngChunk("tEXt", keyword + text) : pngChunk("zTXt", keyword + [0] + deflated(text))
            return plain[..<33] + chunk + plain[33...]
        case .losslessWebP, .lossyWebP:
            let sides = ByteOrder.little.bytes(15, 3) + ByteOrder.little.bytes(11, 3)
            return webp(riffChunk("VP8X", [8, 0, 0, 0] + sides) + plain[12...] + riffChunk("EXIF", exif))
        case .animatedWebP:
            return webp(plain[12...] + riffChunk("EXIF", exif))
        }
    }
}

/// An image whose stored rows and columns are what Exif says (CIPA DC-008, section 4.6.4): where its row 0 and its
/// column 0 are seen, by orientation.
func seen(_ stored: Image, orientation: Int) -> Image {
    enum Side { case top, bottom, left, right }
    let sides: [(row: Side, column: Side)] = [
        (.top, .left), (.top, .right), (.bottom, .right), (.bottom, .left), (.left, .top), (.right, .top),
        (.right, .bottom), (.left, .bottom),
    ]
    let (rowSide, columnSide) = sides[orientation - 1]
    let (width, height) = orientation < 5 ? (stored.width, stored.height) : (stored.height, stored.width)
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for row in 0..<stored.height {
        for column in 0..<stored.width {
            var (x, y) = (0, 0)
            for (side, distance) in [(rowSide, row), (columnSide, column)] {
                switch side {
                case .top: y = distance
                case .bottom: y = height - 1 - distance
                case .left: x = distance
                case .right: x = width - 1 - distance
                }
            }
            for channel in 0..<3 {
                pixels[(y * width + x) * 3 + channel] = stored.pixels[(row * stored.width + column) * 3 + channel]
            }
        }
    }
    return Image(width: width, height: height, pixels: pixels)
}

@Suite struct Orientations {
    @Test(arguments: ExifPlace.allCases, ByteOrder.allCases)
    func allEightAreApplied(place: ExifPlace, order: ByteOrder) throws {
        guard place.isAvailable else { try Test.cancel("\(place) needs a library that is not installed") }
        let stored = try Image(decoding: place.plain, named: "plain")
        for orientation in 1...8 {
            let file = place.file(with: exif(orientation, order))
            let upright = seen(stored, orientation: orientation)
            #expect(try Image(decoding: file, named: "turned") == upright, "\(orientation)")
            #expect(try Image.size(of: file, named: "turned") == (upright.width, upright.height), "\(orientation)")
        }
    }

    @Test(.enabled(if: canDecode(.rgbTIFF), "libtiff is not installed"), arguments: ByteOrder.allCases)
    func allEightAreAppliedToTIFF(order: ByteOrder) throws {
        let stored = ReferenceFile.rgbPNG.image
        for orientation in 1...8 {
            let file = tiff(of: stored, orientation: orientation, order)
            let upright = seen(stored, orientation: orientation)
            #expect(try Image(decoding: file, named: "turned") == upright, "\(orientation)")
            #expect(try Image.size(of: file, named: "turned") == (upright.width, upright.height), "\(orientation)")
        }
        for orientation in [0, 9, 65535] {
            let file = tiff(of: stored, orientation: orientation, order)
            #expect(try Image(decoding: file, named: "odd") == stored, "\(orientation)")
        }
    }

    @Test(arguments: ExifPlace.allCases) func malformedExifIsIgnored(place: ExifPlace) throws {
        guard place.isAvailable else { try Test.cancel("\(place) needs a library that is not installed") }
        let stored = try Image(decoding: place.plain, named: "plain")
        let order = ByteOrder.big
        func directory(at offset: Int) -> [UInt8] { Array("MM\0*".utf8) + order.bytes(offset, 4) }
        let good = exif(6, order)
        // Values that are none, and directories that are not there.
        var malformed = [0, 9, 255, 65535].map { exif($0, order) }
        malformed += [0, 4, 0x7FFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFF].map { directory(at: $0) + good.dropFirst(8) }
        // Wrong byte orders and versions.
        malformed += ["XX", "II"].map { Array($0.utf8) + good.dropFirst(2) }
        malformed.append(Array("MM\0+".utf8) + good.dropFirst(4))
        malformed.append(Array("MM\0+\0\u{8}\0\0".utf8) + [UInt8](repeating: 0xFF, count: 8))
        // Text instead of a number, more entries than there are bytes, another tag.
        malformed.append(tiff(order, entries: [tiffEntry(order, tag: 0x0112, type: 2, 6 << 16)]))
        malformed.append(directory(at: 8) + [0xFF, 0xFF] + tiffEntry(order, tag: 0x0100, 6))
        malformed.append(tiff(order, entries: [tiffEntry(order, tag: 0x0113, 6)]))
        // Truncated before the end of the value, which is followed by two unused bytes and the next directory.
        malformed += (0..<good.count - 6).map { Array(good.prefix($0)) }
        for exif in malformed {
            let file = place.file(with: exif)
            #expect(try Image(decoding: file, named: "malformed") == stored, "\(exif)")
            #expect(try Image.size(of: file, named: "malformed") == (stored.width, stored.height), "\(exif)")
        }
    }

    /// Some writers store what JPEG has before the TIFF structure too.
    @Test(arguments: [ExifPlace.png, .losslessWebP]) func theNameInJPEGIsSkipped(place: ExifPlace) throws {
        guard place.isAvailable else { try Test.cancel("\(place) needs a library that is not installed") }
        let stored = try Image(decoding: place.plain, named: "plain")
        let file = place.file(with: Array("Exif\0\0".utf8) + exif(8, .little))
        #expect(try Image(decoding: file, named: "named") == seen(stored, orientation: 8))
    }

    @Test func aChunkOfAPNGMustBeIntactAndComesBeforeATextsProfile() throws {
        let stored = ReferenceFile.rgbPNG.image
        var file = ExifPlace.png.file(with: exif(6, .big))
        let profile = ExifPlace.pngText.file(with: exif(3, .big)).dropFirst(33)
        let both = file[..<33] + profile.dropLast(ReferenceFile.rgbPNG.bytes.count - 33) + file[33...]
        #expect(try Image(decoding: Array(both), named: "both") == seen(stored, orientation: 6))
        let value =
            try #require(file.indices.first { file[$0...].starts(with: [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6]) }) + 9
        file[value] = 8
        #expect(try Image(decoding: file, named: "damaged") == stored)
    }

    /// Of a profile that expands to megabytes the beginning is read, and of several the first.
    @Test func profilesAreBounded() throws {
        let plain = ReferenceFile.rgbPNG.bytes
        func file(_ profiles: [UInt8]...) -> [UInt8] {
            let chunks = profiles.map { pngChunk("zTXt", Array("Raw profile type exif\0\0".utf8) + deflated($0)) }
            return Array(plain[..<33] + chunks.joined() + plain[33...])
        }
        let digits = exif(6, .big).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let good = Array("\nexif\n      38\n\(digits)".utf8)
        let long = good + [UInt8](repeating: 0x30, count: 5_000_000)
        let bad = Array("\nexif\n".utf8) + [UInt8](repeating: 0x30, count: 5_000_000)
        #expect(try Image.size(of: file(long, bad), named: "long") == (7, 9))
        #expect(try Image.size(of: file(bad, good), named: "bad") == (9, 7))
    }

    /// A JPEG that is decoded reduced is turned too.
    @Test(.enabled(if: canDecode(.jpeg))) func reducedImagesAreTurned() throws {
        let plain = ReferenceFile.quarterJPEG.bytes
        let file = plain[..<2] + [0xFF, 0xE1, 0, 46] + Array("Exif\0\0".utf8) + exif(5, .little) + plain[2...]
        let stored = try Image(decoding: plain, named: "plain", atLeast: 8)
        #expect(try Image(decoding: Array(file), named: "turned", atLeast: 8) == seen(stored, orientation: 5))
        #expect(stored.width == 25)
    }
}
