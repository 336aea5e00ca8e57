import Images
import TestSupport
import Testing

@Suite struct BMPDecoding {
    @Test(arguments: [
        ("24 bits", ReferenceFile.rgbBMP), ("palette", .paletteBMP), ("1 bit", .oneBitBMP), ("grey", .greyBMP),
    ])
    func everyKind(name: String, file: ReferenceFile) throws {
        #expect(try Image(decoding: file.bytes, named: name) == file.image)
        #expect(try Image.size(of: file.bytes, named: name) == (file.image.width, file.image.height))
    }

    /// 2 × 1 pixels of 16 bits: 5 bits each, or 5, 6 and 5.
    @Test func sixteenBitsAreScaledToEight() throws {
        let pixels: [UInt8] = [0xFF, 0x7F, 0b000_10000, 0b0_00001_00]
        let image = try Image(decoding: bmp(2, 1, depth: 16, pixels), named: "555")
        #expect(image.pixels == [255, 255, 255, 8, 0, 132])
        let masks = [0xF800, 0x07E0, 0x001F]
        let wide = try Image(decoding: bmp(2, 1, depth: 16, compression: 3, masks: masks, pixels), named: "565")
        #expect(wide.pixels == [123, 255, 255, 0, 130, 132])
    }

    @Test func rowsMayBeginAtTheTop() throws {
        let pixels: [UInt8] = [1, 2, 3, 0, 4, 5, 6, 0]
        #expect(try Image(decoding: bmp(1, 2, depth: 24, pixels), named: "up").pixels == [6, 5, 4, 3, 2, 1])
        #expect(try Image(decoding: bmp(1, -2, depth: 24, pixels), named: "down").pixels == [3, 2, 1, 6, 5, 4])
        #expect(try Image.size(of: bmp(1, -2, depth: 24, pixels), named: "down") == (1, 2))
    }

    /// The fourth byte is alpha only if there is a mask for it and it is not 0 everywhere.
    @Test func alphaIsBlended() throws {
        let pixels: [UInt8] = [90, 60, 30, 255, 90, 60, 30, 51]
        let masks = [0xFF0000, 0xFF00, 0xFF, 0xFF00_0000]
        func decoded(_ file: [UInt8]) throws -> [UInt8] {
            try Image(decoding: file, named: "alpha", background: RGB(130, 160, 190)).pixels
        }
        let opaque: [UInt8] = [30, 60, 90, 30, 60, 90]
        #expect(try decoded(bmp(2, 1, depth: 32, pixels)) == opaque)
        let blended: [UInt8] = [30, 60, 90, 110, 140, 170]
        #expect(try decoded(bmp(2, 1, depth: 32, compression: 3, header: 108, masks: masks, pixels)) == blended)
        #expect(try decoded(bmp(2, 1, depth: 32, compression: 6, masks: masks, pixels)) == blended)
        let empty = pixels.enumerated().map { $0.offset % 4 == 3 ? 0 : $0.element }
        #expect(try decoded(bmp(2, 1, depth: 32, compression: 3, header: 108, masks: masks, empty)) == opaque)
    }

