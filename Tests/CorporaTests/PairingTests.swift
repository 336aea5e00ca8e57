import Corpora
import FoundationEssentials
import Images
import TestSupport
import Testing

/// Corpora of pairs: two columns of a metadata file, or two folders.
@Suite struct PairingTests {
    private func side(_ path: String, _ column: String? = nil, className: String = "class") throws -> Corpus {
        try Corpus(
            folder: path, split: nil, badFiles: .skip,
            options: CorpusOptions(imageColumn: column, className: className, requiresCaptions: false))
    }

    private func paths(_ corpus: Corpus) -> [String] { corpus.examples.map(\.path) }

    // MARK: Columns

    @Test func aColumnNamesTheImages() throws {
        let rows = [
            #"{"file_name": "other.png", "source": "in/1.png", "target": "out/1.png", "text": "one"}"#,
            #"{"source": "in/2.png", "target": "out/2.png", "text": "two"}"#,
        ]
        let folder = try TemporaryFolder(
            metadata: rows, images: ["in/1.png", "in/2.png", "out/1.png", "out/2.png", "other.png"])
        #expect(described(try side(folder.path, "source")) == ["in/1.png: one", "in/2.png: two"])
        #expect(described(try side(folder.path, "target")) == ["out/1.png: one", "out/2.png: two"])
        let inspection = try CorpusInspection(folder: folder.path, options: CorpusOptions(imageColumn: "target"))
        #expect(inspection.counts == [.unreadableImage: 2], "images of other columns are not reported")
        let missing = message {
            _ = try Corpus(folder: folder.path, split: nil, options: CorpusOptions(imageColumn: "sketch"))
        }
        #expect(missing.contains(#"metadata.jsonl:1: has no "sketch""#), "\(missing)")
    }

