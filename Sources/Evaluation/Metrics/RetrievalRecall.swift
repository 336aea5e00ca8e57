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
    /// The mean number of negatives of a query, which are the pairs of other classes and texts; recall decreases with it.
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
///   - texts: a number for each caption that equal captions share; pairs of equal captions are not negatives of each other either.
///   - ranks: the ranks k, each at least 1.
/// - Throws: ``EvaluationError`` for different sizes, an empty set, and features that are zero or not finite.
package func retrieval(
    images: FeatureMatrix, captions: FeatureMatrix, classes: [Int]? = nil, texts: [Int]? = nil,
    atRanks ranks: [Int] = [1, 5, 10]
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
    if let texts, texts.count != count {
        throw EvaluationError.mismatch("texts of pairs", expected: count, found: texts.count)
    }
    if let least = ranks.min(), least < 1 { throw EvaluationError.tooFew("rows per query", found: least, needed: 1) }

    let images = try images.normalized("features of images")
    let captions = try captions.normalized("features of captions")
    let keys = [classes, texts].compactMap(\.self)
    let captionRanks = ranksOfMatches(queries: images, answers: captions, keys: keys)
    let imageRanks = ranksOfMatches(queries: captions, answers: images, keys: keys)
    func share(_ found: [Int], _ rank: Int) -> Double { Double(found.count { $0 <= rank }) / Double(count) }
    return RetrievalRecall(
        ranks: ranks.map { .init(rank: $0, imageToText: share(captionRanks, $0), textToImage: share(imageRanks, $0)) },
        count: count, negatives: meanNegatives(of: count, keys: keys))
}

/// Pairs that share one of the keys, such as the class, are not negatives of each other.
private func meanNegatives(of count: Int, keys: [[Int]]) -> Double {
    let negatives = (0..<count).reduce(0) { sum, row in
        sum + (0..<count).count { other in other != row && !keys.contains { $0[other] == $0[row] } }
    }
    return Double(negatives) / Double(count)
}

/// For each query row, the rank, from 1, of the answer row of the same index.
private func ranksOfMatches(queries: FeatureMatrix, answers: FeatureMatrix, keys: [[Int]]) -> [Int] {
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
                if keys.contains(where: { $0[answer] == $0[query] }) { continue }
                rank += 1
            }
            found.append(rank)
        }
    }
    return found
}
