import Corpora
import FoundationEssentials
import TestSupport
import Testing

/// Layouts as people bring them: captions and images in folders of their own, folders as splits, tables of other names.
@Suite struct TextFileTests {
    @Test(arguments: [
        // Suffixes and their precedence.
        (["1.png", "1.caption"], ["1.png: 1.caption"]),
        (["1.png", "1.TXT"], ["1.png: 1.TXT"]),
        (["1.PNG", "1.png.txt"], ["1.PNG: 1.png.txt"]),
        (["1.png", "1.png.txt"], ["1.png: 1.png.txt"]),
        (["1.png", "1.caption", "1.txt"], ["1.png: 1.txt"]),
        // Parallel folders.
        (["images/1.png", "captions/1.txt"], ["images/1.png: captions/1.txt"]),
        (["1.jpg", "Captions/1.txt"], ["1.jpg: Captions/1.txt"]),
        (
            ["images/a/1.png", "images/b/1.png", "captions/a/1.txt", "captions/b/1.txt"],
            ["images/a/1.png: captions/a/1.txt [a]", "images/b/1.png: captions/b/1.txt [b]"]
        ),
        // Folders that are splits.
        (
            ["train/1.png", "train/1.txt", "test/1.png", "test/1.txt"],
            ["test/1.png: test/1.txt <test>", "train/1.png: train/1.txt <train>"]
        ),
        (
            ["Validation/ant/1.png", "Validation/ant/1.txt", "dev/bee/2.png", "dev/bee/2.txt"],
            [
                "Validation/ant/1.png: Validation/ant/1.txt [ant] <Validation>",
                "dev/bee/2.png: dev/bee/2.txt [bee] <dev>",
            ]
        ),
        (
            ["held-out/images/1.png", "held-out/captions/1.txt", "train/images/1.png", "train/captions/1.txt"],
            [
                "held-out/images/1.png: held-out/captions/1.txt <held-out>",
                "train/images/1.png: train/captions/1.txt <train>",
            ]
        ),
    ])
    func findsTheTextOfAnImage(files: [String], expected: [String]) throws {
        let folder = try folder(files.map { ($0, ImageSuffix.isText($0) ? $0 : nil) })
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.format == .sidecars && described(corpus) == expected)
    }

    private enum ImageSuffix {
        static func isText(_ name: String) -> Bool { !name.lowercased().hasSuffix("g") }
    }

    @Test func recordsGiveClassSplitAndCaptions() throws {
        let folder = try folder([
            ("1.jpg", nil), ("1.json", #"{"caption": "one", "class": 7, "split": "test", "width": NaN}"#),
            ("2.jpg", nil), ("2.json", #"{"caption": "not this", "class": true}"#), ("2.txt", "two"),
        ])
        #expect(
            described(try Corpus(folder: folder.path, split: nil)) == ["1.jpg: one [7] <test>", "2.jpg: two [true]"])
        try folder.write(#"{"width": 3}"#.utf8, to: "1.json")
        #expect(message { _ = try Corpus(folder: folder.path, split: nil) }.contains(#"1.json: has no "text" and no"#))
    }

    @Test func nothingIsPassedOverInSilence() throws {
        let folder = try folder([
            ("1.png", nil), ("1.txt", "x"), ("1.caption", "y"), ("more.tar", nil), ("old.parquet", nil),
            ("images.csv", "file_name,text\n1.png,z\n"), ("2.png", nil),
        ])
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/3.png", withDestinationPath: "nowhere")
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/linked", withDestinationPath: ".")
        let problems = try CorpusInspection(folder: folder.path).problems.map { "\($0)" }
        for expected in [
            "1.caption: is not read, since there is another text file of that name",
            "more.tar: is not read, since the folder is read as: images with text files",
            "old.parquet: is not read", "images.csv: is not read", "2.png: there is no 2.txt, .caption or .json",
            "3.png: is a link to nothing", "linked: is a link to a folder; --follow-links enters it",
        ] {
            #expect(problems.contains { $0.hasPrefix(expected) }, "\(expected): \(problems)")
        }
    }

    @Test func aTextFileThatIsTooLargeCostsItsImageOnly() throws {
        let folder = try folder([("1.png", nil), ("1.txt", "x"), ("2.png", nil), ("3.png", nil), ("3.txt", "z")])
        try folder.write([UInt8](repeating: 0x61, count: 1_048_577), to: "2.txt")
        let elsewhere = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/notes", withDestinationPath: elsewhere.path)
        let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .skip)
        #expect(described(corpus) == ["1.png: x", "3.png: z"])
        #expect(corpus.skipped.first.map { "\($0)" }.allSatisfy { $0.hasPrefix("2.txt: cannot be read: ") })
        // A link to a folder outside is a notice.
        #expect(corpus.skipped.total == 1)
    }

    /// Every format that is decoded is read under any of its suffixes; one that is not is named, with a way to convert it.
    @Test func suffixesOfAllFormatsAreImages() throws {
        let decoded = try folder(
            ["jfif", "JPE", "gif", "bmp", "dib", "tif", "TIFF", "apng"].flatMap {
                [("\($0).\($0)", nil), ("\($0).txt", "a \($0)")]
            })
        #expect(try Corpus(folder: decoded.path, split: nil).examples.count == 8)
        let mixed = try folder([("1.png", nil), ("1.txt", "x"), ("logo.svg", nil), ("2.heic", nil), ("2.txt", "y")])
        try mixed.write([0, 0, 0, 24] + Array("ftypheic".utf8) + [UInt8](repeating: 0, count: 12), to: "2.heic")
        let problems = try CorpusInspection(folder: mixed.path).problems.map { "\($0.kind.rawValue) \($0)" }
        #expect(
            problems.contains { $0.hasPrefix("unused-file logo.svg: has no captions") && $0.contains("rsvg-convert") })
        #expect(problems.contains { $0.hasPrefix("unreadable-image 2.heic: ") && $0.contains("HEIC") }, "\(problems)")
    }

    @Test(arguments: [
        (CaptionUnit.line, ["a red", "rose", "in bloom"]), (.paragraph, ["a red\nrose", "in bloom"]),
        (.file, ["a red\nrose\n\nin bloom"]),
    ])
    func captionsAreLinesParagraphsOrFiles(unit: CaptionUnit, expected: [String]) throws {
        let folder = try folder([("1.png", nil), ("1.txt", "\na red\nrose\n\nin bloom\n\n")])
        let corpus = try Corpus(folder: folder.path, split: nil, options: CorpusOptions(captionUnit: unit))
        #expect(Array(corpus.captions) == expected.map { $0.replacing("\n", with: " ") })
    }

    @Test func linksAreFollowedOnRequestOnly() throws {
        let elsewhere = try folder([("blob", nil), ("text", "linked"), ("more/2.png", nil), ("more/2.txt", "two")])
        let folder = try TemporaryFolder()
        for (name, target) in [("1.png", "blob"), ("1.txt", "text"), ("more", "more"), ("circle", "../..")] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/\(name)",
                withDestinationPath: name == "circle" ? folder.path : "\(elsewhere.path)/\(target)")
        }
        let refused = try CorpusInspection(folder: folder.path, options: CorpusOptions(followsLinks: true))
        #expect(refused.images == 0)
        let text = message { _ = try Corpus(folder: folder.path, split: nil, badFiles: .fail) }
        #expect(text.contains("no captions found") && text.contains("links"), "\(text)")
        let corpus = try Corpus(folder: folder.path, split: nil, options: CorpusOptions(followsLinks: true))
        #expect(described(corpus) == ["1.png: linked", "more/2.png: two [more]"])
    }
}