    /// Runs, indices as they are, a jump, ends of rows; what is skipped has the first colour.
    @Test func runsAreExpanded() throws {
        let eight: [UInt8] = [3, 1, 0, 3, 2, 0, 1, 9, 0, 0, 0, 2, 2, 1, 1, 3, 0, 1]
        let image = try Image(decoding: bmp(6, 3, depth: 8, compression: 1, colors: 4, eight), named: "runs8")
        #expect(
            image.pixels.enumerated().filter { $0.offset % 3 == 0 }.map(\.element) == [
                0, 0, 30, 0, 0, 0,
                0, 0, 0, 0, 0, 0,
                10, 10, 10, 20, 0, 10,
            ])
        let four: [UInt8] = [5, 0x12, 0, 0, 0, 3, 0x30, 0x10, 0, 1]
        let narrow = try Image(decoding: bmp(6, 2, depth: 4, compression: 2, colors: 4, four), named: "runs4")
        #expect(
            narrow.pixels.enumerated().filter { $0.offset % 3 == 0 }.map(\.element) == [
                30, 0, 10, 0, 0, 0,
                10, 20, 10, 20, 10, 0,
            ])
        // Longer than the row, without a mark of the end.
        let long = try Image(decoding: bmp(2, 1, depth: 8, compression: 1, colors: 4, [255, 3]), named: "long")
        #expect(long.pixels == [UInt8](repeating: 30, count: 6))
    }

    /// The header of OS/2, whose palette has three bytes per colour.
    @Test func theOldestHeader() throws {
        let order = ByteOrder.little
        let header = order.bytes(12, 4) + order.bytes(1, 2) + order.bytes(2, 2) + order.bytes(1, 2) + order.bytes(1, 2)
        let file =
            Array("BM".utf8) + order.bytes(40, 4) + order.bytes(0, 4) + order.bytes(32, 4) + header
            + [1, 2, 3, 4, 5, 6, 0x80, 0, 0, 0, 0, 0, 0, 0]
        #expect(try Image(decoding: file, named: "OS/2").pixels == [3, 2, 1, 6, 5, 4])
    }

    @Test(arguments: [ReferenceFile.rgbBMP, .paletteBMP]) func everyTruncationIsAnError(file: ReferenceFile) {
        for count in 14..<file.bytes.count {
            let error = #expect(throws: ImageError.self) {
                try Image(decoding: Array(file.bytes.prefix(count)), named: "cut.bmp")
            }
            #expect(error?.description == "cut.bmp: the BMP image is truncated; copy or download the file again")
        }
        let runs = bmp(6, 3, depth: 8, compression: 1, colors: 4, [6, 1, 0, 0, 0, 6, 1])
        #expect(throws: ImageError.self) { try Image(decoding: runs, named: "cut.bmp") }
    }

    @Test(arguments: [
        ("it claims 0×1 pixels", bmp(0, 1, depth: 24, [0, 0, 0, 0])),
        ("it has 7 bits per pixel", bmp(1, 1, depth: 7, [0, 0, 0, 0])),
        ("it has 24 bits per pixel", bmp(1, 1, depth: 24, compression: 1, [0, 0, 0, 0])),
        ("its compression, 4, is not one for files", bmp(1, 1, depth: 24, compression: 4, [0, 0, 0, 0])),
        ("it is compressed from the top", bmp(1, -1, depth: 8, compression: 1, [0, 0, 0, 0])),
        ("it has a header of 17 bytes", bmp(1, 1, depth: 24, header: 17, [0, 0, 0, 0])),
    ]) func damageIsNamed(reason: String, file: [UInt8]) {
        let error = #expect(throws: ImageError.self) { try Image(decoding: file, named: "bad.bmp") }
        #expect(error?.description == "bad.bmp: the BMP image is damaged: \(reason)")
    }

    @Test(arguments: [(-1, 1), (1, Int(Int32.min)), (40000, 40000), (9000, -9000)])
    func absurdSizesAreRefused(width: Int, height: Int) {
        let error = #expect(throws: ImageError.self) {
            try Image.size(of: bmp(width, height, depth: 24, []), named: "huge.bmp")
        }
        #expect(error?.description.contains("BMP images are read up to 32768 a side and 64 million in all") == true)
    }
}

/// A bitmap; its colours are the greys 0, 10, 20 and so on.
func bmp(
    _ width: Int, _ height: Int, depth: Int, compression: Int = 0, header: Int = 40, masks: [Int] = [],
    colors: Int = 0, _ pixels: [UInt8]
) -> [UInt8] {
    let order = ByteOrder.little
    var info = [header, width, height].flatMap { order.bytes($0, 4) } + order.bytes(1, 2) + order.bytes(depth, 2)
    info += [compression, 0, 0, 0, colors, 0].flatMap { order.bytes($0, 4) } + masks.flatMap { order.bytes($0, 4) }
    if info.count < header { info += [UInt8](repeating: 0, count: header - info.count) }
    info += (0..<colors).flatMap { [UInt8](repeating: UInt8(10 * $0), count: 3) + [0] }
    return Array("BM".utf8) + [14 + info.count + pixels.count, 0, 14 + info.count].flatMap { order.bytes($0, 4) } + info
        + pixels
}
