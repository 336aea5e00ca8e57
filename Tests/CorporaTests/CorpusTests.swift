import Corpora
import FoundationEssentials
import TestSupport
import Testing

@Suite struct MetadataFolderTests {
    @Test func listsExamplesClassesAndSplits() throws {
        let folder = try TemporaryFolder(
            metadata: [
                "\u{feff}" + #"{"file_name": "b.png", "text": " one ", "class": "zebra", "split": "train", "x": [1]}"#,
                #"{"file_name": "in/a.png", "text": ["two", "three"], "class": "ant", "split": "test"}"# + "\r",
                "",
                #"{"file_name": "c.png", "text": ["four"], "class": null}"#,
            ], images: ["b.png", "in/a.png", "c.png"])
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.examples.map(\.path) == ["b.png", "in/a.png", "c.png"])
        #expect(corpus.examples.map(\.captions) == [["one"], ["two", "three"], ["four"]])
        #expect(corpus.examples.map(\.label) == [1, 0, nil])
        #expect(corpus.classes == ["ant", "zebra"])
        #expect(corpus.splits == ["test", "train"])
        #expect(Array(corpus.captions) == ["one", "two", "three", "four"])
        #expect(corpus.captionCount == 4)
        #expect(corpus.reference(example: 2, caption: 0).number == 3)
        #expect(corpus.text(of: corpus.reference(example: 1, caption: 1)) == "three")

