import Corpora
import FoundationEssentials
import Images
import TestSupport
import Testing

@Suite struct ConversionTests {
    private func convert(
        _ folder: TemporaryFolder, to target: String, _ layout: CorpusConversion.Layout,
        _ options: CorpusConversion.ImageOptions = CorpusConversion.ImageOptions(), badFiles: BadFilePolicy = .limited,
        isInterrupted: () -> Bool = { false }
    ) throws -> CorpusConversion {
        try CorpusConversion(
            Corpus(folder: folder.path, split: nil, badFiles: badFiles), to: target, layout: layout, options: options,
            badFiles: badFiles, isInterrupted: isInterrupted)
    }

    /// Expects two corpora to have the same images with the same metadata.
    private func expectAlike(_ a: Corpus, _ b: Corpus, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(a.examples.map(\.captions) == b.examples.map(\.captions), sourceLocation: sourceLocation)
        #expect(a.examples.map(\.label) == b.examples.map(\.label), sourceLocation: sourceLocation)
        #expect(a.classes == b.classes && a.splits == b.splits, sourceLocation: sourceLocation)
        for example in 0..<a.examples.count {
            #expect(a.splitNumber(of: example) == b.splitNumber(of: example), sourceLocation: sourceLocation)
            let same = try a.encodedImage(example) == b.encodedImage(example)
            #expect(same, "image \(example)", sourceLocation: sourceLocation)
        }
    }

    @Test func toShardsAndBack() throws {
        let (source, target) = (try TemporaryFolder(shapes: 25), try TemporaryFolder())
        let corpus = try Corpus(folder: source.path, split: nil)
        let shards = target.path + "/new/shards"
        let written = try convert(source, to: shards, .shards(.images(10)))
        #expect(written.shards == 3 && written.images == 25 && written.captions == corpus.captionCount)
        #expect(try names(in: shards) == ["shard-00000.tar", "shard-00001.tar", "shard-00002.tar"])
        #expect(try names(in: target.path + "/new") == ["shards"])
        let read = try Corpus(folder: shards, split: nil)
        #expect(read.format == .shards)
        try expectAlike(read, corpus)

        let back = try CorpusConversion(
            read, to: target.path + "/back", layout: .folder, options: CorpusConversion.ImageOptions())
        #expect(back.images == 25 && back.shards == 0)
        try expectAlike(Corpus(folder: target.path + "/back", split: nil), corpus)
    }

    @Test func shardsOfASize() throws {
        let (source, target) = (try TemporaryFolder(shapes: 40), try TemporaryFolder())
        let written = try convert(source, to: target.path, .shards(.bytes(20_000)))
        let sizes = try names(in: target.path).map { name in
            try #require(FileManager.default.contents(atPath: "\(target.path)/\(name)")).count
        }
        #expect(sizes.count == written.shards && sizes.count > 2)
        #expect(sizes.allSatisfy { $0 <= 20_000 && $0 % 512 == 0 } && sizes.dropLast().allSatisfy { $0 > 17_000 })
        // An image larger than the size limit gets its own shard.
        let single = try convert(source, to: target.path + "2", .shards(.bytes(1)))
        defer { try? FileManager.default.removeItem(atPath: target.path + "2") }
        #expect(single.shards == 40)
    }

