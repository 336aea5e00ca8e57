/// The Fréchet distance between the normal distributions fitted to two sets of features (Heusel et al. 2017, eq. 6):
///
///     ‖μa − μb‖² + tr(Σa + Σb − 2 (Σa Σb)^½)
///
/// This squared distance is what "FID" reports; it is non-negative except for rounding. It decreases with the sizes of the sets, so
/// values are comparable only at equal counts.
///
/// Computed in float64 with unbiased covariances (divisor N − 1). Σa Σb is not symmetric, but is similar to the positive
/// semidefinite Σa^½ Σb Σa^½; the trace of its square root is the sum of the square roots of that matrix's eigenvalues. No matrix
/// square root is computed, so sets smaller than the number of features need no offset on the diagonal.
///
/// - Throws: ``EvaluationError`` for fewer than 2 vectors, different widths, or non-finite features.
package func frechetDistance(_ a: FeatureMatrix, _ b: FeatureMatrix) throws -> Double {
    try a.requireSameWidth(as: b)
    let (meanA, covarianceA) = try moments(of: a)
    let (meanB, covarianceB) = try moments(of: b)
    let width = a.columns

    let shift = zip(meanA, meanB).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let spread = (0..<width).reduce(0) { $0 + covarianceA[$1 * width + $1] + covarianceB[$1 * width + $1] }

    // With Σa = V Λ Vᵀ, the matrix Σa^½ Σb Σa^½ has the eigenvalues of Λ^½ (Vᵀ Σb V) Λ^½.
    let (valuesA, vectorsA) = try eigen(covarianceA, width: width, vectors: true)
    let half = products(vectorsA, width, covarianceB, width, length: width)
    var product = products(half, width, vectorsA, width, length: width)
    let roots = valuesA.map { max($0, 0).squareRoot() }
    for row in 0..<width {
        for column in 0..<width { product[row * width + column] *= roots[row] * roots[column] }
    }
    let (values, _) = try eigen(product, width: width, vectors: false)
    let overlap = values.reduce(0) { $0 + max($1, 0).squareRoot() }

    return shift + spread - 2 * overlap
}

/// The mean `[D]` and the unbiased covariance `[D, D]` of a set of features.
private func moments(of features: FeatureMatrix) throws -> (mean: [Double], covariance: [Double]) {
    guard features.rows >= 2 else {
        throw EvaluationError.tooFew("images for a covariance", found: features.rows, needed: 2)
    }
    try features.requireFinite("features for a Fréchet distance")
    let width = features.columns
    let mean = features.mean
    let centered = features.centered(0..<features.rows, at: mean)
    let covariance = scaledGram(centered, rows: features.rows, columns: width, scale: 1 / Double(features.rows - 1))
    return (mean, covariance)
}
