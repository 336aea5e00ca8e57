import Corpora
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite struct MetadataTableTests {
    @Test func readsQuotesColumnsAndLists() throws {
        let folder = try folder([
            (
                "metadata.csv",
                "\u{feff}split,file_name,ignored,text,text_2,class\r\n"
                    + "train,a.png,x,plain,,ant\r\n"
                    + "test,\"b, c.png\",,\"says \"\"hi\"\", twice\nover\",second,\r\n\r\n"
                    + "train,d.png,,\"[\"\"one\"\", \"\"t\\u0077o\"\"]\",[no list,ant"
            ), ("a.png", nil), ("b, c.png", nil), ("d.png", nil),
        ])
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.format == .metadataTable && "\(corpus.format)" == "image folder with a table")
        #expect(
            described(corpus) == [
                "a.png: plain [ant] <train>", "b, c.png: says \"hi\", twice over | second <test>",
                "d.png: one | two | [no list [ant] <train>",
            ])
    }

    @Test(arguments: [
        ("a.png\n", "metadata.csv:2: has 1 cells; the first line names 2"),
        ("a.png,x,y\n", "metadata.csv:2: has 3 cells; the first line names 2"),
        ("\"a\"b.png,x\n", "metadata.csv:2: has something after the quote that closes a cell"),
        ("a.png,\"x\n\n", "metadata.csv:2: opens a quote that is not closed"),
        ("a.png, \n", "metadata.csv:2: a.png has no \"text\""),
        (",x\n", "metadata.csv:2: has no \"file_name\""),
        ("../a.png,x\n", "metadata.csv:2: \"file_name\" ../a.png leaves the folder"),
        ("gone.png,x\n", "metadata.csv:2: gone.png does not exist"),
        ("", "metadata.csv: has no usable rows"),
    ])
    func refusesBadRows(rows: String, expected: String) throws {
        let folder = try folder([("metadata.csv", "file_name,text\n" + rows), ("a.png", nil)])
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.contains(expected), "\(text)")
        #expect(!text.contains("\n"))
    }

    @Test func namesTheColumnThatIsMissing() throws {
        let unnamed = try folder([("metadata.csv", "picture,text\n1,2\n")])
        let text = message { _ = try Corpus(folder: unnamed.path, split: nil) }
        #expect(text.contains(#"names no column file_name; it has "picture", "text""#), "\(text)")
        let labels = try folder([("metadata.csv", "file_name,label\n")])
        let other = message { _ = try Corpus(folder: labels.path, split: nil) }
        #expect(other.contains(#"names no column text; it has "file_name", "label""#), "\(other)")
    }

    /// A table saved as UTF-16 is named as such, not by columns that it seems to lack.
    @Test func namesOfColumnsMayHaveSpacesAround() throws {
        let folder = try folder([("a.png", nil), ("metadata.csv", "file_name ; text\t ;\u{A0}class \na.png;one;c\n")])
        #expect(try described(Corpus(folder: folder.path, split: nil)) == ["a.png: one [c]"])
    }

    /// A file of more than a megabyte; of COCO captions, of more than two gigabytes.
    @Test func aFileThatCannotBeReadIsOneProblem() throws {
        let large = String(repeating: "a", count: 1 << 20 + 1)
        let texts = try folder([
            ("1.jpg", nil), ("2.jpg", nil), ("text_c10/a/1.txt", "one"), ("text_c10/a/2.txt", large),
        ])
        let corpus = try Corpus(folder: texts.path, split: nil, badFiles: .skip)
        #expect(described(corpus) == ["1.jpg: one [a]"])
        #expect(
            corpus.skipped.first.map { "\($0)" }.first?.hasPrefix("text_c10/a/2.txt: cannot be read: it has") == true)
        let images = try Corpus(folder: texts.path, split: nil, options: CorpusOptions(requiresCaptions: false))
        #expect(images.examples.map(\.path) == ["1.jpg", "2.jpg"] && images.captionCount == 1)

        let coco = #"{"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [{"image_id": 1, "caption": "one"}]}"#
        let lists = try folder([("1.jpg", nil), ("captions_a.json", coco), ("captions_b.json", "")])
        try #require(truncate(lists.path + "/captions_b.json", 1 << 31 + 1) == 0)
        let listed = try Corpus(folder: lists.path, split: nil, badFiles: .skip)
        #expect(described(listed) == ["1.jpg: one"] && listed.skipped.counts == [.malformedRow: 1])

        let shards = try TemporaryFolder()
        var tar = TarBytes()
        tar.addPair("e.txt", "one".utf8)
        try shards.write(tar.ended, to: "s-0.tar")
        try FileManager.default.createDirectory(atPath: shards.path + "/s-1.tar", withIntermediateDirectories: true)
        let read = try Corpus(folder: shards.path + "/s-{0..1}.tar", split: nil, badFiles: .skip)
        #expect(read.examples.count == 1 && read.skipped.counts == [.damagedArchive: 1])
        #expect(
            message { _ = try Corpus(folder: shards.path + "/s-{0..2}.tar", split: nil) }.contains("s-2.tar: cannot"))
    }

    @Test func aHeaderThatIsNotUTF8IsNamed() throws {
        let folder = try folder([("metadata.csv", nil)])
        try folder.write([0xFF, 0xFE] + "file_name,text\n".utf8.flatMap { [$0, 0] }, to: "metadata.csv")
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.hasSuffix("metadata.csv:1: is not UTF-8; save the file as UTF-8"), "\(text)")
    }

    @Test func foldersOfMetadataAreSplits() throws {
        let folder = try folder([
            ("train/metadata.csv", "file_name,text\nx/a.png,one\n"), ("train/x/a.png", nil),
            ("validation/metadata.csv", "file_name,text,split\na.png,two,\nb.png,three,mine\n"),
            ("validation/a.png", nil), ("validation/b.png", nil),
        ])
        let corpus = try Corpus(folder: folder.path + "/", split: nil)
        #expect(
            described(corpus) == [
                "train/x/a.png: one <train>", "validation/a.png: two <validation>", "validation/b.png: three <mine>",
            ])
    }
}

