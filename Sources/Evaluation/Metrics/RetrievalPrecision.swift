import RandomStreams

/// R-precision: how often an image's own caption is the most similar of a hundred (Xu et al. 2018, section 4.1).
package struct RetrievalPrecision: Hashable, Sendable {
    /// The share of hits, 0…1, mean over the folds.
    package let mean: Double
    /// The standard deviation over the folds (divisor: their number).
    package let deviation: Double
    /// For each image, the rank of its own caption, from 1, which is a hit, to the number of captions compared with it.
    package let ranks: [Int]

    /// The number of folds: image i is in fold i mod 10, so that images sorted by class spread over all folds.
    package static let folds = 10

    /// Compares each image with its own caption and with captions of **other classes**.
    ///
    /// The negatives of an image are drawn without replacement from the captions of other classes than that of its own caption, and
    /// of other texts, by a random stream keyed by the seed and the image's index. So generated images, real images (the upper bound) and
    /// nearest training images have the same negatives for equal `truths`. A hit is an own caption with a higher cosine similarity
    /// than every negative; a tie is a miss.
    ///
    /// - Parameters:
    ///   - images: features of the images `[N, D]`, N ≥ 10, of any norm.
    ///   - truths: for each image, the row of its caption in `captions`.
    ///   - captions: features of all captions `[M, D]`, of any norm.
    ///   - classes: the class of each caption.
    ///   - texts: a number for each caption that equal captions share; nil if all differ.
    ///   - negatives: number of negatives per image; chance is `1 / (negatives + 1)`.
    ///   - seed: of the choice of negatives.
    /// - Throws: ``EvaluationError`` for different sizes, too few images or captions of other classes, and
    ///   features that are zero or not finite.
    package init(
        images: FeatureMatrix, truths: [Int], captions: FeatureMatrix, classes: [Int], texts: [Int]? = nil,
        negatives: Int = 99, seed: UInt64
    ) throws {
        try images.requireSameWidth(as: captions)
        try Self.requireFolds(images: images.rows)
        guard negatives >= 1 else {
            throw EvaluationError.tooFew("negative captions for R-precision", found: negatives, needed: 1)
        }
        guard truths.count == images.rows else {
            throw EvaluationError.mismatch("true captions of images", expected: images.rows, found: truths.count)
        }
        guard classes.count == captions.rows else {
            throw EvaluationError.mismatch("classes of captions", expected: captions.rows, found: classes.count)
        }
        if let texts, texts.count != captions.rows {
            throw EvaluationError.mismatch("texts of captions", expected: captions.rows, found: texts.count)
        }
        if let wrong = truths.first(where: { $0 < 0 || $0 >= captions.rows }) {
            throw EvaluationError.outOfRange("true caption of an image", found: wrong, count: captions.rows)
        }
        let images = try images.normalized("features of images")
        let captions = try captions.normalized("features of captions")
        let pool = NegativePool(classes: classes, texts: texts)

        ranks = try truths.enumerated().map { query, truth in
            var stream = RandomStream(seed: seed, purpose: "evaluation.retrievalPrecision", index: UInt64(query))
            let own = similarity(images, query, captions, truth)
            let others = try pool.draw(negatives, for: truth, from: &stream)
            return 1 + others.count { own <= similarity(images, query, captions, $0) + tieMargin }
        }
        var hits = [Int](repeating: 0, count: Self.folds)
        var total = hits
        for (query, rank) in ranks.enumerated() {
            hits[query % Self.folds] += rank == 1 ? 1 : 0
            total[query % Self.folds] += 1
        }
        (mean, deviation) = meanAndDeviation(zip(hits, total).map { Double($0) / Double($1) })
    }

    /// Checks that one image per caption could be measured, before there is any.
    /// - Parameters:
    ///   - classes: the class of each caption.
    ///   - texts: a number for each caption that equal captions share.
    ///   - negatives: number of negatives per image.
    /// - Throws: `EvaluationError.tooFew`, as `init` does for too few images or captions of other classes.
    package static func requireEnough(classes: [Int], texts: [Int], negatives: Int = 99) throws(EvaluationError) {
        try requireFolds(images: classes.count)
        let pool = NegativePool(classes: classes, texts: texts)
        for caption in classes.indices { _ = try pool.excluded(for: caption, leaving: negatives) }
    }

    private static func requireFolds(images: Int) throws(EvaluationError) {
        guard images >= folds else {
            throw EvaluationError.tooFew("images for R-precision", found: images, needed: folds)
        }
    }
}

