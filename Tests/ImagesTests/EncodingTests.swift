import Images
import Testing

@Suite struct PNGEncoding {
    static let texts = [
        (keyword: "parameters", text: "a red bird\nSeed: 7"), (keyword: "Título", text: "Größe ½"),
        (keyword: "caption", text: "鳥 🐦 — rouge"), (keyword: "empty", text: ""),
    ]

    @Test func pixelsAndTextsSurvive() throws {
        let image = noise(width: 37, height: 11)
        let bytes = try image.pngData(text: Self.texts)
        #expect(try Image(decoding: bytes, named: "png") == image)
        let read = try Image.pngText(in: bytes)
        #expect(read.map(\.keyword) == Self.texts.map(\.keyword))
        #expect(read.map(\.text) == Self.texts.map(\.text))
    }

    @Test func bytesAreDeterministic() throws {
        let image = noise(width: 20, height: 20)
        #expect(try image.pngData(text: Self.texts) == image.pngData(text: Self.texts))
    }

    @Test func onlyTextBeyondLatin1IsInternational() throws {
        let image = Image(width: 1, height: 1, color: RGB(1, 2, 3))
        func chunks(_ text: String) throws -> (latin1: Bool, international: Bool) {
            let bytes = try image.pngData(text: [("key", text)])
            func holds(_ kind: String) -> Bool {
                bytes.indices.contains { bytes[$0...].starts(with: Array(kind.utf8) + Array("key\0".utf8)) }
            }
            return (holds("tEXt"), holds("iTXt"))
        }
        #expect(try chunks("plain ASCII") == (true, false))
        #expect(try chunks("Größe") == (true, false))
        #expect(try chunks("“quoted”") == (false, true))
    }

    @Test(arguments: ["", " key", "key ", "a  b", "鳥", "a\nb", String(repeating: "k", count: 80)])
    func badKeywordsAreRefused(keyword: String) {
        let error = #expect(throws: ImageError.self) {
            try Image(width: 1, height: 1, color: RGB(0, 0, 0)).pngData(text: [(keyword, "text")])
        }
        #expect(error?.description.hasPrefix("PNG text \"\(keyword)\": a keyword is 1 to 79 ") == true)
    }

    @Test func textWithNULIsRefused() {
        let error = #expect(throws: ImageError.self) {
            try Image(width: 1, height: 1, color: RGB(0, 0, 0)).pngData(text: [("key", "a\0b")])
        }
        #expect(error?.description == "PNG text \"key\": the text contains a NUL character")
    }

    /// A text by another encoder: compressed (zTXt), after the pixels of an interlaced image.
    @Test func compressedTextBehindThePixelsIsRead() throws {
        let read = try Image.pngText(in: ReferenceFile.lateTextPNG.bytes)
        #expect(read.map(\.keyword) == ["Comment", "Title"])
        #expect(read.map(\.text) == [String(repeating: "again and ", count: 30), "鳥"])
    }

    @Test func readingTextRefusesWhatIsNotAWholePNG() throws {
        let bytes = try noise(width: 5, height: 5).pngData(text: Self.texts)
        #expect(throws: ImageError.self) { try Image.pngText(in: Array("text".utf8)) }
        for count in 0..<bytes.count {
            #expect(throws: ImageError.self) { try Image.pngText(in: Array(bytes.prefix(count))) }
        }
    }
}