@Suite struct CaptionNameTests {
    @Test func theBestNameOfCaptionsCounts() throws {
        let folder = try TemporaryFolder(
            metadata: [
                #"{"prompt": "no", "file_name": "a.png", "caption": "no", "text": "yes", "captions": 3}"#,
                #"{"file_name": "b.png", "captions": ["one", "two"], "prompt": "no"}"#,
                #"{"file_name": "c.png", "caption_1": "one", "caption_2": "two"}"#,
            ], images: ["a.png", "b.png", "c.png"])
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.examples.map(\.captions) == [["yes"], ["one", "two"], ["one", "two"]])
    }
}

@Suite struct CaptionsJSONTests {
    private static let train = """
        {"info": {"year": 2017}, "annotations": [
          {"image_id": 7, "id": 1, "caption": "A cat.\\n"}, {"image_id": 9, "id": 2, "caption": "a dog"},
          {"image_id": 7, "id": 3, "caption": "the same cat"}],
         "images": [{"id": 9, "file_name": "9.jpg", "height": 3}, {"file_name": "7.jpg", "id": 7}]}
        """

    @Test func readsImagesAndTheirCaptionsOfEachSplit() throws {
        let folder = try folder([
            ("annotations/captions_train2017.json", Self.train),
            ("annotations/instances_train2017.json", "{\"images\": [[["),
            (
                "annotations/captions_val2017.json",
                #"{"images": [{"id": 1, "file_name": "9.jpg"}], "annotations": [{"image_id": 1, "caption": "other"}]}"#
            ), ("train2017/9.jpg", nil), ("train2017/7.jpg", nil), ("val2017/9.jpg", nil), ("val2017/spare.jpg", nil),
        ])
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.format == .cocoCaptions)
        #expect(
            described(corpus) == [
                "train2017/9.jpg: a dog <train>", "train2017/7.jpg: A cat. | the same cat <train>",
                "val2017/9.jpg: other <val>",
            ])
        let inspection = try CorpusInspection(folder: folder.path)
        #expect(inspection.problems.contains { "\($0)" == "val2017/spare.jpg: is listed by no row" })
        #expect(inspection.counts == [.unlistedImage: 1, .unreadableImage: 3])
    }

    @Test(arguments: [
        (
            #"{"images": [], "annotations": [{"image_id": 5, "caption": "x"}]}"#,
            "a caption of image 5, which it does not list"
        ),
        (
            #"{"images": [{"id": 1, "file_name": "gone.jpg"}], "annotations": [{"image_id": 1, "caption": "x"}]}"#,
            "captions.json: gone.jpg does not exist"
        ),
        (
            #"{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1, "caption": "x"}]}"#,
            "captions.json: a.jpg is there 2 times"
        ),
        (
            #"{"images": [{"id": 1, "file_name": "../b.jpg"}], "annotations": [{"image_id": 1, "caption": "x"}]}"#,
            "captions.json: ../b.jpg leaves the folder"
        ),
        (
            #"{"images": [{"id": 1, "file_name": "b.jpg"}, {"id": 2, "file_name": "c.jpg"}], "annotations": [{"image_id": 1, "caption": "x"}]}"#,
            "captions.json: c.jpg has no caption"
        ),
        (
            #"{"images": [{"id": 1, "file_name": "b.jpg"}, {"id": 1, "file_name": "c.jpg"}], "annotations": [{"image_id": 1, "caption": "x"}]}"#,
            "captions.json: image 1 is there twice"
        ),
        (
            #"{"images": [{"id": 1, "file_name": "b.jpg"}], "annotations": [{"image_id": 1"#,
            "captions.json: is not valid JSON"
        ),
        (#"{"images": [3], "annotations": []}"#, "captions.json: has something that is no object"),
    ])
    func saysWhatIsWrong(json: String, expected: String) throws {
        let folder = try folder([("captions.json", json), ("x/a.jpg", nil), ("y/a.jpg", nil), ("x/b.jpg", nil)])
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.contains(expected), "\(text)")
    }

    @Test func annotationsWithoutCaptionsAreNamed() throws {
        let folder = try folder([("annotations/instances.json", #"{"images": [], "annotations": [{"bbox": [1]}]}"#)])
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.contains("found 1 .json file; no captions in annotations/instances.json"), "\(text)")
    }
}

@Suite struct TextFolderTests {
    @Test func readsBirdsByClassFolders() throws {
        let folder = try folder([
            ("CUB_200_2011/images/001.Albatross/A_1.jpg", nil), ("CUB_200_2011/images/002.Auk/A_1.jpg", nil),
            ("CUB_200_2011/images/002.Auk/spare.jpg", nil),
            ("text_c10/001.Albatross/A_1.txt", "a bird\nwhite\n"), ("text_c10/002.Auk/A_1.txt", "black\n"),
            ("trainclasses.txt", "001.Albatross\r\n"), ("testclasses.txt", "002.Auk\n"),
        ])
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.format == .textFolders)
        #expect(
            described(corpus) == [
                "CUB_200_2011/images/001.Albatross/A_1.jpg: a bird | white [001.Albatross] <train>",
                "CUB_200_2011/images/002.Auk/A_1.jpg: black [002.Auk] <test>",
            ])
        let found = try CorpusInspection(folder: folder.path).problems
        #expect(found.contains { "\($0)" == "CUB_200_2011/images/002.Auk/spare.jpg: is listed by no row" })
    }

    @Test func readsFlowersFromOneFolder() throws {
        let folder = try folder([
            ("jpg/image_00001.jpg", nil), ("text_c10/class_00077/image_00001.txt", "pink\n\n purple "),
        ])
        #expect(
            described(try Corpus(folder: folder.path, split: nil)) == [
                "jpg/image_00001.jpg: pink | purple [class_00077]"
            ])
        try folder.write("x".utf8, to: "text_c10/class_00077/image_00002.txt")
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.contains("text_c10/class_00077/image_00002.txt: there is no image of that name"), "\(text)")
    }
}