        // A label means the same in every split.
        let train = try Corpus(folder: folder.path, split: "train")
        #expect(train.examples.map(\.label) == [1])
        #expect(train.classes == corpus.classes)
    }

    @Test(arguments: [
        (#"{"file_name": "a.png", "text": "x""#, "metadata.jsonl:2: is not valid JSON"),
        (#"["a.png"]"#, "metadata.jsonl:2: is not a JSON object"),
        (#"{"text": "x"}"#, #"metadata.jsonl:2: has no "file_name""#),
        (#"{"file_name": [], "text": "x"}"#, #"metadata.jsonl:2: "file_name" must be a string"#),
        (#"{"file_name": "a.png", "text": {}}"#, #"metadata.jsonl:2: "text" must be a string or a list of strings"#),
        (
            #"{"file_name": "a.png"}"#,
            #"metadata.jsonl:2: a.png has no "text", and there is no a.txt for it (1 of 2 rows are unusable, more than 1 in 100"#
        ),
        (#"{"file_name": "a.png", "text": ["x", " "]}"#, "metadata.jsonl:2: a.png has a blank caption"),
        (#"{"file_name": "../a.png", "text": "x"}"#, #"metadata.jsonl:2: "file_name" ../a.png leaves the folder"#),
        (#"{"file_name": "b/../../a.png", "text": "x"}"#, "leaves the folder"),
        (#"{"file_name": "/a.png", "text": "x"}"#, #"metadata.jsonl:2: "file_name" /a.png is absolute"#),
        (#"{"file_name": "a\u0000.png", "text": "x"}"#, "zero byte"),
        (
            #"{"file_name": "ok.png", "text": "x", "split": "test"}"#,
            "metadata.jsonl:2: ok.png is already listed on line 1 with another split"
        ),
        (
            #"{"file_name": "ok.png", "text": "x", "class": 1}"#,
            "metadata.jsonl:2: ok.png is already listed on line 1 with another class"
        ),
    ])
    func refusesBadRows(row: String, expected: String) throws {
        let folder = try TemporaryFolder(
            metadata: [#"{"file_name": "ok.png", "text": "x"}"#, row], images: ["ok.png", "a.png"])
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.contains(expected), "\(text)")
        #expect(!text.contains("\n"))
    }

    @Test func namesTheLineThatIsNotUTF8() throws {
        let folder = try TemporaryFolder(metadata: [], images: ["a.png"])
        try folder.write(Array(#"{"file_name": "a.png", "text": "x"}"#.utf8) + [10, 0xc3, 0x28], to: "metadata.jsonl")
        #expect(message { _ = try Corpus(folder: folder.path, split: nil) }.contains("metadata.jsonl:2: is not UTF-8"))
    }

    @Test func countsMissingImagesAndNamesTheFirst() throws {
        let rows = ["a", "b", "c"].map { #"{"file_name": "\#($0).png", "text": "x"}"# }
        let folder = try TemporaryFolder(metadata: rows, images: ["a.png"])
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.contains("metadata.jsonl:2: b.png does not exist (2 of 3 rows are unusable"), "\(text)")
    }

    @Test func refusesWhatIsNoCorpus() throws {
        #expect(message { _ = try Corpus(folder: "/nowhere/at/all", split: nil) }.contains("no such folder"))
        let empty = try TemporaryFolder(metadata: [" ", ""])
        #expect(
            message { _ = try Corpus(folder: empty.path, split: nil) }.contains("metadata.jsonl: has no usable rows"))
        let row = #"{"file_name": "a.png", "text": "x"}"#
        let plain = try TemporaryFolder(metadata: [row], images: ["a.png"])
        #expect(message { _ = try Corpus(folder: plain.path, split: "dev") }.contains("its rows name no split"))
        let split = try TemporaryFolder(
            metadata: [row.dropLast() + #", "split": "val"}"#], images: ["a.png"])
        #expect(message { _ = try Corpus(folder: split.path, split: "test") }.contains(#"no split "test"; it has val"#))
        // Names of one meaning are the same split.
        #expect(try Corpus(folder: split.path, split: "dev").examples.count == 1)
    }
}

@Suite struct SidecarFolderTests {
    @Test func readsCaptionsAndTakesSubfoldersAsClasses() throws {
        let folder = try TemporaryFolder()
        for name in ["wren/2.JPG", "owl/1.png", "owl/.hidden.png"] { try folder.write([], to: name) }
        try folder.write("an owl\r\n\r\n a bird \n".utf8, to: "owl/1.txt")
        try folder.write("a wren".utf8, to: "wren/2.txt")
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.examples.map(\.path) == ["owl/1.png", "wren/2.JPG"])
        #expect(corpus.examples.map(\.captions) == [["an owl", "a bird"], ["a wren"]])
        #expect(corpus.classes == ["owl", "wren"])
        #expect(corpus.examples.map(\.label) == [0, 1])
    }

    @Test func takesNoClassFromASingleFolder() throws {
        let folder = try TemporaryFolder()
        try folder.write([], to: "images/1.png")
        try folder.write("x".utf8, to: "images/1.txt")
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.classes.isEmpty)
        #expect(corpus.examples.map(\.label) == [nil])
    }

    @Test func saysWhatIsWrongAndWhatWasLookedFor() throws {
        let folder = try TemporaryFolder()
        try folder.write([], to: "1.png")
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.contains("looked for metadata.jsonl") && text.contains(".txt"), "\(text)")

        try folder.write("x\n".utf8 + [0xff], to: "1.txt")
        #expect(message { _ = try Corpus(folder: folder.path, split: nil) }.contains("1.txt:2: is not UTF-8"))
        try folder.write(" \n".utf8, to: "1.txt")
        #expect(message { _ = try Corpus(folder: folder.path, split: nil) }.contains("1.txt: holds no caption"))
        try folder.write("x".utf8, to: "1.txt")
        try folder.write([], to: "2.png")
        #expect(message { _ = try Corpus(folder: folder.path, split: nil) }.contains("2.png: there is no 2.txt"))
    }
}

@Suite struct CorpusInspectionTests {
    @Test func findsNothingWrongWithShapes() throws {
        let folder = try TemporaryFolder(shapes: 20)
        let inspection = try CorpusInspection(folder: folder.path)
        #expect(inspection.problems.isEmpty)
        #expect(inspection.images == 20)
        #expect(inspection.captions == (try Corpus(folder: folder.path, split: nil).captionCount))
        #expect(inspection.splits.values.reduce(0, +) == 20)
    }

    @Test func listsEveryProblemByKind() throws {
        let folder = try TemporaryFolder(
            metadata: [
                #"{"file_name": "damaged.png", "text": "x"}"#,
                #"{"file_name": "gone.png", "text": "x"}"#,
                #"{"file_name": "../x.png", "text": "x"}"#,
                "{",
                #"{"file_name": "lost.png", "text": "x"}"#,
            ], images: ["damaged.png"])
        let inspection = try CorpusInspection(folder: folder.path)
        #expect(
            inspection.problems.map(\.kind) == [
                .malformedRow, .unsafePath, .missingImage, .missingImage, .unreadableImage,
            ])
        #expect(inspection.problems.map(\.line) == [4, 3, 2, 5, 1])
        #expect(inspection.images == 0)
        #expect(inspection.problems.last?.description.hasPrefix("metadata.jsonl:1: damaged.png: not an image") == true)
    }
}