@Suite struct CaptionTableTests {
    @Test(arguments: [
        ("captions.txt", "image,caption\n1.jpg,one\n1.jpg,two\n2.jpg,three\n"),
        ("results.csv", "image_name| comment_number| comment\n1.jpg| 0|one\n1.jpg| 1|two\n2.jpg| 0|three\n"),
        ("all.tsv", "File_Name\tText\n1.jpg\tone\n2.jpg\tthree\n1.jpg\ttwo\n"),
        ("all.csv", "filename;text_1;text_2\n1.jpg;one;two\n2.jpg;three;\n"),
        (
            "rows.jsonl",
            #"{"image": "Images/1.jpg", "caption": ["one", null]}"# + "\n"
                + #"{"image": "Images/2.jpg", "caption": "three", "x": NaN}"# + "\n"
                + #"{"image": "Images/1.jpg", "caption": "two"}"#
        ),
    ])
    func tablesOfOtherNamesAndOneRowPerCaption(name: String, table: String) throws {
        let folder = try folder([(name, table), ("Images/1.jpg", nil), ("Images/2.jpg", nil)])
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.format == (name.hasSuffix("jsonl") ? .metadataLines : .metadataTable))
        #expect(described(corpus) == ["Images/1.jpg: one | two", "Images/2.jpg: three"])
    }

    @Test func tablesNameSplits() throws {
        let folder = try folder([
            ("train.csv", "image,caption\n1.jpg,one\n"), ("val.csv", "image,caption\n2.jpg,two\n"),
            ("prices.csv", "item,price\n"), ("1.jpg", nil), ("2.jpg", nil),
        ])
        #expect(described(try Corpus(folder: folder.path, split: nil)) == ["1.jpg: one <train>", "2.jpg: two <val>"])
    }

    @Test func joinedRowsKeepTemplateCaptionsLast() throws {
        let folder = try folder([
            ("metadata.csv", "file_name,text,style\n1.jpg,one,A\n2.jpg,x,B\n1.jpg,two,C\n"), ("1.jpg", nil),
            ("2.jpg", nil),
        ])
        let options = CorpusOptions(template: try CaptionTemplate("{text} {style}"))
        let corpus = try Corpus(folder: folder.path, split: nil, options: options)
        #expect(described(corpus) == ["1.jpg: one | two | one A | two C", "2.jpg: x | x B"])
        #expect(corpus.templateCaptions(of: 0) == 2..<4)
    }

    @Test func textFilesBesideCaptionsInMetadataAreNamed() throws {
        let folder = try TemporaryFolder(
            metadata: [#"{"file_name": "1.png", "text": "x"}"#, #"{"file_name": "2.png"}"#], images: ["1.png", "2.png"])
        try folder.write("y".utf8, to: "1.txt")
        try folder.write("z".utf8, to: "2.txt")
        func notices() throws -> [String] {
            try CorpusInspection(folder: folder.path).problems.filter { $0.kind == .unusedFile }.map { "\($0)" }
        }
        // Text files are in use here.
        #expect(try notices() == [])
        try folder.write(#"{"file_name": "1.png", "text": "x"}"#.utf8, to: "metadata.jsonl")
        #expect(
            try notices() == ["1", "2"].map { "\($0).txt: is not read, since captions are in metadata.jsonl" })
    }

    @Test func rowsWithoutSplitTakeThatOfTheirFolder() throws {
        let folder = try TemporaryFolder(
            metadata: ["train/1.png", "test/2.png", "other/3.png"].map { #"{"file_name": "\#($0)", "text": "x"}"# },
            images: ["train/1.png", "test/2.png", "other/3.png"])
        #expect(
            described(try Corpus(folder: folder.path, split: nil)) == [
                "train/1.png: x <train>", "test/2.png: x <test>", "other/3.png: x",
            ])
    }

    @Test func splitsOfTextFilesLeaveCaptionsInThem() throws {
        let folder = try TemporaryFolder()
        for number in 0..<20 {
            try folder.write([UInt8(number)], to: "\(number).png")
            try folder.write("old \(number)".utf8, to: "\(number).txt")
        }
        let parts = [CorpusSplit.Part(name: "train", fraction: 0.8), CorpusSplit.Part(name: "test", fraction: 0.2)]
        let split = try CorpusSplit(try Corpus(folder: folder.path, split: nil), into: parts, by: .random, seed: 1)
        #expect(split.copiedFrom == nil)
        try folder.write(split.metadata(), to: "metadata.jsonl")
        try folder.write("new".utf8, to: "3.txt")
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.format == .metadataLines && corpus.splits == ["test", "train"] && corpus.captionCount == 20)
        #expect(Array(corpus.captions).contains("new") && !Array(corpus.captions).contains("old 3"))
    }
}