    /// ustar headers according to tar(5), with checksums as written by GNU tar.
    @Test func headersAreThoseOfTar() throws {
        let (source, target) = (try TemporaryFolder(shapes: 1), try TemporaryFolder())
        _ = try convert(source, to: target.path, .shards(.images(1)))
        let tar = try #require(FileManager.default.contents(atPath: target.path + "/shard-00000.tar")).map { $0 }
        #expect(Array(tar[..<12]) == Array("00000000.png".utf8) && tar[12] == 0)
        #expect(Array(tar[257..<265]) == Array("ustar\u{0}00".utf8) && tar[156] == UInt8(ascii: "0"))
        let sum = (0..<512).reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(tar[$1])) }
        #expect(
            Int(String(decoding: tar[148..<154], as: UTF8.self), radix: 8) == sum && tar[154] == 0 && tar[155] == 32)
        #expect(tar.suffix(1024).allSatisfy { $0 == 0 })
    }

    @Test func imagesOfAnotherSizeAndFormat() throws {
        let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
        try source.write("a".utf8, to: "wide.txt")
        try source.write(Image(width: 60, height: 20, color: .black).pngData(), to: "wide.png")
        var options = CorpusConversion.ImageOptions()
        options.side = 16
        for aspect in AspectMode.allCases {
            options.aspect = aspect
            let path = "\(target.path)/\(aspect.rawValue)"
            _ = try convert(source, to: path, .folder, options)
            let image = try Image(contentsOf: path + "/images/00000.png")
            #expect(image == Image(width: 60, height: 20, color: .black).fitted(side: 16, aspect: aspect))
        }
        options.side = nil
        options.encoding = .jpeg
        _ = try convert(source, to: target.path + "/jpeg", .folder, options)
        #expect(try names(in: target.path + "/jpeg/images") == ["00000.jpg"])
        #expect(try Image(contentsOf: target.path + "/jpeg/images/00000.jpg").width == 60)
    }

    /// Copied images keep their Exif data; others are upright without.
    @Test func orientedImages() throws {
        let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
        // Orientation 6 (one entry of tag 0x0112, a 16-bit integer): the first row is at the right.
        let entry: [UInt8] = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]
        let exif = pngChunk("eXIf", Array("MM\0*".utf8) + [0, 0, 0, 8, 0, 1] + entry)
        let rows: [UInt8] = [0, 10, 20, 30, 0, 40, 50, 60]
        let bytes = png(width: 3, height: 2, color: 0, chunks: exif, rows: rows)
        try source.write("a".utf8, to: "turned.txt")
        try source.write(bytes, to: "turned.png")
        _ = try convert(source, to: target.path + "/copy", .folder)
        #expect(FileManager.default.contents(atPath: target.path + "/copy/images/00000.png").map { Array($0) } == bytes)
        var options = CorpusConversion.ImageOptions()
        options.side = 3
        options.aspect = .pad
        _ = try convert(source, to: target.path + "/padded", .folder, options)
        let upright = Image(width: 2, height: 3, pixels: [40, 10, 50, 20, 60, 30].flatMap { [$0, $0, $0] })
        #expect(
            try Image(contentsOf: target.path + "/padded/images/00000.png") == upright.fitted(side: 3, aspect: .pad))
        let statistics = try CorpusStatistics(folder: source.path)
        #expect(statistics.width.maximum == 2 && statistics.height.maximum == 3)
    }

    /// More than 64 million pixels: copied, or reduced as they are decoded.
    @Test func largeImages() throws {
        let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
        let bytes = largePNG()
        try source.write("a".utf8, to: "large.txt")
        try source.write(bytes, to: "large.png")
        var options = CorpusConversion.ImageOptions()
        options.side = 32
        _ = try convert(source, to: target.path + "/small", .folder, options)
        let half = Image(width: 1, height: 1, color: RGB(128, 128, 128))
        let small = try Image(contentsOf: target.path + "/small/images/00000.png")
        #expect(small.cropped(x: 0, y: 0, width: 1, height: 1) == half && small.width == 32)
        _ = try convert(source, to: target.path + "/copy", .folder)
        #expect(FileManager.default.contents(atPath: target.path + "/copy/images/00000.png").map { Array($0) } == bytes)
        options = CorpusConversion.ImageOptions()
        options.encoding = .jpeg
        let words = message { _ = try convert(source, to: target.path + "/jpeg", .folder, options, badFiles: .fail) }
        #expect(words.contains("large.png: claims 8208×7906 pixels; images at full size are read up to"), "\(words)")
    }

    @Test func whatIsInterruptedOrFailsLeavesNothing() throws {
        let (source, target) = (try TemporaryFolder(shapes: 100), try TemporaryFolder())
        var asked = 0
        let part = try convert(source, to: target.path + "/new", .folder) {
            asked += 1
            return asked > 2
        }
        #expect(!part.isComplete && part.images > 0)
        #expect(try names(in: target.path).isEmpty)

        try source.write("none".utf8, to: "images/00003.png")
        let words = message { _ = try convert(source, to: target.path + "/new", .folder, badFiles: .fail) }
        #expect(try words.contains("00003.png") && names(in: target.path).isEmpty, "\(words)")
        let few = try convert(source, to: target.path + "/new", .folder)
        #expect(few.images == 99 && few.skipped.total == 1)
    }

    @Test func targetsThatAreRefused() throws {
        let (source, target) = (try TemporaryFolder(shapes: 2), try TemporaryFolder())
        try target.write("x".utf8, to: "full/file")
        func words(_ path: String) -> String { message { _ = try convert(source, to: path, .folder) } }
        #expect(words(target.path + "/full").contains("is not empty"))
        #expect(words(target.path + "/full/file").contains("a file of that name is there"))
        #expect(words(source.path + "/deep/new").contains("which is only read"))
        #expect(try names(in: source.path) == ["images", "metadata.jsonl"])
        try target.write("x".utf8, to: "new.partial/file")
        #expect(words(target.path + "/new").contains("new.partial: cannot be written: it is there already"))
        #expect(try names(in: target.path) == ["full", "new.partial"])
        // An empty target folder is allowed.
        #expect(try convert(source, to: target.path + "/full/../empty/", .folder).isComplete)
    }
}
