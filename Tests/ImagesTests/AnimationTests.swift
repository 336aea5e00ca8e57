import Images
import TestSupport
import Testing

/// Frames that differ, with smooth colours.
private func frames(_ count: Int, width: Int, height: Int) -> [Image] {
    (0..<count).map { frame in
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width { pixels += [UInt8(255 * x / width), UInt8(255 * y / height), UInt8(40 * frame % 256)] }
        }
        return Image(width: width, height: height, pixels: pixels)
    }
}

/// The whole file of an animation.
private func encoded(_ frames: [Image], with encoder: some AnimationEncoder) throws -> [UInt8] {
    var encoder = encoder
    return try frames.flatMap { try encoder.add($0) } + encoder.finish()
}

@Suite struct APNGEncoding {
    /// The chunks of a PNG.
    private func chunks(_ bytes: [UInt8]) throws -> [(kind: String, content: [UInt8])] {
        var result: [(kind: String, content: [UInt8])] = []
        var rest = bytes.dropFirst(8)
        while rest.count >= 12 {
            let length = integer(Array(rest.prefix(4)))
            let kind = String(decoding: rest.dropFirst(4).prefix(4), as: UTF8.self)
            let content = Array(rest.dropFirst(8).prefix(length))
            try #require(
                rest.prefix(12 + length).elementsEqual(pngChunk(kind, content)), "\(kind) has another checksum")
            result.append((kind, content))
            rest = rest.dropFirst(12 + length)
        }
        #expect(rest.isEmpty)
        return result
    }

    private func integer(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    @Test func everyFrameIsExactAndNumbered() throws {
        let frames = frames(3, width: 150, height: 60) + [noise(width: 150, height: 60)]
        let file = try encoded(frames, with: APNGEncoder(frames: 4, framesPerSecond: 12, text: [("key", "a 花")]))
        let chunks = try chunks(file)
        #expect(chunks[0].kind == "IHDR" && chunks[1].kind == "acTL" && chunks.last?.kind == "IEND")
        // Four frames, without end.
        #expect(chunks[1].content == [0, 0, 0, 4, 0, 0, 0, 0])
        let numbered = chunks.filter { ["fcTL", "fdAT"].contains($0.kind) }
        #expect(numbered.map { integer(Array($0.content.prefix(4))) } == Array(0..<numbered.count))
        let controls = chunks.filter { $0.kind == "fcTL" }
        #expect(
            controls.allSatisfy {
                $0.content.dropFirst(4).elementsEqual(
                    ByteOrder.big.bytes(150, 4) + ByteOrder.big.bytes(60, 4) + [
                        0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 12, 0, 0,
                    ])
            })
        // Each frame as a still image.
        let pixels = chunks.split { $0.kind == "fcTL" }.dropFirst().map { part in
            part.flatMap { $0.kind == "IDAT" ? $0.content : $0.kind == "fdAT" ? Array($0.content.dropFirst(4)) : [] }
        }
        let head = Array(file.prefix(8)) + pngChunk("IHDR", chunks[0].content)
        for (image, data) in zip(frames, pixels) {
            #expect(try Image(decoding: head + pngChunk("IDAT", data) + pngChunk("IEND", []), named: "frame") == image)
        }
        #expect(pixels.count == 4)
    }

    /// Programs that do not know the animation read the first frame and the texts.
    @Test(arguments: [1, 2, 200]) func isAPNGForOthers(count: Int) throws {
        let frames = frames(count, width: 8, height: 8)
        let file = try encoded(frames, with: APNGEncoder(frames: count, framesPerSecond: 50, text: [("key", "value")]))
        #expect(try Image(decoding: file, named: "animation") == frames[0])
        #expect(try Image.pngText(in: file).map(\.text) == ["value"])
    }
}

