/// Recall at several ranks over a set of matching images and captions, in both directions.
package struct RetrievalRecall: Codable, Hashable, Sendable {
    /// Recall at one rank, 0…1.
    package struct AtRank: Codable, Hashable, Sendable {
        /// The rank k: a match among the k nearest rows counts.
        package let rank: Int
        /// The share of images whose caption is among the `rank` nearest captions.
        package let imageToText: Double
        /// The share of captions whose image is among the `rank` nearest images.
        package let textToImage: Double
    }

    /// One entry per requested rank, in order.
    package let ranks: [AtRank]
    /// The number of pairs.
    package let count: Int
    /// The mean number of negatives of a query, which are the pairs of other classes; recall decreases with it.
    package let negatives: Double
}

/// Recall of captions by images and of images by captions, by cosine similarity. A negative as near as the match ranks before
/// it.
///
/// - Parameters:
///   - images: features of the images `[N, D]`, of any norm.
///   - captions: features of the captions `[N, D]`; row i belongs to row i of `images`.
///   - classes: the class of each pair; pairs of the same class are not negatives of each other, as their captions may fit both.
///     nil: all pairs are.
///   - ranks: the ranks k, each at least 1.
/// - Throws: ``EvaluationError`` for different sizes, an empty set, and features that are zero or not finite.
package func retrieval(
    images: FeatureMatrix, captions: FeatureMatrix, classes: [Int]? = nil, atRanks ranks: [Int] = [1, 5, 10]
) throws -> RetrievalRecall {
    try images.requireSameWidth(as: captions)
    let count = images.rows
    guard count >= 1 else { throw EvaluationError.tooFew("pairs for retrieval", found: 0, needed: 1) }
    guard captions.rows == count else {
        throw EvaluationError.mismatch("captions of images", expected: count, found: captions.rows)
    }
    if let classes, classes.count != count {
        throw EvaluationError.mismatch("classes of pairs", expected: count, found: classes.count)
    }
    if let least = ranks.min(), least < 1 { throw EvaluationError.tooFew("rows per query", found: least, needed: 1) }

    let images = try images.normalized("features of images")
    let captions = try captions.normalized("features of captions")
    let captionRanks = ranksOfMatches(queries: images, answers: captions, classes: classes)
    let imageRanks = ranksOfMatches(queries: captions, answers: images, classes: classes)
    func share(_ found: [Int], _ rank: Int) -> Double { Double(found.count { $0 <= rank }) / Double(count) }
    return RetrievalRecall(
        ranks: ranks.map { .init(rank: $0, imageToText: share(captionRanks, $0), textToImage: share(imageRanks, $0)) },
        count: count, negatives: meanNegatives(of: count, classes: classes))
}

private func meanNegatives(of count: Int, classes: [Int]?) -> Double {
    guard let classes else { return Double(count - 1) }
    let sizes = Dictionary(grouping: classes) { $0 }.values.map(\.count)
    return Double(sizes.reduce(0) { $0 + $1 * (count - $1) }) / Double(count)
}

/// For each query row, the rank, from 1, of the answer row of the same index.
private func ranksOfMatches(queries: FeatureMatrix, answers: FeatureMatrix, classes: [Int]?) -> [Int] {
    var found: [Int] = []
    // In blocks of queries, to bound the memory for similarities.
    for start in stride(from: 0, to: queries.rows, by: 256) {
        let block = start..<min(start + 256, queries.rows)
        let rows = Array(queries.values[block.lowerBound * queries.columns..<block.upperBound * queries.columns])
        let similarities = products(rows, block.count, answers.values, answers.rows, length: queries.columns)
        for query in block {
            let row = similarities[(query - start) * answers.rows..<(query - start + 1) * answers.rows]
            let threshold = row[row.startIndex + query] - tieMargin
            var rank = 1
            for (answer, similarity) in row.enumerated() where similarity >= threshold && answer != query {
                if let classes, classes[answer] == classes[query] { continue }
                rank += 1
            }
            found.append(rank)
        }
    }
    return found
}
