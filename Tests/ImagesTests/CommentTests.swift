import Images
import TestSupport
import Testing

/// The texts of an image file.
private func texts(_ bytes: [UInt8]) throws -> [String] { try Image.text(in: bytes, named: "image").map(\.text) }

/// The content of the tag UserComment in UTF-16.
private func utf16(_ text: String, _ order: ByteOrder) -> [UInt8] {
    Array("UNICODE\0".utf8) + text.utf16.flatMap { order.bytes(Int($0), 2) }
}

@Suite struct CommentWriting {
    private static let comments = ["a", "Source: 花 🐦.png\nModel: m", "“ein” "]
    private let image = noise(width: 19, height: 20)

    @Test(.enabled(if: canDecode(.jpeg), "libjpeg-turbo is not installed"))
    func aJPEGHasItBehindItsHeader() throws {
        let plain = try image.jpegData(quality: 90)
        #expect(try texts(plain).isEmpty)
        #expect(try image.jpegData(quality: 90, comment: "") == plain)
        for comment in Self.comments {
            let bytes = try image.jpegData(quality: 90, comment: comment)
            let data = Array("Exif\0\0".utf8) + exif(comment: utf16(comment, .big), .big)
            // JFIF's header has 18 bytes.
            let segment = [0xFF, 0xE1] + ByteOrder.big.bytes(2 + data.count, 2) + data
            let expected: [UInt8] = plain.prefix(20) + segment + plain.dropFirst(20)
            #expect(bytes == expected)
            #expect(try Image(decoding: bytes, named: "with") == Image(decoding: plain, named: "without"))
        }
    }

    @Test(.enabled(if: canDecode(.losslessWebP), "libwebp is not installed")) func aWebPHasItBehindTheImage() throws {
        let plain = try image.webPData()
        #expect(try texts(plain).isEmpty)
        #expect(try image.webPData(comment: "") == plain)
        let header = riffChunk("VP8X", [8, 0, 0, 0] + ByteOrder.little.bytes(18, 3) + ByteOrder.little.bytes(19, 3))
        for comment in Self.comments {
            let bytes = try image.webPData(comment: comment)
            let data = exif(comment: utf16(comment, .big), .big)
            let expected = webp(header + plain.dropFirst(12) + riffChunk("EXIF", data))
            #expect(bytes == expected)
            #expect(try Image(decoding: bytes, named: "with") == image)
        }
    }

    /// A segment of a JPEG has at most 65,535 bytes. A chunk of a WebP may be longer.
    @Test(.enabled(if: canDecode(.jpeg) && canDecode(.losslessWebP)), arguments: [("\u{E9}", 32_737), ("🐦", 16_368)])
    func onlyAJPEGCutsItOff(letter: String, count: Int) throws {
        let comment = String(repeating: letter, count: 40_000)
        let jpeg = try image.jpegData(quality: 90, comment: comment)
        #expect(try texts(jpeg) == [String(repeating: letter, count: count)])
        #expect(try Image.size(of: jpeg, named: "jpeg") == (19, 20))
        _ = try Image(decoding: jpeg, named: "jpeg")
        #expect(try texts(image.webPData(comment: comment)) == [comment])
    }
}

@Suite struct CommentReading {
    private static let places: [ExifPlace] = [.jpeg, .losslessWebP, .animatedWebP]

    @Test(arguments: places, ByteOrder.allCases) func encodingsAreToldApart(place: ExifPlace, order: ByteOrder) throws {
        let (ascii, undefined) = (Array("ASCII\0\0\0".utf8), [UInt8](repeating: 0, count: 8))
        let read: [([UInt8], String)] = [
            (utf16("a 花 🐦", order), "a 花 🐦"), (utf16("a\0 \0", order) + [7], "a"), (ascii + "a rose".utf8, "a rose"),
            (undefined + "Größe  \0".utf8, "Größe"),
        ]
        for (content, text) in read {
            let file = place.file(with: exif(comment: content, order))
            let found = try Image.text(in: file, named: "image")
            #expect(found.map(\.keyword) == ["UserComment"] && found.map(\.text) == [text], "\(content)")
        }
        // Without a text, or in an encoding that is not read.
        let others = [ascii, undefined, ascii + [0, 0x20, 0], utf16("", order)]
        for content in others + ["JIS\0\0\0\0\0text", "short"].map({ Array($0.utf8) }) {
            #expect(try texts(place.file(with: exif(comment: content, order))).isEmpty, "\(content)")
        }
    }

    @Test(arguments: places) func malformedTagsAreNoText(place: ExifPlace) throws {
        let (order, content) = (ByteOrder.big, utf16("text", .big))
        let good = exif(comment: content, order)
        #expect(try texts(place.file(with: good)) == ["text"])
        var malformed = [exif(comment: content, order, type: 2)]
        malformed += [0, 4, content.count + 1, 0x7FFF_FFFF, 0xFFFF_FFFF].map {
            exif(comment: content, order, count: $0)
        }
        malformed += [45, 0x7FFF_FFFF, 0xFFFF_FFFF].map { exif(comment: content, order, offset: $0) }
        // A directory that is not there.
        for start in [good.count - 1, 0x7FFF_FFFF, 0xFFFF_FFFF] {
            malformed.append(tiff(order, entries: [tiffEntry(order, tag: 0x8769, type: 4, start)]) + good.dropFirst(26))
        }
        malformed += (0..<good.count).map { Array(good.prefix($0)) }
        for data in malformed { #expect(try texts(place.file(with: data)).isEmpty, "\(data)") }
    }

    /// The first comment and the last orientation, each in a segment of its own, among others without one.
    @Test func segmentsOfAJPEGAreReadTogether() throws {
        let (order, plain) = (ByteOrder.big, ReferenceFile.jpeg.bytes)
        let comments = ["first", "second"].map { exif(comment: utf16($0, order), order) }
        let parts = [exif(3, order), comments[0], exif(6, order), comments[1], tiff(order, entries: [])]
        let segments = parts.map { part -> [UInt8] in
            let content = Array("Exif\0\0".utf8) + part
            return [0xFF, 0xE1] + order.bytes(2 + content.count, 2) + content
        }
        let file = Array(plain[..<2] + segments.joined() + plain[2...])
        #expect(try texts(file) == ["first"])
        let (size, turned) = (try Image.size(of: plain, named: "plain"), try Image.size(of: file, named: "turned"))
        #expect(size.width != size.height && turned == (size.height, size.width))
    }

    @Test func otherFormatsHaveNone() throws {
        #expect(try texts(ReferenceFile.paletteGIF.bytes).isEmpty)
        #expect(try texts(ReferenceFile.lateTextPNG.bytes).count == 2)
        for bytes in [Array("text".utf8), Array(ReferenceFile.lateTextPNG.bytes.dropLast(20))] {
            let error = #expect(throws: ImageError.self) { try texts(bytes) }
            #expect(error?.description.hasPrefix("image: ") == true)
        }
    }
}
