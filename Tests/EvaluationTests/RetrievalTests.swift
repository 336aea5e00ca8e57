import Evaluation
import RandomStreams
import Testing

/// `count` unrelated vectors.
private func noise(_ count: Int, width: Int, _ purpose: String) -> FeatureMatrix {
    var stream = RandomStream(seed: 3, purpose: purpose)
    return matrix(count, width, stream.normals(count * width))
}

@Suite("R-precision")
struct RetrievalPrecisionTests {
    /// 200 captions of 100 classes, two each.
    let captions = noise(200, width: 16, "captions")
    let classes = (0..<200).map { $0 / 2 }

    @Test("is 1 for images that lie where their captions do, whatever their length")
    func perfect() throws {
        let images = matrix(200, 16, captions.values.map { $0 * 7 })
        let precision = try RetrievalPrecision(
            images: images, truths: Array(0..<200), captions: captions, classes: classes, seed: 1)
        #expect(precision.mean == 1 && precision.deviation == 0)
        #expect(precision.ranks.count == 200)
    }

    @Test("counts folds by every tenth image")
    func folds() throws {
        // Images 0, 10, 20, … point away from their captions: one fold of ten misses.
        let values = captions.values.enumerated().map { ($0.offset / 16) % 10 == 0 ? -$0.element : $0.element }
        let precision = try RetrievalPrecision(
            images: matrix(200, 16, values), truths: Array(0..<200), captions: captions, classes: classes, seed: 1)
        #expect(abs(precision.mean - 0.9) < 1e-12)
        #expect(abs(precision.deviation - 0.3) < 1e-12)
    }

    @Test("ranks are 1 for hits, and the number of candidates for an image that points away from its caption")
    func ranks() throws {
        let values = captions.values.enumerated().map { $0.offset / 16 == 4 ? -$0.element : $0.element }
        let precision = try RetrievalPrecision(
            images: matrix(200, 16, values), truths: Array(0..<200), captions: captions, classes: classes, seed: 1)
        #expect(precision.ranks == (0..<200).map { $0 == 4 ? 100 : 1 })
    }

