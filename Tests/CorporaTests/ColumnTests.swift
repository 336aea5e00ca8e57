import Corpora
import TestSupport
import Testing

/// Class columns and caption templates.
@Suite struct ColumnTests {
    /// Emoji in two styles each.
    private static let rows = [
        #"{"file_name": "a1.png", "text": ["red apple", "apple, fruit"], "emoji": "🍎", "style": "noto"}"#,
        #"{"file_name": "a2.png", "text": ["red apple", "apple, fruit"], "emoji": "🍎", "style": "twemoji"}"#,
        #"{"file_name": "b1.png", "text": ["banana"], "emoji": "🍌", "style": "noto"}"#,
        #"{"file_name": "b2.png", "text": ["banana"], "emoji": "🍌", "style": "twemoji"}"#,
    ]
    private static let images = ["a1.png", "a2.png", "b1.png", "b2.png"]

    private func columns(_ template: String = "{text}, {style} style") throws -> CorpusOptions {
        CorpusOptions(className: "emoji", template: try CaptionTemplate(template))
    }

    private func corpus(_ rows: [String] = rows, options: CorpusOptions) throws -> (TemporaryFolder, Corpus) {
        let folder = try TemporaryFolder(metadata: rows, images: ColumnTests.images)
        return (folder, try Corpus(folder: folder.path, split: nil, badFiles: .skip, options: options))
    }

