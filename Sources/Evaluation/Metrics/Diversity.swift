/// The mean Euclidean distance between two generated images of a group, averaged over groups, divided by that of real images: 0
/// for a generator that ignores its noise.
///
/// Real images of one class, which have different captions, differ more than images of one caption should: a generator as diverse
/// as reality has a ratio somewhat below 1.
///
/// - Parameters:
///   - generated: for each caption, the features of at least 2 images from different noise.
///   - real: for each caption or class, the features of at least 2 real images.
/// - Throws: ``EvaluationError`` for no groups, groups of one image, different widths, features that are not finite,
///   and real images that are all equal.
package func pairwiseDistanceRatio(generated: [FeatureMatrix], real: [FeatureMatrix]) throws -> Double {
    let distances = try (generated: meanPairwiseDistance(generated), real: meanPairwiseDistance(real))
    if let one = generated.first, let other = real.first { try one.requireSameWidth(as: other) }
    guard distances.real > 0 else { throw EvaluationError.noSpread("real images") }
    return distances.generated / distances.real
}

/// The mean over groups of the mean distance between two different rows.
private func meanPairwiseDistance(_ groups: [FeatureMatrix]) throws -> Double {
    guard let first = groups.first else { throw EvaluationError.tooFew("groups of images", found: 0, needed: 1) }
    let means = try groups.map { group in
        try first.requireSameWidth(as: group)
        guard group.rows >= 2 else {
            throw EvaluationError.tooFew("images of one caption", found: group.rows, needed: 2)
        }
        try group.requireFinite("features of images")
        // The diagonal would be 0 but for rounding.
        var sum = 0.0
        forEachDistance(from: group, to: group) { row, column, distance in
            if row != column { sum += distance }
        }
        return sum / Double(group.rows * (group.rows - 1))
    }
    return means.reduce(0, +) / Double(means.count)
}

/// Calls `visit(row of a, row of b, Euclidean distance)` for every pair, the rows of `a` in order.
func forEachDistance(from a: FeatureMatrix, to b: FeatureMatrix, _ visit: (Int, Int, Double) -> Void) {
    guard a.rows > 0, b.rows > 0 else { return }
    // ‖x − y‖² = ‖x‖² + ‖y‖² − 2 x·y loses precision far from the origin: centre the features first, and use float64.
    let center = b.mean
    let answers = b.centered(0..<b.rows, at: center)
    let answerSquares = squares(of: answers, width: b.columns)
    for start in stride(from: 0, to: a.rows, by: 256) {
        let block = start..<min(start + 256, a.rows)
        let queries = a.centered(block, at: center)
        let querySquares = squares(of: queries, width: a.columns)
        let inner = products(queries, block.count, answers, b.rows, length: a.columns)
        for row in 0..<block.count {
            for column in 0..<b.rows {
                let squared = querySquares[row] + answerSquares[column] - 2 * inner[row * b.rows + column]
                visit(start + row, column, max(squared, 0).squareRoot())
            }
        }
    }
}

/// The squared norm of each row.
private func squares(of rows: [Double], width: Int) -> [Double] {
    stride(from: 0, to: rows.count, by: width).map { start in
        rows[start..<start + width].reduce(0) { $0 + $1 * $1 }
    }
}