    @Test("is about 1 % for unrelated images, and the same for a seed")
    func chance() throws {
        let images = noise(5000, width: 16, "images")
        let truths = (0..<5000).map { $0 % 200 }
        let precision = try RetrievalPrecision(
            images: images, truths: truths, captions: captions, classes: classes, seed: 1)
        // The deviation of 5,000 draws of probability 0.01 is 0.0014.
        #expect(abs(precision.mean - 0.01) < 0.0045)
        #expect(
            try RetrievalPrecision(images: images, truths: truths, captions: captions, classes: classes, seed: 1)
                == precision)
        #expect(
            try RetrievalPrecision(images: images, truths: truths, captions: captions, classes: classes, seed: 2)
                != precision)
    }

    @Test("captions of the own class are no negatives")
    func ownClass() throws {
        // Every class has one direction, so that the caption of the same class ties, and only negatives of other classes count.
        let directions = captions.values.enumerated().map { captions.values[$0.offset / 32 * 32 + $0.offset % 16] }
        let vectors = matrix(200, 16, directions)
        let precision = try RetrievalPrecision(
            images: vectors, truths: Array(0..<200), captions: vectors, classes: classes, negatives: 198, seed: 1)
        #expect(precision.mean == 1)
    }

    @Test("equal captions of other classes are no negatives")
    func equalTexts() throws {
        // Caption i of each class of 16 is equal to caption i of every other.
        let vectors = matrix(200, 16, captions.values.indices.map { captions.values[$0 % 256] })
        let texts = (0..<200).map { $0 % 16 }
        let precision = try RetrievalPrecision(
            images: vectors, truths: Array(0..<200), captions: vectors, classes: Array(0..<200), texts: texts,
            negatives: 180, seed: 1)
        #expect(precision.mean == 1)
        let whole = try RetrievalPrecision(
            images: vectors, truths: Array(0..<200), captions: vectors, classes: Array(0..<200), negatives: 180, seed: 1
        )
        #expect(whole.mean == 0)
        #expect(throws: EvaluationError.tooFew("captions of other classes", found: 187, needed: 188)) {
            try RetrievalPrecision(
                images: vectors, truths: Array(0..<200), captions: vectors, classes: Array(0..<200), texts: texts,
                negatives: 188, seed: 1)
        }
    }

    @Test("what the captions lack is known without images")
    func requirement() {
        let texts = (0..<200).map { $0 % 16 }
        #expect(throws: Never.self) {
            try RetrievalPrecision.requireEnough(classes: Array(0..<200), texts: texts, negatives: 187)
        }
        #expect(throws: EvaluationError.tooFew("captions of other classes", found: 187, needed: 188)) {
            try RetrievalPrecision.requireEnough(classes: Array(0..<200), texts: texts, negatives: 188)
        }
        #expect(throws: EvaluationError.tooFew("captions of other classes", found: 198, needed: 199)) {
            try RetrievalPrecision.requireEnough(classes: classes, texts: Array(0..<200), negatives: 199)
        }
        // Of each text two captions in its own class, which are not excluded twice, and two in the next.
        #expect(throws: EvaluationError.tooFew("captions of other classes", found: 196, needed: 197)) {
            try RetrievalPrecision.requireEnough(classes: classes, texts: (0..<200).map { $0 / 4 }, negatives: 197)
        }
        #expect(throws: EvaluationError.tooFew("images for R-precision", found: 9, needed: 10)) {
            try RetrievalPrecision.requireEnough(classes: Array(0..<9), texts: Array(0..<9), negatives: 1)
        }
    }

    /// A second; if each caption were compared with all others of its text, minutes.
    @Test("many captions of few texts are checked in linear time", .timeLimit(.minutes(1)))
    func fewTexts() {
        let count = 500_000
        #expect(throws: EvaluationError.tooFew("captions of other classes", found: count / 2, needed: count / 2 + 1)) {
            try RetrievalPrecision.requireEnough(
                classes: Array(0..<count), texts: (0..<count).map { $0 % 2 }, negatives: count / 2 + 1)
        }
        #expect(throws: Never.self) {
            try RetrievalPrecision.requireEnough(classes: Array(0..<count), texts: (0..<count).map { $0 % 2 })
        }
    }

    @Test("every caption of another text is as often a negative")
    func repeatedTexts() throws {
        // Captions 0 to 19 have one text, and 20 to 39 texts of their own, of which only the last is nearer than the own caption.
        let vectors = (0..<40).flatMap { caption -> [Float] in
            caption == 39 ? [1, 0] : caption == 0 ? [1, 1] : [0, 1]
        }
        let precision = try RetrievalPrecision(
            images: matrix(1000, 2, (0..<1000).flatMap { _ -> [Float] in [1, 0] }),
            truths: [Int](repeating: 0, count: 1000), captions: matrix(40, 2, vectors),
            classes: Array(0..<40), texts: (0..<40).map { max($0, 19) }, negatives: 1, seed: 1)
        // One in twenty; the standard deviation of 1,000 draws is 0.007.
        #expect(abs(precision.mean - 0.95) < 0.03)
    }

    @Test("the numbers of texts are equal where texts are, whatever their case")
    func numbersOfTexts() { #expect(textNumbers(["a", "B", "A", "b", "c"]) == [0, 1, 0, 1, 2]) }

    @Test("a tie is a miss")
    func ties() throws {
        let same = matrix(200, 3, (0..<600).map { [0.3, 0.1, 0.7][$0 % 3] })
        let precision = try RetrievalPrecision(
            images: same, truths: Array(0..<200), captions: same, classes: classes, seed: 1)
        #expect(precision.mean == 0)
    }

    @Test("refuses sizes that do not agree and features without direction")
    func degenerate() {
        func precision(
            _ images: FeatureMatrix, _ truths: [Int], classes: [Int]? = nil, negatives: Int = 99
        ) throws -> RetrievalPrecision {
            try RetrievalPrecision(
                images: images, truths: truths, captions: captions, classes: classes ?? self.classes,
                negatives: negatives,
                seed: 1)
        }
        let images = noise(10, width: 16, "images")
        #expect(throws: Never.self) { try precision(images, Array(0..<10)) }
        #expect(throws: EvaluationError.self) { try precision(images, Array(0..<9)) }
        #expect(throws: EvaluationError.self) { try precision(images, Array(191..<201)) }
        #expect(throws: EvaluationError.self) { try precision(images, Array(0..<10), classes: [1]) }
        #expect(throws: EvaluationError.tooFew("captions of other classes", found: 198, needed: 199)) {
            try precision(images, Array(0..<10), negatives: 199)
        }
        #expect(throws: EvaluationError.self) { try precision(images, Array(0..<10), negatives: 0) }
        #expect(throws: EvaluationError.self) { try precision(noise(9, width: 16, "images"), Array(0..<9)) }
        #expect(throws: EvaluationError.self) { try precision(noise(10, width: 15, "images"), Array(0..<10)) }
        #expect(throws: EvaluationError.zeroRow("features of images", row: 0)) {
            try precision(matrix(10, 16, [Float](repeating: 0, count: 160)), Array(0..<10))
        }
    }
}

