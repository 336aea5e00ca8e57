import Images
import TestSupport
import Testing

@Suite struct GIFDecoding {
    @Test(arguments: [
        ("codes of 12 bits", ReferenceFile.paletteGIF, RGB.white), ("interlaced", .interlacedGIF, .white),
        ("transparent", .transparentGIF, .white), ("over blue", .transparentGIFOverBlue, blue),
        ("animated", .animatedGIF, .white),
    ])
    func everyKind(name: String, file: ReferenceFile, background: RGB) throws {
        let image = try Image(decoding: file.bytes, named: name, background: background)
        #expect(image == file.image)
        #expect(try Image.size(of: file.bytes, named: name) == (image.width, image.height))
    }

    @Test func aFrameMayBeSmallerThanTheCanvasAndHaveColorsOfItsOwn() throws {
        let file = gif(screen: (4, 3), frame: (1, 1, 2, 1), indices: [3, 2], hasOwnColors: true)
        let image = try Image(decoding: file, named: "part", background: blue)
        var expected = Image(width: 4, height: 3, color: blue).pixels
        expected.replaceSubrange(15..<21, with: [93, 93, 93, 92, 92, 92])
        #expect(image == Image(width: 4, height: 3, pixels: expected))
    }

    @Test(arguments: [(0, 0), (1, 9), (3, 1)]) func aCanvasGrowsWithItsFrame(width: Int, height: Int) throws {
        let file = gif(screen: (width, height), frame: (1, 0, 2, 2), indices: [0, 1, 2, 3])
        let image = try Image(decoding: file, named: "large")
        #expect((image.width, image.height) == (3, max(height, 2)))
        #expect(image.pixels[3..<9] == [0, 0, 0, 1, 1, 1])
        #expect(try Image.size(of: file, named: "large") == (image.width, image.height))
    }

    @Test(arguments: [ReferenceFile.paletteGIF, .transparentGIF, .animatedGIF])
    func everyTruncationOfTheFirstFrameIsAnError(file: ReferenceFile) {
        var complete = 0
        for count in stride(from: 6, to: file.bytes.count, by: file.bytes.count > 1000 ? 37 : 1) {
            do {
                #expect(try Image(decoding: Array(file.bytes.prefix(count)), named: "cut.gif") == file.image)
                complete += 1
            } catch {
                #expect(complete == 0)
                #expect("\(error)" == "cut.gif: the GIF image is truncated; copy or download the file again")
            }
        }
        // After the pixels of a still image come the end code, the end of the blocks and the trailer.
        #expect(file.bytes == ReferenceFile.animatedGIF.bytes || complete <= 3)
    }

    /// The content of a file without a shared colour table.
    @Test(
        arguments: [
            ("it has no frame", [0x3B]), ("it has a block of no known kind", [0x40]),
            ("it has no colour table", [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2]),
        ] as [(String, [UInt8])]) func damagedHeadersAreNamed(reason: String, content: [UInt8])
    {
        expect(reason, of: Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0] + content)
    }

    @Test func damagedFramesAreNamed() {
        func file(_ indices: [Int], height: Int = 2, codeSize: UInt8 = 2) -> [UInt8] {
            gif(screen: (2, 2), frame: (0, 0, 2, height), indices: indices, codeSize: codeSize)
        }
        expect("its first frame has no pixels", of: file([], height: 0))
        expect("its first frame lacks pixels", of: file([1, 2, 3]))
        expect("it has an invalid code", of: file([6]))
        expect("its codes begin with 9 bits", of: file([1, 2, 3, 0], codeSize: 9))
    }

    private func expect(_ reason: String, of file: [UInt8]) {
        let error = #expect(throws: ImageError.self) { try Image(decoding: file, named: "bad.gif") }
        #expect(error?.description == "bad.gif: the GIF image is damaged: \(reason)")
    }

    @Test func absurdSizesAreRefused() {
        for file in [
            gif(screen: (40000, 1), frame: (0, 0, 1, 1), indices: [0]),
            gif(screen: (1, 1), frame: (0, 0, 9000, 9000), indices: [0]),
        ] {
            let error = #expect(throws: ImageError.self) { try Image(decoding: file, named: "huge.gif") }
            #expect(error?.description.contains("GIF images are read up to 32768 a side and 64 million in all") == true)
            #expect(throws: ImageError.self) { try Image.size(of: file, named: "huge.gif") }
        }
    }
}

/// A GIF of four greys, 0 to 3, or 90 to 93 for a frame's own colours. Codes have three bits each: the table is reset
/// before every index.
func gif(
    screen: (Int, Int), frame: (Int, Int, Int, Int), indices: [Int], hasOwnColors: Bool = false, codeSize: UInt8 = 2
) -> [UInt8] {
    func word(_ value: Int) -> [UInt8] { ByteOrder.little.bytes(value, 2) }
    func colors(from first: UInt8) -> [UInt8] { (0..<4).flatMap { [UInt8](repeating: first + $0, count: 3) } }
    var bits: [Int] = []
    for code in indices.flatMap({ [4, $0] }) + [5] { bits += (0..<3).map { code >> $0 & 1 } }
    let data = stride(from: 0, to: bits.count, by: 8).map { start in
        bits[start...].prefix(8).reversed().reduce(UInt8(0)) { $0 << 1 | UInt8($1) }
    }
    return Array("GIF89a".utf8) + word(screen.0) + word(screen.1) + [0x81, 0, 0] + colors(from: 0)
        + [0x21, 0xFE, 2, 0x68, 0x69, 0, 0x2C] + word(frame.0) + word(frame.1) + word(frame.2) + word(frame.3)
        + (hasOwnColors ? [0x81] + colors(from: 90) : [0]) + [codeSize, UInt8(data.count)] + data + [0, 0x3B]
}
