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
    /// The negatives of an image are drawn without replacement from the captions of other classes than that of its own caption,
    /// by a random stream keyed by the seed and the image's index. So generated images, real images (the upper bound) and
    /// nearest training images have the same negatives for equal `truths`. A hit is an own caption with a higher cosine similarity
    /// than every negative; a tie is a miss.
    ///
    /// - Parameters:
    ///   - images: features of the images `[N, D]`, N ≥ 10, of any norm.
    ///   - truths: for each image, the row of its caption in `captions`.
    ///   - captions: features of all captions `[M, D]`, of any norm.
    ///   - classes: the class of each caption.
    ///   - negatives: number of negatives per image; chance is `1 / (negatives + 1)`.
    ///   - seed: of the choice of negatives.
    /// - Throws: ``EvaluationError`` for different sizes, too few images or captions of other classes, and
    ///   features that are zero or not finite.
    package init(
        images: FeatureMatrix, truths: [Int], captions: FeatureMatrix, classes: [Int], negatives: Int = 99, seed: UInt64
    ) throws {
        try images.requireSameWidth(as: captions)
        guard images.rows >= Self.folds else {
            throw EvaluationError.tooFew("images for R-precision", found: images.rows, needed: Self.folds)
        }
        guard negatives >= 1 else {
            throw EvaluationError.tooFew("negative captions for R-precision", found: negatives, needed: 1)
        }
        guard truths.count == images.rows else {
            throw EvaluationError.mismatch("true captions of images", expected: images.rows, found: truths.count)
        }
        guard classes.count == captions.rows else {
            throw EvaluationError.mismatch("classes of captions", expected: captions.rows, found: classes.count)
        }
        if let wrong = truths.first(where: { $0 < 0 || $0 >= captions.rows }) {
            throw EvaluationError.outOfRange("true caption of an image", found: wrong, count: captions.rows)
        }
        let images = try images.normalized("features of images")
        let captions = try captions.normalized("features of captions")
        let pool = NegativePool(classes: classes)

        ranks = try truths.enumerated().map { query, truth in
            var stream = RandomStream(seed: seed, purpose: "evaluation.retrievalPrecision", index: UInt64(query))
            let own = similarity(images, query, captions, truth)
            let others = try pool.draw(negatives, excluding: classes[truth], from: &stream)
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
}

/// Cosine similarities that differ by less count as equal: in float32, products of equal rows differ by as much.
let tieMargin: Float = 1e-6

/// The inner product of one row of each matrix.
private func similarity(_ a: FeatureMatrix, _ rowA: Int, _ b: FeatureMatrix, _ rowB: Int) -> Float {
    innerProduct(a.values, from: rowA * a.columns, b.values, from: rowB * b.columns, length: a.columns)
}

/// Captions sorted by class, so that all captions but those of one class are two ranges.
private struct NegativePool {
    private let captions: [Int]
    private let ranges: [Int: Range<Int>]

    init(classes: [Int]) {
        let captions = classes.indices.sorted { (classes[$0], $0) < (classes[$1], $1) }
        var ranges: [Int: Range<Int>] = [:]
        for (index, caption) in captions.enumerated() {
            let start = ranges[classes[caption]]?.lowerBound ?? index
            ranges[classes[caption]] = start..<index + 1
        }
        self.captions = captions
        self.ranges = ranges
    }

    func draw(_ count: Int, excluding excluded: Int, from stream: inout RandomStream) throws -> [Int] {
        let gap = ranges[excluded] ?? 0..<0
        let available = captions.count - gap.count
        guard available >= count else {
            throw EvaluationError.tooFew("captions of other classes", found: available, needed: count)
        }
        return stream.distinct(count, below: available).map { captions[$0 < gap.lowerBound ? $0 : $0 + gap.count] }
    }
}
