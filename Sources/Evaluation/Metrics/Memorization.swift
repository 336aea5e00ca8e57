/// The nearest row of another set.
package struct Neighbor: Hashable, Sendable {
    /// Index of the nearest row.
    package let row: Int
    /// Euclidean distance to it.
    package let distance: Double
}

/// Compares the distances to the training set of generated images and of held-out real images.
package struct Memorization: Hashable, Sendable {
    /// The median distance of a generated image to its nearest training image, divided by that of held-out real images: near 0
    /// for a generator that repeats its training set, about 1 for one that does not.
    package let ratio: Double
    /// The share of generated images that are nearer to a training image than 99 % of the held-out images.
    package let suspects: Double
    /// The nearest training image of each generated one.
    package let nearest: [Neighbor]

    /// Compares the nearest training neighbours of generated and of held-out images; nil if most held-out images are in the
    /// training set, so that there is no distance to compare with.
    ///
    /// - Throws: `EvaluationError`, as ``nearestNeighborDistances(of:in:)``.
    package init?(generated: FeatureMatrix, heldOut: FeatureMatrix, training: FeatureMatrix) throws {
        let nearest = try nearestNeighborDistances(of: generated, in: training)
        let fakes = nearest.map(\.distance).sorted()
        let reals = try nearestNeighborDistances(of: heldOut, in: training).map(\.distance).sorted()
        let reference = median(ofSorted: reals)
        // In float32, the features of equal images differ by about a millionth of their length.
        let squares = heldOut.values.reduce(0.0) { $0 + Double($1) * Double($1) }
        guard reference > 1e-5 * (squares / Double(heldOut.rows)).squareRoot() else { return nil }
        self.nearest = nearest
        ratio = median(ofSorted: fakes) / reference
        let bound = reals[reals.count / 100]
        suspects = Double(fakes.count { $0 < bound }) / Double(fakes.count)
    }
}

/// The nearest row of `training` for each row of `queries`; the first of equally near ones.
///
/// - Throws: ``EvaluationError`` for empty sets, different widths, and features that are not finite.
package func nearestNeighborDistances(
    of queries: FeatureMatrix, in training: FeatureMatrix
) throws -> [Neighbor] {
    try queries.requireSameWidth(as: training)
    guard queries.rows >= 1 else { throw EvaluationError.tooFew("images", found: 0, needed: 1) }
    guard training.rows >= 1 else { throw EvaluationError.tooFew("training images", found: 0, needed: 1) }
    try queries.requireFinite("features of images")
    try training.requireFinite("features of training images")
    var nearest = [Neighbor](repeating: Neighbor(row: 0, distance: .infinity), count: queries.rows)
    forEachDistance(from: queries, to: training) { row, candidate, distance in
        if distance < nearest[row].distance { nearest[row] = Neighbor(row: candidate, distance: distance) }
    }
    return nearest
}

/// The median of sorted values, of which there must be one or more.
private func median(ofSorted values: [Double]) -> Double {
    let middle = values.count / 2
    return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
}