    @Test func everyCaptionIsFollowedByItsTemplate() throws {
        let (_, corpus) = try corpus(options: columns())
        #expect(
            corpus.examples[1].captions == [
                "red apple", "apple, fruit", "red apple, twemoji style", "apple, fruit, twemoji style",
            ])
        #expect(corpus.templateCaptions(of: 1) == 2..<4 && corpus.templateCaptions(of: 2) == 1..<2)
        #expect(corpus.classes == ["🍌", "🍎"])
        #expect((0..<4).map(corpus.label) == [1, 1, 0, 0])
    }

    @Test func withoutColumnsNothingChanges() throws {
        let (_, corpus) = try corpus(options: CorpusOptions())
        #expect(corpus.examples[0].captions == ["red apple", "apple, fruit"])
        #expect(corpus.templateCaptions(of: 0).isEmpty && corpus.classes.isEmpty)
    }

    @Test func theClassMayBePartOfTheTemplate() throws {
        let (_, corpus) = try corpus(options: columns("{emoji} {text}"))
        #expect(corpus.examples[2].captions == ["banana", "🍌 banana"] && corpus.classes == ["🍌", "🍎"])
    }

    @Test func tablesHaveColumnsToo() throws {
        let folder = try TemporaryFolder()
        for image in ColumnTests.images { try folder.write([], to: image) }
        let table = "file_name,style,text,emoji\na1.png,noto,red apple,A\nb1.png,flat,banana,B\n"
        try folder.write(table.utf8, to: "metadata.csv")
        let corpus = try Corpus(folder: folder.path, split: nil, options: columns())
        #expect(
            corpus.examples.map(\.captions) == [
                ["red apple", "red apple, noto style"], ["banana", "banana, flat style"],
            ])
        #expect(corpus.classes == ["A", "B"])
    }

    /// Captions of a template follow the rules of all captions.
    @Test func builtCaptionsAreCleaned() throws {
        let long = String(repeating: "x", count: 1 << 17)
        let rows =
            Array(ColumnTests.rows[..<2]) + [
                #"{"file_name": "b1.png", "text": "banana", "emoji": "🍌", "style": "no\tto\n"}"#,
                #"{"file_name": "b2.png", "text": "banana", "emoji": "🍌", "style": "\#(long)"}"#,
            ]
        let (_, corpus) = try corpus(rows, options: columns())
        #expect(corpus.examples.count == 3)
        #expect(corpus.examples[2].captions == ["banana", "banana, no to  style"])
        let message = try #require(corpus.skipped.first.first?.description)
        let expected = "metadata.jsonl:4: b2.png has, with the caption template, a caption of 13108"
        #expect(message.hasPrefix(expected), "\(message)")
    }

    @Test func aRowWithoutAColumnOfTheTemplateIsSkippedByName() throws {
        let rows =
            Array(ColumnTests.rows[..<3]) + [#"{"file_name": "b2.png", "text": "banana", "emoji": "🍌", "style": null}"#]
        let (_, corpus) = try corpus(rows, options: columns())
        #expect(corpus.examples.count == 3)
        #expect(
            corpus.skipped.first.map(\.description) == [
                "metadata.jsonl:4: b2.png has no \"style\", which the caption template names"
            ])
    }

    @Test(arguments: [
        ("{text} style", "must contain {text} and another column"),
        ("{style}", "must contain {text} and another column"),
        ("{text} {style", "has an unpaired brace"), ("{text} } {style}", "has an unpaired brace"),
        ("{text} {}", "names no column in a brace"),
    ]) func badTemplatesAreRefused(_ template: String, _ problem: String) {
        let found = message { _ = try CaptionTemplate(template) }
        #expect(found.contains(problem), "\(found)")
    }

    @Test func aCorpusWithoutColumnsIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write([], to: "a.png")
        try folder.write("an apple".utf8, to: "a.txt")
        let found = message { _ = try Corpus(folder: folder.path, split: nil, options: try columns()) }
        #expect(found.contains("needs metadata.jsonl, metadata.csv or .json files"), "\(found)")
    }

    // MARK: Classes

    /// A class of nearly all images would leave no negatives.
    @Test func aClassOfMoreThanThreeQuartersIsDominant() throws {
        func corpus(_ classes: [String]) throws -> Corpus {
            let rows = classes.enumerated().map {
                #"{"file_name": "\#($0).png", "text": "image \#($0)", "class": "\#($1)"}"#
            }
            let folder = try TemporaryFolder(metadata: rows, images: classes.indices.map { "\($0).png" })
            return try Corpus(folder: folder.path, split: nil)
        }
        #expect(try corpus(["a", "a", "a", "b"]).dominantClass == nil)
        let skewed = try corpus(["a", "a", "a", "a", "b"])
        let dominant = try #require(skewed.dominantClass)
        #expect(dominant.name == "a" && dominant.share == 0.8)
        let without = skewed.withoutClasses()
        #expect(without.classes.isEmpty && (0..<5).allSatisfy { without.label(of: $0) == nil })
        #expect(without.examples.map(\.captions) == skewed.examples.map(\.captions))
        #expect(without.dominantClass == nil)
        #expect(try corpus(["a", "a"]).dominantClass?.share == 1)
    }

    // MARK: Pairs

    @Test func halfOfTheCaptionsAreThoseOfTheTemplate() throws {
        let (_, corpus) = try corpus(options: columns())
        let sampler = try PairSampler(corpus: corpus, seed: 1, flips: false)
        let built = sampler.pairs(0..<4000).count { (pair: SampledPair) in
            corpus.templateCaptions(of: pair.caption.example).contains(pair.caption.caption)
        }
        #expect((1850...2150).contains(built))
    }

    @Test func someMismatchesChangeTheAttributeAlone() throws {
        let (_, corpus) = try corpus(options: columns())
        let plain = try PairSampler(corpus: corpus, seed: 1, flips: false)
        for pair in plain.pairs(0..<400) {
            #expect(corpus.label(of: pair.caption.example) != corpus.label(of: pair.mismatch.example))
        }
        let sampler = try PairSampler(corpus: corpus, seed: 1, flips: false, attributeMismatches: 0.25)
        var count = 0
        for pair in sampler.pairs(0..<4000) {
            let (own, other) = (pair.caption.example, pair.mismatch.example)
            guard corpus.label(of: own) == corpus.label(of: other) else { continue }
            count += 1
            #expect(own != other && corpus.templateCaptions(of: other).contains(pair.mismatch.caption))
        }
        // Half of the tries find the image itself, and eight are made.
        #expect((850...1150).contains(count))
        // The images, captions and other draws are those of a sampler without.
        #expect(plain.pairs(0..<400).map(\.caption) == sampler.pairs(0..<400).map(\.caption))
    }

    @Test func imagesOfOneClassFollowEachOtherWhereAsked() throws {
        let (_, corpus) = try corpus(options: columns())
        func classes(imagesPerClass: Int) throws -> [[Int?]] {
            let sampler = try PairSampler(corpus: corpus, seed: 1, flips: false, imagesPerClass: imagesPerClass)
            return (0..<100).map { epoch in
                let examples = sampler.pairs(4 * epoch..<4 * epoch + 4).map(\.caption.example)
                #expect(examples.sorted() == [0, 1, 2, 3])
                return examples.map(corpus.label)
            }
        }
        // Both orders of the classes occur; a longer run ends with the class.
        for imagesPerClass in [2, 5] {
            #expect(try Set(classes(imagesPerClass: imagesPerClass)) == [[0, 0, 1, 1], [1, 1, 0, 0]])
        }
        #expect(try Set(classes(imagesPerClass: 1)).count == 6)
    }

    @Test func captionsOfTheSameClassMayDescribeAnImageUnlessTheyNameAttributes() throws {
        let (_, corpus) = try corpus(options: columns())
        func may(_ example: Int, _ other: Int, _ caption: Int) -> Bool {
            corpus.mayDescribe(
                corpus.reference(example: other, caption: caption),
                imageOf: corpus.reference(example: example, caption: 0))
        }
        #expect(may(0, 0, 0) && may(0, 0, 3), "its own")
        #expect(may(0, 1, 0) && may(0, 1, 1), "another image of the class")
        #expect(!may(0, 1, 2) && !may(0, 1, 3), "in another style")
        #expect(!may(0, 2, 0) && !may(0, 3, 1), "another class")
    }

    @Test func aCaptionOfTheSameTextMayDescribeTheImage() throws {
        let captions = ["a Red rose", "A red ROSE", "a red road"]
        let folder = try TemporaryFolder(
            metadata: captions.enumerated().map { index, text in
                "{\"file_name\": \"\(index).png\", \"text\": \"\(text)\"}"
            },
            images: captions.indices.map { "\($0).png" })
        defer { withExtendedLifetime(folder) {} }
        let corpus = try Corpus(folder: folder.path, split: nil)
        let references = (0..<3).map { corpus.reference(example: $0, caption: 0) }
        #expect(corpus.mayDescribe(references[1], imageOf: references[0]))
        #expect(!corpus.mayDescribe(references[2], imageOf: references[0]))
    }
}
