import Compression
import Corpora
import FoundationEssentials
import TestSupport
import Testing

/// Three pairs: captions as text, as JSON, and as both.
private func sampleShard(_ mark: String = "") -> TarBytes {
    var tar = TarBytes()
    tar.add("./", type: "5")
    tar.add("./one.jpg", "first image\(mark)".utf8)
    tar.add("./one.txt", "a caption\n\nanother\n".utf8)
    tar.add("two.seg.png", "passed over".utf8)
    tar.add("two.PNG", "second image\(mark)".utf8)
    tar.add("two.json", #"{"caption": "as JSON", "class": "ant", "split": "val", "width": 3}"#.utf8)
    tar.add("three.txt", "as text".utf8)
    tar.add("three.json", #"{"caption": "not this", "key": "3"}"#.utf8)
    tar.add("sub/three.cls", "5".utf8)
    tar.add("three.webp", [UInt8](repeating: 7, count: 1500))
    return tar
}

private func corpus(_ tar: [UInt8], badFiles: BadFilePolicy = .limited) throws -> (Corpus, TemporaryFolder) {
    let folder = try TemporaryFolder()
    try folder.write(tar, to: "a.tar")
    return (try Corpus(folder: folder.path + "/a.tar", split: nil, badFiles: badFiles), folder)
}

@Suite struct ShardTests {
    @Test(arguments: ["plain.tar", "packed.tar.gz", "packed.tgz"])
    func readsPairsAndTheirImages(name: String) throws {
        let folder = try TemporaryFolder()
        let bytes = sampleShard().ended
        try folder.write(name.hasSuffix("z") ? gzipped(bytes) : bytes, to: "shards/\(name)")
        for path in [folder.path, "\(folder.path)/shards/\(name)"] {
            let corpus = try Corpus(folder: path, split: nil)
            let prefix = path == folder.path ? "shards/\(name)" : name
            #expect("\(corpus.format)" == "WebDataset shards")
            #expect(corpus.examples.map(\.path) == ["one.jpg", "two.PNG", "three.webp"].map { "\(prefix)/\($0)" })
            #expect(corpus.examples.map(\.captions) == [["a caption", "another"], ["as JSON"], ["as text"]])
            #expect(corpus.examples.map(\.label) == [nil, 0, nil])
            #expect(corpus.splits == ["val"])
            #expect(try corpus.encodedImage(1) == Array("second image".utf8))
            #expect(try corpus.encodedImage(0) == Array("first image".utf8))
            #expect(try corpus.encodedImage(2) == [UInt8](repeating: 7, count: 1500))
            #expect(corpus.imageName(2) == "\(prefix)/three.webp")
            #expect(corpus.imagePath(of: corpus.examples[0]) == "\(folder.path)/shards/\(name)/one.jpg")
        }
    }

    @Test func rangesInBracesNameShards() throws {
        let folder = try TemporaryFolder()
        for number in 8...11 {
            let name = "s-0\(number < 10 ? "0" : "")\(number).tar"
            try folder.write(sampleShard(" \(number)").ended, to: name)
        }
        let corpus = try Corpus(folder: folder.path + "/s-{009..011}.tar", split: nil)
        #expect(corpus.examples.count == 9)
        #expect(corpus.examples[3].path == "s-010.tar/one.jpg")
        #expect(try corpus.encodedImage(7) == Array("second image 11".utf8))
        let gap = message { _ = try Corpus(folder: folder.path + "/s-{011..012}.tar", split: nil) }
        #expect(gap.contains("s-012.tar: cannot be read: No such file"), "\(gap)")
        for pattern in ["s-{011..009}.tar", "s-{a..b}.tar", "s-{1..999999999}.tar", "s-{}.tar", "s-{1..2.tar", "x.png"]
        {
            let text = message { _ = try Corpus(folder: folder.path + "/" + pattern, split: nil) }
            #expect(text.contains("no such folder"), "\(text)")
        }
        let names = ["0-08", "0-09", "0-10", "1-08", "1-09", "1-10"].map { $0 + ".tar" }
        for name in names { try folder.write(sampleShard().ended, to: name) }
        let both = try Corpus(folder: folder.path + "/{0..1}-{08..10}.tar", split: nil)
        #expect(both.examples.map(\.path).filter { $0.hasSuffix("one.jpg") } == names.map { $0 + "/one.jpg" })
    }

    @Test func namesOfShardsTellSplitsApart() throws {
        let folder = try TemporaryFolder()
        var plain = TarBytes()
        plain.add("a.jpg", "x".utf8)
        plain.add("a.txt", "x".utf8)
        for name in ["train-0.tar", "train-1.tar", "val-0.tar"] { try folder.write(plain.ended, to: name) }
        #expect(try Corpus(folder: folder.path, split: "train").examples.count == 2)
        #expect(try Corpus(folder: folder.path + "/train-{0..1}.tar", split: nil).splits.isEmpty)
    }

    @Test func theStampFollowsTheShard() throws {
        let (corpus, folder) = try corpus(sampleShard().ended)
        let stamps = try (0..<3).map(corpus.imageStamp)
        #expect(Set(stamps).count == 3)
        #expect(try (0..<3).map(corpus.imageStamp) == stamps)
        try folder.write(sampleShard("!").ended, to: "a.tar")
        #expect(try corpus.imageStamp(0) != stamps[0])
    }

    @Test(arguments: ShardFlaw.names + ShardFlaw.texts + ShardFlaw.headers)
    func namesWhatIsWrong(flaw: ShardFlaw) throws {
        var tar = sampleShard()
        flaw.spoil(&tar)
        tar.add("last.jpg", "x".utf8)
        tar.add("last.txt", "still read".utf8)
        for bytes in [tar.ended, gzipped(tar.ended)] {
            let (corpus, _) = try corpus(bytes, badFiles: .skip)
            #expect(corpus.skipped.total == 1)
            let problem = corpus.skipped.first.first
            #expect(problem?.kind == flaw.kind)
            #expect(problem?.description.contains(flaw.words) == true, "\(corpus.skipped.first)")
            #expect((corpus.examples.last?.captions == ["still read"]) == !flaw.endsShard)
            #expect(corpus.examples.first?.captions == ["a caption", "another"])
        }
    }

    @Test func readsWhatPaxAndGNUHaveForLongNames() throws {
        let long = String(repeating: "d/", count: 100) + "name"
        var tar = TarBytes()
        tar.addPax([("mtime", "1.5"), ("path", long + ".jpg"), ("size", "5")])
        tar.add("short", "12345".utf8, size: "00000000000")
        tar.add("././@LongLink", Array((long + ".txt\0").utf8), type: "L")
        tar.add("cut", "of pax".utf8)
        tar.addPax([("path", "not this.jpg")], type: "g")
        tar.add("name.jpg", "by prefix".utf8, prefix: "some/where")
        tar.add("some/where/name.txt", "of ustar".utf8)
        tar.add(
            Array("binary.jpg".utf8), Array("large".utf8), type: "0",
            size: [0x80] + [UInt8](repeating: 0, count: 10) + [5])
        tar.add("binary.txt", "of GNU".utf8)
        let (corpus, folder) = try corpus(tar.ended)
        defer { withExtendedLifetime(folder) {} }
        #expect(corpus.examples.map(\.path) == [long, "some/where/name", "binary"].map { "a.tar/\($0).jpg" })
        #expect(corpus.examples.map(\.captions) == [["of pax"], ["of ustar"], ["of GNU"]])
        #expect(
            try (0..<3).map { String(decoding: try corpus.encodedImage($0), as: UTF8.self) } == [
                "12345", "by prefix", "large",
            ])
    }

    @Test func archivesThatEndTooEarlyAreNamed() throws {
        let whole = sampleShard().ended
        for count in [100, 700, whole.count - 2000] {
            for cut in [Array(whole.prefix(count)), gzipped(Array(whole.prefix(count)))] {
                let listed = try? corpus(cut, badFiles: .skip).0.skipped
                #expect(listed.map { $0.counts[.damagedArchive] == 1 } ?? (count < 1000), "\(count)")
            }
        }
        let packed = gzipped(whole)
        for cut in [packed.prefix(packed.count / 2), packed.prefix(packed.count - 6)] {
            #expect(try corpus(Array(cut), badFiles: .skip).0.skipped.first.last?.detail == "it has been cut short")
        }
        // The size of a longer compressed archive is known only at its end.
        var long = TarBytes()
        long.add("noise.bin", noise(300_000))
        let early = gzipped(Array(long.bytes.prefix(200_000)))
        #expect(try corpus(early, badFiles: .skip).0.skipped.first.first?.detail == "ends within its last member")
        // Archives without the final zeros are accepted.
        #expect(try corpus(sampleShard().bytes).0.examples.count == 3)
        let text = message { _ = try corpus(Array("no archive at all".utf8)) }
        #expect(text.contains("a.tar: ends within a header, at byte 0"), "\(text)")
        let empty = message { _ = try corpus(TarBytes().ended) }
        #expect(empty.contains("found 1 shard without an image that has a .txt or .json"), "\(empty)")
    }

    @Test func whatExpandsWithoutEndIsRefused() throws {
        var tar = TarBytes()
        tar.add("zeros.bin", [UInt8](repeating: 0, count: 120_000_000))
        let bomb = gzipped(tar.ended, level: 9)
        let detail = try corpus(bomb, badFiles: .skip).0.skipped.first.first?.detail
        #expect(detail == "it expands to more than 200 times its size")
    }
}

@Suite struct GoldenTarTests {
    /// Archives of the same files by Python's tarfile and GNU tar (scripts/golden/tars.py).
    @Test(arguments: ["ustar", "gnu", "pax", "v7", "sparse-gnu", "sparse-pax"])
    func readsWhatOthersWrite(format: String) throws {
        let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(format).tar.gz")
            .path
        let packed = [UInt8](try Data(contentsOf: URL(filePath: golden)))
        let folder = try TemporaryFolder()
        try folder.write(GzipStream.expanded(packed, limit: 1 << 24), to: "plain.tar")
        var names = [
            "plain", "b/lüte", "deep/" + String(repeating: "d", count: 90) + "/" + String(repeating: "n", count: 80),
        ]
        if ["gnu", "pax"].contains(format) {
            names.append(String(repeating: "e", count: 120) + "/" + String(repeating: "m", count: 180))
        }
        if format == "v7" || format.hasPrefix("sparse") { names = ["plain", "b/lüte"] }
        for path in [folder.path + "/plain.tar", golden] {
            let corpus = try Corpus(folder: path, split: nil, badFiles: .skip)
            let archive = path.split(separator: "/").last ?? ""
            #expect(corpus.examples.map(\.path) == names.map { "\(archive)/\($0).jpg" })
            for (index, name) in names.enumerated() {
                #expect(corpus.examples[index].captions == ["caption of \(name)"])
                let image = (0..<1000 + index * 211).map { UInt8(truncatingIfNeeded: $0 * $0 + index) }
                #expect(try corpus.encodedImage(index) == image)
            }
            let expected: [CorpusProblem.Kind: Int] =
                format.hasPrefix("sparse") ? [.damagedArchive: 1] : [.unsafePath: 2]
            #expect(corpus.skipped.counts == expected, "\(corpus.skipped.first)")
        }
    }
}
