import COpenBLAS
import RandomStreams

/// R-precision: how often an image's own caption is the nearest of a hundred (Xu et al. 2018, section 4.1).
package struct RetrievalPrecision: Codable, Hashable, Sendable {
    /// The share of hits, 0…1, mean over the folds.
    package let mean: Double
    /// The standard deviation over the folds (divisor: their number).
    package let deviation: Double
    /// The number of images asked about.
    package let queries: Int
    /// The number of captions each image chose from, its own included; chance is one in so many.
    package let candidates: Int

    /// The number of folds: image i is in fold i mod 10, so that images in order of class spread over all.
    package static let folds = 10

    /// Whether rows of `images` find their captions among captions of **other classes**.
    ///
    /// Each image's negatives are drawn without replacement from the captions whose class is not that of its own
    /// caption, from a stream named by the seed and the image's number: generated images, real ones (the ceiling),
    /// nearest training images and images with shuffled captions (chance) face the same negatives for equal `truths`.
    /// A hit is a caption nearer by cosine than every rival; a tie is a miss.
    ///
    /// - Parameters:
    ///   - images: features of the images `[N, D]`, N ≥ 10, of any length.
    ///   - truths: for each image the row of its caption in `captions`.
    ///   - captions: features of all captions `[M, D]`, of any length.
    ///   - classes: the class of each caption.
    ///   - negatives: how many wrong captions each image sees.
    ///   - seed: names the negatives, together with the image's number.
    /// - Throws: ``EvaluationError`` for sizes that do not agree, too few images or captions of other classes, and
    ///   features that are zero or not finite.
    package init(
        images: FeatureMatrix, truths: [Int], captions: FeatureMatrix, classes: [Int], negatives: Int = 99, seed: UInt64
    ) throws {
        try images.requireSameWidth(as: captions)
        guard images.rows >= Self.folds else {
            throw EvaluationError.tooFew("images for R-precision", found: images.rows, needed: Self.folds)
        }
        guard negatives >= 1 else {
            throw EvaluationError.tooFew("rival captions for R-precision", found: negatives, needed: 1)
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
        let pool = RivalPool(classes: classes)

        var hits = [Int](repeating: 0, count: Self.folds)
        var asked = hits
        for (query, truth) in truths.enumerated() {
            var stream = RandomStream(seed: seed, purpose: "evaluation.retrievalPrecision", index: UInt64(query))
            let own = similarity(images, query, captions, truth)
            let others = try pool.draw(negatives, besides: classes[truth], from: &stream)
            let hit = others.allSatisfy { own > similarity(images, query, captions, $0) + tieMargin }
            hits[query % Self.folds] += hit ? 1 : 0
            asked[query % Self.folds] += 1
        }
        (mean, deviation) = meanAndDeviation(zip(hits, asked).map { Double($0) / Double($1) })
        queries = images.rows
        candidates = negatives + 1
    }
}

/// Cosine similarities of unit rows that differ by less are equal: products in single precision differ by as much
/// between equal rows.
let tieMargin: Float = 1e-6

/// The inner product of one row of each.
private func similarity(_ a: FeatureMatrix, _ rowA: Int, _ b: FeatureMatrix, _ rowB: Int) -> Float {
    a.values.withUnsafeBufferPointer { x in
        b.values.withUnsafeBufferPointer { y in
            cblas_sdot(
                Int32(a.columns), x.baseAddress! + rowA * a.columns, 1, y.baseAddress! + rowB * b.columns, 1)
        }
    }
}

/// Captions in order of class, so that "all but one class" is two ranges.
private struct RivalPool {
    private let captions: [Int]
    private let ranges: [Int: Range<Int>]

    init(classes: [Int]) {
        let captions = classes.indices.sorted { (classes[$0], $0) < (classes[$1], $1) }
        var ranges: [Int: Range<Int>] = [:]
        for (place, caption) in captions.enumerated() {
            let start = ranges[classes[caption]]?.lowerBound ?? place
            ranges[classes[caption]] = start..<place + 1
        }
        self.captions = captions
        self.ranges = ranges
    }

    func draw(_ count: Int, besides excluded: Int, from stream: inout RandomStream) throws -> [Int] {
        let gap = ranges[excluded] ?? 0..<0
        let available = captions.count - gap.count
        guard available >= count else {
            throw EvaluationError.tooFew("captions of other classes", found: available, needed: count)
        }
        return stream.distinct(count, below: available).map { captions[$0 < gap.lowerBound ? $0 : $0 + gap.count] }
    }
}
