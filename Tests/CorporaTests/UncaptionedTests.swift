import Corpora
import TestSupport
import Testing

/// Corpora whose images need no captions.
@Suite struct UncaptionedTests {
    private let options = CorpusOptions(requiresCaptions: false)

    /// The rows of a folder, and that nothing of it is reported as a problem but unreadable images: they are empty files.
    private func rows(_ files: [(String, String?)], _ format: CorpusFormat, _ options: CorpusOptions) throws -> [String]
    {
        let folder = try folder(files)
        let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .fail, options: options)
        #expect(corpus.format == format)
        #expect(corpus.examples.allSatisfy { !$0.captions.isEmpty })
        let inspection = try CorpusInspection(folder: folder.path, options: options)
        let problems = inspection.problems.filter { !$0.kind.isNotice && $0.kind != .unreadableImage }
        #expect(problems.isEmpty, "\(problems)")
        return described(corpus)
    }

    @Test func imagesAloneAreACorpus() throws {
        let found = try rows([("b.png", nil), ("a.JPG", nil), ("README.txt", "photos")], .images, options)
        #expect(found == ["a.JPG: ", "b.png: "])
    }

    @Test func foldersAreSplitsAndClasses() throws {
        let found = try rows(
            [("train/horse/1.png", nil), ("train/zebra/1.png", nil), ("test/zebra/2.png", nil)], .images, options)
        #expect(
            found == [
                "test/zebra/2.png:  [zebra] <test>", "train/horse/1.png:  [horse] <train>",
                "train/zebra/1.png:  [zebra] <train>",
            ])
    }

    @Test func captionsThatAreThereAreRead() throws {
        let found = try rows(
            [
                ("a.png", nil), ("b.png", nil), ("b.txt", "a bird"), ("c.png", nil), ("c.json", #"{"class": "wren"}"#),
                ("d.png", nil), ("d.txt", "\n"), ("e.png", nil), ("e.txt", "two\nthree"), ("f.png", nil),
            ], .sidecars, options)
        #expect(
            found == ["a.png: ", "b.png: a bird", "c.png:  [wren]", "d.png: ", "e.png: two | three", "f.png: "])
    }

    @Test func rowsOfMetadataNeedNoText() throws {
        let found = try rows(
            [
                (
                    "metadata.jsonl",
                    #"{"file_name": "a.png", "style": "ink", "split": "train"}"# + "\n"
                        + #"{"file_name": "b.png", "text": "", "style": "oil"}"# + "\n"
                        + #"{"file_name": "c.png", "text": null, "style": "oil"}"# + "\n"
                        + #"{"file_name": "c.png", "style": "oil"}"#
                ), ("a.png", nil), ("b.png", nil), ("c.png", nil), ("c.txt", "a cloud"),
            ], .metadataLines, CorpusOptions(className: "style", requiresCaptions: false))
        #expect(found.sorted() == ["a.png:  [ink] <train>", "b.png:  [oil]", "c.png: a cloud | a cloud [oil]"])
    }

    @Test(arguments: ["metadata.csv", "labels.csv"]) func tablesNeedNoColumnOfCaptions(name: String) throws {
        let found = try rows(
            [(name, "image;style\na.png;ink\nb.png;oil\n"), ("a.png", nil), ("b.png", nil)], .metadataTable,
            CorpusOptions(className: "style", requiresCaptions: false))
        #expect(found == ["a.png:  [ink]", "b.png:  [oil]"])
    }

    @Test func shardsNeedNoText() throws {
        let folder = try TemporaryFolder()
        var tar = TarBytes()
        tar.add("one.jpg", "1".utf8)
        tar.add("two.jpg", "2".utf8)
        tar.add("two.cls", "7".utf8)
        tar.add("three.jpg", "3".utf8)
        tar.add("three.txt", "a tree".utf8)
        try folder.write(tar.ended, to: "a.tar")
        let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .fail, options: options)
        #expect(corpus.format == .shards)
        #expect(described(corpus) == ["a.tar/one.jpg: ", "a.tar/two.jpg:  [7]", "a.tar/three.jpg: a tree"])
    }

    @Test func imagesOfCOCONeedNoAnnotation() throws {
        let json = """
            {"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
             "annotations": [{"image_id": 2, "caption": "a boat"}]}
            """
        let found = try rows([("captions.json", json), ("a.jpg", nil), ("b.jpg", nil)], .cocoCaptions, options)
        #expect(found == ["a.jpg: ", "b.jpg: a boat"])
    }

    @Test func badCaptionsRemainProblems() throws {
        let folder = try folder([("metadata.jsonl", #"{"file_name": "a.png", "text": "bad\u0007"}"#), ("a.png", nil)])
        let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .skip, options: options)
        #expect(corpus.examples.map(\.captions) == [[""]])
        #expect(corpus.skipped.counts == [.controlCharacter: 1])
    }

    @Test func aTemplateBuildsNothingFromNoCaption() throws {
        let rows = [
            #"{"file_name": "a.png", "style": "ink"}"#, #"{"file_name": "b.png", "style": "ink", "text": "b"}"#,
        ]
        let folder = try TemporaryFolder(metadata: rows, images: ["a.png", "b.png"])
        let options = CorpusOptions(template: try CaptionTemplate("{text}, {style}"), requiresCaptions: false)
        let corpus = try Corpus(folder: folder.path, split: nil, options: options)
        let found = corpus.examples.indices.map { (corpus.examples[$0].path, corpus.templateCaptions(of: $0)) }
            .sorted { $0.0 < $1.0 }
        #expect(found.map(\.1) == [1..<1, 1..<2])
    }

    @Test func aFolderWithoutImagesIsRefused() throws {
        let nothing = try folder([("a.txt", "x"), ("drawing.psd", nil)])
        let text = message { _ = try Corpus(folder: nothing.path, split: nil, options: options) }
        #expect(text.contains("no images found; looked for images (png"), "\(text)")
        #expect(text.hasSuffix("found 1 image, 1 .txt file"), "\(text)")
        let shard = try TemporaryFolder()
        var tar = TarBytes()
        tar.add("one.cls", "1".utf8)
        try shard.write(tar.ended, to: "a.tar")
        let found = message {
            _ = try Corpus(folder: shard.path, split: nil, badFiles: .skip, options: options).examples
        }
        #expect(found.hasSuffix("found 1 shard without an image"), "\(found)")
    }

    @Test func captionsAreRequiredUnlessTheOptionsSayOtherwise() throws {
        let images = try folder([("a.png", nil), ("b.png", nil)])
        #expect(message { _ = try Corpus(folder: images.path, split: nil) }.contains("no captions found"))
        let table = try folder([("labels.csv", "image,style\na.png,ink\n"), ("a.png", nil)])
        #expect(message { _ = try Corpus(folder: table.path, split: nil) }.contains("no captions found"))
    }

    // MARK: Curation

    @Test func emptyCaptionsAreNotCounted() throws {
        let folder = try TemporaryFolder(shapes: 6)
        try folder.write([], to: "images/metadata.txt")
        try folder.write("a shape\na figure".utf8, to: "images/00002.txt")
        let images = folder.path + "/images"
        let inspection = try CorpusInspection(folder: images, options: options)
        #expect(inspection.images == 6 && inspection.captions == 2 && inspection.counts == [.unpairedText: 1])
        let statistics = try CorpusStatistics(folder: images, options: options)
        #expect(statistics.captions == 2 && statistics.captionsPerImage.minimum == 0)
        #expect(statistics.captionsByWords == [0, 0, 2] && statistics.duplicateCaptions.within == 0)
        let corpus = try Corpus(folder: images, split: nil, options: options)
        #expect(corpus.captionCount == 2 && corpus.captions.count == 7)
    }

    @Test(arguments: [CorpusConversion.Layout.folder, .shards(.images(4))])
    func convertedImagesStayWithoutCaptions(layout: CorpusConversion.Layout) throws {
        let folder = try TemporaryFolder(shapes: 6)
        try folder.write("a shape".utf8, to: "images/00002.txt")
        let corpus = try Corpus(folder: folder.path + "/images", split: nil, options: options)
        let target = folder.path + "/converted"
        let done = try CorpusConversion(corpus, to: target, layout: layout, options: .init())
        #expect(done.images == 6 && done.captions == 1)
        let converted = try Corpus(folder: target, split: nil, badFiles: .fail, options: options)
        #expect(converted.captionCount == 1)
        #expect(
            converted.examples.map(\.captions).sorted { $0[0] < $1[0] } == [[""], [""], [""], [""], [""], ["a shape"]])
        #expect(message { _ = try Corpus(folder: target, split: nil, badFiles: .fail) }.contains("5 of 6"))
    }

    @Test func aSplitKeepsImagesWithoutCaptions() throws {
        let folder = try folder((0..<10).map { ("c\($0 % 2)/\($0).png", "bytes \($0)") })
        let before = try Corpus(folder: folder.path, split: nil, options: options)
        let halves = ["a", "b"].map { CorpusSplit.Part(name: $0, fraction: 0.5) }
        let split = try CorpusSplit(before, into: halves, by: .random, seed: 1)
        #expect(split.counts.map(\.captions) == [0, 0] && split.copiedFrom == nil)
        try folder.write(split.metadata(), to: "metadata.jsonl")
        let after = try Corpus(folder: folder.path, split: nil, badFiles: .fail, options: options)
        #expect(after.splits == ["a", "b"] && after.classes == ["c0", "c1"])
        #expect(Array(after.examples) == Array(before.examples))
    }

    // MARK: Classes

    @Test func aClassCanBeChosen() throws {
        let folder = try folder([("horse/1.png", nil), ("zebra/2.png", nil), ("zebra/3.png", nil)])
        let corpus = try Corpus(folder: folder.path, split: nil, options: options)
        let zebras = try corpus.restricted(toClass: "zebra")
        #expect(described(zebras) == ["zebra/2.png:  [zebra]", "zebra/3.png:  [zebra]"])
        let unknown = message { _ = try corpus.restricted(toClass: "cow") }
        #expect(unknown == #"\#(folder.path): has no class "cow"; it has horse, zebra"#)
        let plain = message { _ = try corpus.withoutClasses().restricted(toClass: "cow") }
        #expect(plain.contains(#"has no class "cow", since its images have no classes"#), "\(plain)")
    }

    @Test func ofManyClassesSomeAreNamed() throws {
        let folder = try folder((100..<125).map { ("c\($0)/1.png", nil) })
        let corpus = try Corpus(folder: folder.path, split: nil, options: options)
        let text = message { _ = try corpus.restricted(toClass: "cow") }
        #expect(text.hasSuffix("c118, c119 and 5 more"), "\(text)")
    }

    // MARK: Batches

    @Test func imagesWithoutCaptionsAreSampled() throws {
        let folder = try folder((0..<9).map { ("\($0).png", nil) })
        let corpus = try Corpus(folder: folder.path, split: nil, options: options)
        #expect(message { _ = try PairSampler(corpus: corpus, seed: 1, flips: true) }.contains("no mismatched caption"))
        let sampler = try PairSampler(corpus: corpus, seed: 1, flips: true, needsMismatches: false)
        let pairs = sampler.pairs(0..<18)
        #expect(pairs.allSatisfy { $0.mismatch == $0.caption })
        #expect(pairs[..<9].map(\.caption.example).sorted() == Array(0..<9))
        let none = message {
            _ = try PairSampler(
                corpus: corpus, seed: 1, flips: true, excluding: Set(0..<9), needsMismatches: false)
        }
        #expect(none.contains("has no usable rows"), "\(none)")
    }
}
