import Corpora
import Evaluation
import TestSupport
import Testing

/// Whether images have the attribute that their caption names.
@Suite struct AttributeTests {
    private static let rows = [
        #"{"file_name": "a.png", "text": ["red apple", "apple"], "style": "noto", "kind": "x"}"#,
        #"{"file_name": "b.png", "text": ["banana"], "style": "flat 3d", "kind": "y"}"#,
    ]

    private func captions(_ template: String?, rows: [String] = AttributeTests.rows) throws -> AttributeCaptions? {
        let folder = try TemporaryFolder()
        try folder.write(rows.joined(separator: "\n").utf8, to: "metadata.jsonl")
        for image in ["a.png", "b.png"] { try folder.write([], to: image) }
        let options = CorpusOptions(template: try template.map { try CaptionTemplate($0) })
        return AttributeCaptions(try Corpus(folder: folder.path, split: nil, options: options))
    }

    @Test func captionsAreBuiltWithEachValue() throws {
        let found = try #require(try captions("{style}: {text}, in {style} style"))
        #expect(found.column == "style" && found.values == ["flat 3d", "noto"])
        // Plain captions come first.
        #expect(found.positions == [2, 3, 5] && found.own == [1, 1, 0])
        #expect(
            found.candidates == [
                "flat 3d: red apple, in flat 3d style", "noto: red apple, in noto style",
                "flat 3d: apple, in flat 3d style", "noto: apple, in noto style",
                "flat 3d: banana, in flat 3d style", "noto: banana, in noto style",
            ])
    }

    @Test func equalCaptionsAreBuiltOnce() throws {
        let found = try #require(
            try captions(
                "{text}, {style}",
                rows: [
                    #"{"file_name": "a.png", "text": "apple", "style": "noto"}"#,
                    #"{"file_name": "b.png", "text": "apple", "style": "flat"}"#,
                ]))
        #expect(found.own == [1, 0] && found.candidates == ["apple, flat", "apple, noto"])
        // Each image is compared with both.
        let accuracy = try found.accuracy(of: matrix(2, 2, [0, 1, 1, 0]), texts: matrix(2, 2, [1, 0, 0, 1]))
        #expect(accuracy == 1)
    }

    @Test func withoutAColumnOfTwoValuesThereIsNothingToMeasure() throws {
        #expect(try captions(nil) == nil)
        #expect(try captions("{text} {style} {kind}") == nil)
    }

    @Test(arguments: [64, 65]) func aColumnOfTooManyValuesIsNotMeasured(values: Int) throws {
        let rows = (0..<values).map { #"{"file_name": "\#($0).png", "text": "apple", "style": "style \#($0)"}"# }
        let folder = try TemporaryFolder()
        try folder.write(rows.joined(separator: "\n").utf8, to: "metadata.jsonl")
        for image in 0..<values { try folder.write([], to: "\(image).png") }
        let options = CorpusOptions(template: try CaptionTemplate("{text}, {style}"))
        let found = AttributeCaptions(try Corpus(folder: folder.path, split: nil, options: options))
        #expect(found?.values.count == (values == 64 ? 64 : nil))
    }

    @Test func theMostSimilarValueCounts() throws {
        let found = try #require(try captions("{text}, {style} style"))
        let texts = try FeatureMatrix(rows: 6, columns: 2, values: [1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1])
        // The first two images should be nearer to [0, 1], the last to [1, 0]; as similar to both is no hit.
        func accuracy(_ images: [Float]) throws -> Double {
            try found.accuracy(of: FeatureMatrix(rows: 3, columns: 2, values: images), texts: texts)
        }
        #expect(try accuracy([1, 9, 0, 3, 5, 2]) == 1)
        #expect(try accuracy([9, 1, 0, 3, 5, 2]) == 2.0 / 3)
        #expect(try accuracy([1, 1, 1, 1, 1, 1]) == 0)
        // So are those that differ by less than rounding, here 5 · 10⁻⁷.
        let near = matrix(6, 2, [1e-3, 1, 0, 1, 1e-3, 1, 0, 1, 1, 0, 1, 1e-3])
        #expect(try found.accuracy(of: matrix(3, 2, [0, 1, 0, 1, 1, 0]), texts: near) == 0)
    }
}