    @Test func tablesHaveColumnsOfImagesToo() throws {
        let folder = try folder([
            ("pairs.csv", "Source,Target\na.png,b.png\n../c.png,b.png\n"), ("a.png", nil), ("b.png", nil),
        ])
        #expect(paths(try side(folder.path, "source")) == ["a.png"])
        #expect(
            try side(folder.path, "source").skipped.first.map(\.description) == [
                #"pairs.csv:3: "source" ../c.png leaves the folder"#
            ])
        let table = try CorporaTests.folder([("metadata.csv", "source,target\na.png,b.png\n")])
        let missing = message { _ = try side(table.path, "sketch") }
        #expect(missing.contains(#"names no column sketch; it has "source", "target""#), "\(missing)")
    }

    @Test func aLayoutWithoutColumnsIsRefused() throws {
        let folder = try folder([("a.png", nil)])
        let text = message { _ = try side(folder.path, "source") }
        #expect(text.contains("is a corpus of images without captions, whose rows have no columns"), "\(text)")
    }

    // MARK: Rows

    @Test func imagesOfARowArePaired() throws {
        let rows = [
            #"{"source": "1.png", "target": "a.png"}"#, #"{"source": "2.png", "target": "gone.png"}"#,
            #"{"source": "gone.png", "target": "c.png"}"#, #"{"source": "4.png", "target": "d.png", "text": "four"}"#,
            #"{"source": "5.png", "target": "e.png"}"#,
        ]
        let folder = try TemporaryFolder(
            metadata: rows, images: ["1.png", "2.png", "4.png", "5.png", "a.png", "c.png", "d.png", "e.png"])
        let (sources, targets) = try side(folder.path, "source").paired(with: side(folder.path, "target"), by: .row)
        #expect(paths(sources).count == 3)
        #expect(
            Set(zip(paths(sources), paths(targets)).map { "\($0) \($1)" }) == [
                "1.png a.png", "4.png d.png", "5.png e.png",
            ])
        #expect(
            sources.skipped.first.map(\.description) == [
                "metadata.jsonl:3: gone.png does not exist",
                #"metadata.jsonl:2: 2.png: there is no usable "target""#,
            ])
        #expect(
            targets.skipped.first.map(\.description) == [
                "metadata.jsonl:2: gone.png does not exist",
                #"metadata.jsonl:3: c.png: there is no usable "source""#,
            ])
        #expect(sources.skipped.counts == [.missingImage: 1, .unpairedImage: 1])
    }

    /// Several hazy images of one clear image, in different classes; a name without its folder is found.
    @Test func anImageMayBeInSeveralRows() throws {
        let folder = try folder([
            (
                "pairs.csv",
                "source,target,kind\nhaze.png,clear.png,haze\nrain.png,clear.png,rain\nx.png,gone.png,rain\n"
            ),
            ("in/haze.png", nil), ("in/rain.png", nil), ("out/clear.png", nil), ("in/x.png", nil),
        ])
        let targets = try side(folder.path, "target", className: "kind")
        #expect(described(targets) == ["out/clear.png:  [haze]", "out/clear.png:  [rain]"])
        let (sources, paired) = try side(folder.path, "source", className: "kind").paired(with: targets, by: .row)
        #expect(described(sources) == ["in/haze.png:  [haze]", "in/rain.png:  [rain]"])
        #expect(described(paired) == described(targets))
    }

    @Test func anImageInTwoSplitsIsRefused() throws {
        let rows = [
            #"{"source": "1.png", "target": "a.png", "split": "train"}"#,
            #"{"source": "2.png", "target": "a.png", "split": "test"}"#,
        ]
        let folder = try TemporaryFolder(metadata: rows, images: ["1.png", "2.png", "a.png"])
        #expect(
            try side(folder.path, "target").skipped.first.map(\.description) == [
                "metadata.jsonl:2: a.png is already listed on line 1 with another split"
            ])
    }

    @Test func corporaWithoutCommonRowsAreRefused() throws {
        let rows = [#"{"source": "1.png", "target": "gone.png"}"#, #"{"source": "gone.png", "target": "2.png"}"#]
        let folder = try TemporaryFolder(metadata: rows, images: ["1.png", "2.png"])
        let text = message { _ = try side(folder.path, "source").paired(with: side(folder.path, "target"), by: .row) }
        #expect(
            text == folder.path
                + #": its images cannot be paired: no row has usable images in both "source" and "target""#)
        let other = try TemporaryFolder(metadata: rows, images: ["1.png", "2.png"])
        let two = message { _ = try side(folder.path, "source").paired(with: side(other.path, "source"), by: .row) }
        #expect(two.contains("only two columns of the same metadata.jsonl or table"), "\(two)")
    }

    /// Rows of one image stay in one split, even if the image cannot be read.
    @Test func aSplitOfPairsKeepsBothColumns() throws {
        let rows = (0..<12).map { #"{"source": "\#($0).png", "target": "t\#($0 / 2).png"}"# }
        let folder = try TemporaryFolder(metadata: rows)
        for index in 0..<12 { try folder.write("\(index)".utf8, to: "\(index).png") }
        for index in 0..<6 { try folder.write("target \(index)".utf8, to: "t\(index).png") }
        let halves = ["a", "b"].map { CorpusSplit.Part(name: $0, fraction: 0.5) }
        let split = try CorpusSplit(side(folder.path, "target"), into: halves, by: .random, seed: 1)
        #expect(split.counts.map(\.images) == [6, 6])
        try folder.write(split.metadata(), to: "metadata.jsonl")
        for name in ["a", "b"] {
            let (sources, targets) = try side(folder.path, "source").restricted(to: name)
                .paired(with: side(folder.path, "target"), by: .row)
            #expect(sources.examples.count == 6 && sources.skipped.total == 0)
            #expect(targets.skipped.counts == [.unpairedImage: 6])
            #expect(zip(paths(sources), paths(targets)).allSatisfy { "t\((Int($0.dropLast(4)) ?? 0) / 2).png" == $1 })
        }
    }

    @Test func aSplitOfATableOfPairsIsRefused() throws {
        let folder = try folder([
            ("metadata.csv", "source,target\n1.png,2.png\n3.png,4.png\n"), ("1.png", "1"), ("2.png", "2"),
            ("3.png", "3"), ("4.png", "4"),
        ])
        let halves = ["a", "b"].map { CorpusSplit.Part(name: $0, fraction: 0.5) }
        let split = try CorpusSplit(side(folder.path, "source"), into: halves, by: .random, seed: 1)
        let text = message { _ = try split.metadata() }
        #expect(text.contains(#"a new metadata.jsonl would hold only the images in "source""#), "\(text)")
    }

    // MARK: Paths

    @Test func filesOfOnePathArePaired() throws {
        let sources = try folder([
            ("a/1.jpg", nil), ("a/2.jpg", nil), ("b/1.jpg", nil), ("b/3.jpg", nil), ("c/4.jpg", nil),
        ])
        let targets = try folder([
            ("b/1.png", nil), ("a/2.png", nil), ("a/1.PNG", nil), ("d/5.png", nil), ("c/4.png", nil),
            ("c/4.jpg", nil),
        ])
        let (own, other) = try side(sources.path).paired(with: side(targets.path), by: .path)
        #expect(paths(own) == ["a/1.jpg", "a/2.jpg", "b/1.jpg"])
        #expect(paths(other) == ["a/1.PNG", "a/2.png", "b/1.png"])
        #expect(
            own.skipped.first.map(\.description) == [
                "b/3.jpg: there is no image of that name in \(targets.path)",
                "c/4.jpg: there are 2 images of that name in \(targets.path)",
            ])
        #expect(other.skipped.first.map(\.file) == ["c/4.jpg", "c/4.png", "d/5.png"])
    }

    @Test(arguments: [
        (["hazy/a/1.jpg", "hazy/b/1.jpg"], ["clear/all/a/1.png", "clear/all/b/1.png"]),
        (["a/1.jpg", "b/1.jpg"], ["clear/a/1.png", "clear/b/1.png"]),
        // One of the two is in a folder that the other has too.
        (["train/1.jpg", "train/2.jpg"], ["test/1.png", "train/1.png", "train/2.png"]),
        (["hazy/1.jpg"], ["clear/1.png"]), (["1.jpg"], ["1.png"]),
    ])
    func foldersOfAllImagesDoNotCount(sources: [String], targets: [String]) throws {
        let (one, two) = (try folder(sources.map { ($0, nil) }), try folder(targets.map { ($0, nil) }))
        let (own, other) = try side(one.path).paired(with: side(two.path), by: .path)
        #expect(paths(own) == sources)
        #expect(paths(other) == targets.suffix(sources.count))
    }

    @Test func foldersWithoutCommonNamesAreRefused() throws {
        let (one, two) = (try folder([("x/1.jpg", nil)]), try folder([("y/one.png", nil)]))
        let text = message { _ = try side(one.path).paired(with: side(two.path), by: .path) }
        #expect(
            text == "\(one.path): its images cannot be paired: no path without its suffix is also in \(two.path): "
                + "there is x/1.jpg here and y/one.png there; name the files of a pair alike")
    }

    // MARK: Batches

    /// Sources have captions of various numbers and targets none; some images on either side are damaged.
    @Test func samplersOfPairedCorporaDrawTheSame() throws {
        let (one, two) = (try TemporaryFolder(), try TemporaryFolder())
        for index in 0..<24 {
            let image = Image(width: 8, height: 8, pixels: [UInt8](repeating: UInt8(index), count: 192))
            try one.write(index == 3 ? [] : image.pngData(), to: "\(index).png")
            try one.write(String(repeating: "caption\n", count: index % 4).utf8, to: "\(index).txt")
            try two.write(index == 8 ? [] : image.pngData(), to: "\(index).png")
        }
        try two.write([], to: "extra.png")
        let (sources, targets) = try side(one.path).paired(with: side(two.path), by: .path)
        let stores = [sources, targets].map {
            ImageStore(corpus: $0, preprocessing: ImagePreprocessing(side: 8), badFiles: .skip)
        }
        let bad = try stores[0].readAll().union(stores[1].readAll())
        #expect(Set(bad.map { sources.examples[$0].path }) == ["3.png", "8.png"])
        let samplers = try stores.map {
            try PairSampler(corpus: $0.corpus, seed: 5, flips: true, excluding: bad, needsMismatches: false)
        }
        let pairs = samplers.map { $0.pairs(0..<300) }
        #expect(pairs[0].map(\.caption.example) == pairs[1].map(\.caption.example))
        #expect(pairs[0].map(\.flipped) == pairs[1].map(\.flipped))
        #expect(pairs[0].map(\.window) == pairs[1].map(\.window))
        #expect(Set(pairs[0].map(\.flipped)).count == 2)
        #expect(Set(pairs[0].map(\.caption.caption)).count == 3)
        let batches = try zip(stores, samplers).map { try Batch(images: $0, sampler: $1, firstImage: 7, size: 40) }
        #expect(batches[0].images == batches[1].images)
    }
}