/// A number for each text that equal texts share, whatever the case of their letters.
package func textNumbers(_ texts: [String]) -> [Int] {
    var numbers: [String: Int] = [:]
    return texts.map { text in
        let key = text.lowercased()
        defer { numbers[key] = numbers[key] ?? numbers.count }
        return numbers[key] ?? numbers.count
    }
}

/// Cosine similarities that differ by less count as equal: in float32, products of equal rows differ by as much.
let tieMargin: Float = 1e-6

/// The inner product of one row of each matrix.
func similarity(_ a: FeatureMatrix, _ rowA: Int, _ b: FeatureMatrix, _ rowB: Int) -> Float {
    innerProduct(a.values, from: rowA * a.columns, b.values, from: rowB * b.columns, length: a.columns)
}

/// Captions sorted by class, so that all captions but those of one class are two ranges.
private struct NegativePool {
    private let captions: [Int]
    private let ranges: [Int: Range<Int>]
    private let classes: [Int]
    private let texts: [Int]?
    /// Numbers of captions: of each text, and of each text within each class. Queries subtract them, since scanning the captions of
    /// a text for each of its captions would take time that grows with the square of their number.
    private let copies: [Int: Int]
    private let copiesInClass: [ClassText: Int]

    /// A text within a class.
    private struct ClassText: Hashable {
        let label: Int
        let text: Int
    }

    init(classes: [Int], texts: [Int]?) {
        (self.classes, self.texts) = (classes, texts)
        var copies: [Int: Int] = [:]
        var copiesInClass: [ClassText: Int] = [:]
        for (label, text) in zip(classes, texts ?? []) {
            copies[text, default: 0] += 1
            copiesInClass[ClassText(label: label, text: text), default: 0] += 1
        }
        (self.copies, self.copiesInClass) = (copies, copiesInClass)
        let captions = classes.indices.sorted { (classes[$0], $0) < (classes[$1], $1) }
        var ranges: [Int: Range<Int>] = [:]
        for (index, caption) in captions.enumerated() {
            let start = ranges[classes[caption]]?.lowerBound ?? index
            ranges[classes[caption]] = start..<index + 1
        }
        self.captions = captions
        self.ranges = ranges
    }

    /// What is no negative of caption `truth`: the range of its class, and the number of captions of its text in other classes.
    /// - Throws: `EvaluationError.tooFew` if fewer than `count` captions are left.
    func excluded(for truth: Int, leaving count: Int) throws(EvaluationError) -> (gap: Range<Int>, equal: Int) {
        let label = classes[truth]
        let gap = ranges[label] ?? 0..<0
        var equal = 0
        if let text = texts?[truth] {
            equal = copies[text, default: 0] - copiesInClass[ClassText(label: label, text: text), default: 0]
        }
        let found = captions.count - gap.count - equal
        guard found >= count else {
            throw EvaluationError.tooFew("captions of other classes", found: found, needed: count)
        }
        return (gap, equal)
    }

    /// Captions of other classes and texts than caption `truth`.
    func draw(_ count: Int, for truth: Int, from stream: inout RandomStream) throws(EvaluationError) -> [Int] {
        let (gap, equal) = try excluded(for: truth, leaving: count)
        // As many more as could be of the same text.
        var drawn = stream.distinct(count + equal, below: captions.count - gap.count)
        // The drawn set is random but its order is not, and only the first of them are taken.
        if equal > 0 { drawn = stream.shuffled(drawn) }
        let negatives = drawn.map { captions[$0 < gap.lowerBound ? $0 : $0 + gap.count] }
        return Array(negatives.lazy.filter { texts == nil || texts?[$0] != texts?[truth] }.prefix(count))
    }
}

/// The mean and the population standard deviation.
private func meanAndDeviation(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    return (mean, variance.squareRoot())
}