@Suite struct LayoutTests {
    @Test func saysWhatWasLookedForAndWhatWasFound() throws {
        let images = try folder([("a.png", nil), ("b.JPG", nil)])
        let text = message { _ = try Corpus(folder: images.path, split: nil) }
        for sign in ["metadata.jsonl", "metadata.csv", "COCO", "text_c10", ".txt", "WebDataset"] {
            #expect(text.contains(sign), "\(text)")
        }
        #expect(text.hasSuffix("found 2 images"), "\(text)")
        let nothing = try TemporaryFolder()
        let empty = message { _ = try Corpus(folder: nothing.path, split: nil) }
        #expect(empty.hasSuffix("found nothing of these"), "\(empty)")
    }

    @Test func parquetIsToldHowToBeConverted() throws {
        let folder = try folder([("data/train-00000.parquet", "PAR1")])
        let text = message { _ = try Corpus(folder: folder.path, split: nil) }
        #expect(text.contains("data/train-00000.parquet: Parquet is not supported; python3 -c"), "\(text)")
        let file = message { _ = try Corpus(folder: folder.path + "/data/train-00000.parquet", split: nil) }
        #expect(file.contains("Parquet is not supported"), "\(file)")
    }

    @Test func textsWithoutImagesGiveANotice() throws {
        let folder = try folder([("1.png", nil), ("1.txt", "x"), ("README.txt", "hello"), (".2.png", nil)])
        #expect(try Corpus(folder: folder.path, split: nil).skipped.total == 0)
        let inspection = try CorpusInspection(folder: folder.path)
        #expect(inspection.counts[.unpairedText] == 1 && CorpusProblem.Kind.unpairedText.isNotice)
        #expect(inspection.problems.contains { "\($0)" == "README.txt: has no image beside it" })
    }
}