@Suite("Retrieval recall")
struct RetrievalRecallTests {
    @Test("counts ranks in both directions")
    func ranks() throws {
        // Cosines, image by caption: [1, 0, .8], [0, 1, .6], [1, 0, .8]. Captions are at ranks 1, 1 and 2
        // for the images; image 0 ties with image 2 and is at rank 2 for its caption, as is image 2, and image 1 at rank 1.
        let images = matrix(3, 2, [1, 0, 0, 2, 3, 0])
        let captions = matrix(3, 2, [1, 0, 0, 1, 0.8, 0.6])
        let recall = try retrieval(images: images, captions: captions, atRanks: [1, 2])
        #expect(recall.count == 3)
        #expect(recall.ranks.map(\.rank) == [1, 2])
        #expect(recall.ranks.map(\.imageToText) == [2.0 / 3, 1])
        #expect(recall.ranks.map(\.textToImage) == [1.0 / 3, 1])
    }

    @Test("others of the same class are no negatives")
    func classes() throws {
        let images = matrix(3, 2, [1, 0, 0, 2, 3, 0])
        let captions = matrix(3, 2, [1, 0, 0, 1, 0.8, 0.6])
        let recall = try retrieval(images: images, captions: captions, classes: [0, 1, 0], atRanks: [1])
        #expect(recall.negatives == 4.0 / 3)
        #expect(recall.ranks.map(\.imageToText) == [1])
        #expect(recall.ranks.map(\.textToImage) == [1])
    }

    @Test("others of the same caption are no negatives")
    func equalCaptions() throws {
        let images = matrix(3, 2, [1, 0, 0, 2, 3, 0])
        let captions = matrix(3, 2, [1, 0, 0, 1, 0.8, 0.6])
        let recall = try retrieval(images: images, captions: captions, texts: [7, 1, 7], atRanks: [1])
        #expect(recall.negatives == 4.0 / 3)
        #expect(recall.ranks.map(\.imageToText) == [1])
        let both = try retrieval(
            images: images, captions: captions, classes: [0, 0, 1], texts: [7, 1, 7], atRanks: [1])
        #expect(both.negatives == 2.0 / 3)
    }

    @Test("is the same in blocks: rank r in r of N for unrelated rows")
    func chance() throws {
        let recall = try retrieval(
            images: noise(1000, width: 8, "images"), captions: noise(1000, width: 8, "captions"),
            atRanks: [1, 100, 1000])
        #expect(recall.ranks[0].imageToText < 0.01)
        #expect(abs(recall.ranks[1].imageToText - 0.1) < 0.03)
        #expect(abs(recall.ranks[1].textToImage - 0.1) < 0.03)
        #expect(recall.ranks[2].textToImage == 1)
        let same = try retrieval(
            images: noise(1000, width: 8, "images"), captions: noise(1000, width: 8, "images"), atRanks: [1])
        #expect(same.ranks[0].imageToText == 1 && same.ranks[0].textToImage == 1)
    }

    @Test("refuses sizes that do not agree")
    func degenerate() {
        let three = matrix(3, 1, [1, 2, 3])
        #expect(throws: EvaluationError.self) { try retrieval(images: three, captions: matrix(2, 1, [1, 2])) }
        #expect(throws: EvaluationError.self) { try retrieval(images: three, captions: three, classes: [1]) }
        #expect(throws: EvaluationError.self) { try retrieval(images: three, captions: three, atRanks: [0]) }
        #expect(throws: EvaluationError.self) { try retrieval(images: matrix(0, 1, []), captions: matrix(0, 1, [])) }
    }
}
