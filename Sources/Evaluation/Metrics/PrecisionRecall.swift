/// Precision, the share of generated images that are realistic, and recall, the share of real images that the generator covers
/// (Kynkäänniemi et al. 2019).
package struct PrecisionRecall: Hashable, Sendable {
    /// The share of generated images inside the manifold of real images, 0…1.
    package let precision: Double
    /// The share of real images inside the manifold of generated images, 0…1.
    package let recall: Double

    /// A manifold is the union of balls around its points, each with the distance to the point's k-th nearest neighbour as radius.
    /// - Throws: ``EvaluationError`` for sets of k or fewer, different widths, and features that are not finite.
    package init(generated: FeatureMatrix, real: FeatureMatrix, neighbor k: Int = 3) throws {
        try generated.requireSameWidth(as: real)
        for (what, features) in [("generated images", generated), ("real images", real)] {
            guard features.rows > k else {
                throw EvaluationError.tooFew("\(what) for precision and recall", found: features.rows, needed: k + 1)
            }
            try features.requireFinite("features of \(what)")
        }
        precision = share(of: generated, within: real, neighbor: k)
        recall = share(of: real, within: generated, neighbor: k)
    }
}

/// The share of `points` inside the manifold of `centers`.
private func share(of points: FeatureMatrix, within centers: FeatureMatrix, neighbor k: Int) -> Double {
    var nearest = [[Double]](repeating: [], count: centers.rows)
    forEachDistance(from: centers, to: centers) { row, column, distance in
        guard row != column else { return }
        // The k smallest distances, ascending.
        let position = nearest[row].firstIndex { distance < $0 } ?? nearest[row].count
        guard position < k else { return }
        nearest[row].insert(distance, at: position)
        if nearest[row].count > k { nearest[row].removeLast() }
    }
    var isInside = [Bool](repeating: false, count: points.rows)
    forEachDistance(from: points, to: centers) { row, center, distance in
        if distance <= nearest[center][k - 1] { isInside[row] = true }
    }
    return Double(isInside.count { $0 }) / Double(points.rows)
}