@Suite struct BadFilesTests {
    @Test func fewAreLeftOutAndManyAreNot() throws {
        let rows = (0..<200).map { #"{"file_name": "\#($0).png", "text": "x \#($0)"}"# }
        let there = (0..<200).map { "\($0).png" }
        let folder = try TemporaryFolder(metadata: rows, images: there.filter { $0 != "7.png" && $0 != "8.png" })
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.examples.count == 198 && corpus.captions.count == 198)
        #expect(corpus.skipped.description == "2 skipped: 2 missing-image")
        #expect(corpus.skipped.first.map(\.line) == [8, 9])
        #expect(message { _ = try Corpus(folder: folder.path, split: nil, badFiles: .fail) }.contains("7.png does not"))
        try FileManager.default.removeItem(atPath: folder.path + "/9.png")
        #expect(message { _ = try Corpus(folder: folder.path, split: nil) }.contains("(3 of 200 rows are unusable"))
        #expect(try Corpus(folder: folder.path, split: nil, badFiles: .skip).examples.count == 197)
    }

    @Test func countsAllAndNamesTheFirst() {
        var skipped = SkippedItems(keeping: 2)
        #expect("\(skipped)" == "none skipped")
        for row in 0..<5 {
            skipped.add(.init(kind: row == 0 ? .tooLong : .noCaption, file: "\(row)", line: nil, detail: ""))
        }
        #expect(skipped.total == 5 && skipped.first.map(\.file) == ["0", "1"])
        #expect("\(skipped)" == "5 skipped: 1 too-long, 4 no-caption")
    }

    @Test func oneBadCaptionDoesNotTakeItsImageAlong() throws {
        let folder = try TemporaryFolder(
            metadata: [#"{"file_name": "a.png", "text": ["good", "", "bad\u0007"]}"#], images: ["a.png"])
        let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .skip)
        #expect(corpus.examples.map(\.captions) == [["good"]])
        #expect(corpus.skipped.counts == [.noCaption: 1, .controlCharacter: 1])
    }
}