@Suite struct GIFEncoding {
    /// Each frame of a file by this encoder as a file of its own, and the delays in hundredths of a second.
    private func stills(_ file: [UInt8]) throws -> (files: [[UInt8]], delays: [Int], comment: String) {
        var (files, delays): ([[UInt8]], [Int]) = ([], [])
        var comment: [UInt8] = []
        var position = 13
        func blocks() -> [UInt8] {
            var content: [UInt8] = []
            while case let size = Int(file[position]), size > 0 {
                content += file[position + 1...position + size]
                position += size + 1
            }
            position += 1
            return content
        }
        while file[position] != 0x3B {
            if file[position] == 0x21 {
                let kind = file[position + 1]
                position += 2
                let content = blocks()
                if kind == 0xF9 { delays.append(Int(content[1]) | Int(content[2]) << 8) }
                if kind == 0xFE { comment = content }
            } else {
                let start = position
                try #require(file[position] == 0x2C && file[position + 9] & 0x80 != 0)
                position += 10 + 3 * 2 << Int(file[position + 9] & 7) + 1
                _ = blocks()
                files.append(file.prefix(13) + file[start..<position] + [0x3B])
            }
        }
        #expect(position == file.count - 1)
        return (files, delays, String(decoding: comment, as: UTF8.self))
    }

    /// Sizes that need any number of codes, up to several full tables.
    @Test(arguments: [(1, 1), (2, 1), (3, 5), (16, 16), (64, 64), (300, 200)])
    func framesOfFewColorsAreExact(width: Int, height: Int) throws {
        for colors in [1, 2, 3, 4, 5, 17, 128, 255, 256] {
            let source = noise(width: width, height: height).pixels
            let pixels = (0..<width * height).flatMap { pixel -> [UInt8] in
                let color = Int(source[pixel * 3]) * colors / 256
                return [UInt8(color), UInt8(color * 7 % 256), UInt8(255 - color)]
            }
            let images = [
                Image(width: width, height: height, pixels: pixels), Image(width: width, height: height, color: blue),
            ]
            let stills = try stills(try encoded(images, with: GIFEncoder(framesPerSecond: 10))).files
            #expect(stills.count == 2)
            for (image, file) in zip(images, stills) {
                #expect(try Image(decoding: file, named: "\(colors) colours") == image)
            }
        }
    }

    @Test func otherFramesAreClose() throws {
        for (image, bound) in [(frames(2, width: 128, height: 128)[1], 6.0), (noise(width: 64, height: 64), 30.0)] {
            let file = try stills(try encoded([image], with: GIFEncoder(framesPerSecond: 10))).files[0]
            let found = try Image(decoding: file, named: "dithered")
            let squares = zip(found.pixels, image.pixels).reduce(0) {
                $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1))
            }
            #expect((Double(squares) / Double(image.pixels.count)).squareRoot() < bound)
            // Errors are spread over neighbours, so that means are kept.
            let (sum, wanted) = (found.pixels.reduce(0) { $0 + Int($1) }, image.pixels.reduce(0) { $0 + Int($1) })
            #expect(abs(Double(sum - wanted)) / Double(image.pixels.count) < 1)
        }
    }

    /// The error of each pixel is spread over its neighbours: means of 4 × 4 pixels are closer than the colours of a palette.
    @Test func gradientsAreDithered() throws {
        let image = frames(1, width: 128, height: 128)[0]
        let file = try stills(try encoded([image], with: GIFEncoder(framesPerSecond: 10))).files[0]
        let found = try Image(decoding: file, named: "dithered")
        var squares = 0.0
        for y in stride(from: 0, to: 128, by: 4) {
            for x in stride(from: 0, to: 128, by: 4) {
                let block = (0..<16).map { ((y + $0 / 4) * 128 + x + $0 % 4) * 3 }
                let error = block.reduce(0) { $0 + Int(found.pixels[$1]) - Int(image.pixels[$1]) }
                squares += Double(error * error) / 256
            }
        }
        #expect((squares / 1024).squareRoot() < 2)
    }

    @Test(arguments: [1, 3, 7, 12, 24, 30, 50]) func durationsAddUp(framesPerSecond: Int) throws {
        let images = [Image](repeating: Image(width: 1, height: 1, color: .black), count: 2 * framesPerSecond)
        let file = try encoded(images, with: GIFEncoder(framesPerSecond: framesPerSecond, comment: "a"))
        let (_, delays, _) = try stills(file)
        #expect(delays.reduce(0, +) == 200)
        #expect((delays.max() ?? 0) - (delays.min() ?? 0) <= 1 && (delays.min() ?? 0) >= 2)
    }

    @Test(arguments: ["", "a 花", String(repeating: "long ", count: 200)]) func aCommentIsKept(comment: String) throws {
        let image = Image(width: 2, height: 2, color: .black)
        let file = try encoded([image], with: GIFEncoder(framesPerSecond: 10, comment: comment))
        #expect(try stills(file).comment == comment)
        #expect(try Image(decoding: file, named: "with a comment") == image)
    }
}

@Suite struct WebPEncoding {
    @Test(.enabled(if: canDecode(.losslessWebP), "libwebp is not installed (`apt-get install libwebp7`)"))
    func everyFrameIsExact() throws {
        let frames = frames(3, width: 33, height: 20) + [noise(width: 33, height: 20)]
        let file = try encoded(frames, with: WebPEncoder(framesPerSecond: 12, comment: "a 花"))
        #expect(file.prefix(4).elementsEqual("RIFF".utf8) && little(file[4..<8]) == file.count - 8)
        #expect(try Image(decoding: file, named: "first") == frames[0])
        var chunks: [(kind: String, content: [UInt8])] = []
        var position = 12
        while position + 8 <= file.count {
            let size = little(file[position + 4..<position + 8])
            let kind = String(decoding: file[position..<position + 4], as: UTF8.self)
            chunks.append((kind, Array(file[position + 8..<position + 8 + size])))
            position += 8 + size + size % 2
        }
        #expect(position == file.count)
        #expect(chunks.map(\.kind) == ["VP8X", "ANIM", "ANMF", "ANMF", "ANMF", "ANMF", "EXIF"])
        let parts = chunks.filter { $0.kind == "ANMF" }.map(\.content)
        #expect(parts.map { little($0[12..<15]) } == [83, 84, 83, 83])
        for (image, part) in zip(frames, parts) {
            #expect(try Image(decoding: webp(Array(part.dropFirst(16))), named: "frame") == image)
        }
        let comment = Array("UNICODE\0".utf8) + "a 花".utf16.flatMap { ByteOrder.big.bytes(Int($0), 2) }
        #expect(chunks.last?.content.suffix(comment.count).elementsEqual(comment) == true)
    }

    private func little(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

    @Test func aMissingLibraryIsNamedWithItsPackage() {
        var libraries = CodecLibraries()
        libraries.webp = "libabsent.so.1"
        let error = #expect(throws: ImageError.self) {
            try encoded(frames(1, width: 2, height: 2), with: WebPEncoder(framesPerSecond: 1, libraries: libraries))
        }
        #expect(
            error?.description.contains("libabsent.so.1, which is not installed; `apt-get install libwebp7`") == true)
    }
}

@Suite struct AnimationRecognition {
    @Test func animationsHaveSeveralFrames() throws {
        for count in [1, 2, 5] {
            let frames = frames(count, width: 30, height: 20)
            let files = [
                try encoded(frames, with: GIFEncoder(framesPerSecond: 10, comment: "a comment")),
                try encoded(frames, with: APNGEncoder(frames: count, framesPerSecond: 10)),
            ]
            for file in files { #expect(Image.isAnimation(file) == (count > 1)) }
        }
        #expect(!Image.isAnimation(try noise(width: 30, height: 20).pngData()))
        if canDecode(.losslessWebP) {
            let webP = try encoded(frames(2, width: 30, height: 20), with: WebPEncoder(framesPerSecond: 10))
            #expect(Image.isAnimation(webP))
        }
    }

    /// Whatever is damaged, there is an answer, which depends on the damage.
    @Test func damagedFilesAreAnswered() throws {
        let frames = frames(3, width: 30, height: 20)
        for file in [
            try encoded(frames, with: GIFEncoder(framesPerSecond: 10)),
            try encoded(frames, with: APNGEncoder(frames: 3, framesPerSecond: 10)),
        ] {
            var answers = [false: 0, true: 0]
            for count in 0..<min(file.count, 2000) {
                answers[Image.isAnimation(Array(file.prefix(count))), default: 0] += 1
            }
            for position in 0..<min(file.count, 2000) {
                var damaged = file
                damaged[position] ^= 0xFF
                answers[Image.isAnimation(damaged), default: 0] += 1
            }
            #expect(answers.values.allSatisfy { $0 > 0 } && !Image.isAnimation(Array(file.prefix(3))))
        }
    }
}
