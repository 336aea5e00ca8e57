import RandomStreams

/// The kernel distance ("KID") between two sets of features: the unbiased squared maximum mean discrepancy with the kernel
/// `(x·y / d + 1)³` of Bińkowski et al. 2018 (section 4), mean over subsets drawn without replacement from both sets. Since it is
/// unbiased, it is negative about half the time for equal distributions.
///
/// - Parameters:
///   - subsets: number of subsets, at least 1.
///   - subsetSize: number of vectors in each, at most the size of the smaller set; nil is half of the smaller set, at most 1,000.
///   - seed: of the choice of subsets.
/// - Throws: ``EvaluationError`` for fewer than 2 vectors, different widths, or non-finite features.
package func kernelDistance(
    _ a: FeatureMatrix, _ b: FeatureMatrix, subsets: Int = 100, subsetSize: Int? = nil, seed: UInt64
) throws -> Double {
    try a.requireSameWidth(as: b)
    let smaller = min(a.rows, b.rows)
    let size = min(subsetSize ?? min(1000, max(2, smaller / 2)), smaller)
    guard size >= 2 else { throw EvaluationError.tooFew("images for a kernel distance", found: size, needed: 2) }
    guard subsets >= 1 else { throw EvaluationError.tooFew("subsets for a kernel distance", found: subsets, needed: 1) }
    try a.requireFinite("features for a kernel distance")
    try b.requireFinite("features for a kernel distance")

    // Only one subset contains all of both sets.
    let drawn = size == a.rows && size == b.rows ? 1 : subsets
    let discrepancies = try (0..<drawn).map { subset in
        var stream = RandomStream(seed: seed, purpose: "evaluation.kernelDistance", index: UInt64(subset))
        let x = try a.selecting(stream.distinct(size, below: a.rows))
        let y = try b.selecting(stream.distinct(size, below: b.rows))
        return squaredDiscrepancy(x, y)
    }
    return discrepancies.reduce(0, +) / Double(drawn)
}

/// The unbiased estimate of MMD² from equal numbers of vectors (Gretton et al. 2012, eq. 3).
private func squaredDiscrepancy(_ x: FeatureMatrix, _ y: FeatureMatrix) -> Double {
    let count = Double(x.rows)
    let within = kernelSum(x, x, diagonal: false) + kernelSum(y, y, diagonal: false)
    return within / (count * (count - 1)) - 2 * kernelSum(x, y, diagonal: true) / (count * count)
}

/// The sum of the kernel over all pairs, or all pairs of different index. Inner products are float32, whose error is far below the
/// deviation over subsets; the sum of 10⁶ cubes is float64.
private func kernelSum(_ x: FeatureMatrix, _ y: FeatureMatrix, diagonal: Bool) -> Double {
    let inner = products(x.values, x.rows, y.values, y.rows, length: x.columns)
    let scale = 1 / Double(x.columns)
    var sum = 0.0
    for row in 0..<x.rows {
        for column in 0..<y.rows where diagonal || row != column {
            let base = Double(inner[row * y.rows + column]) * scale + 1
            sum += base * base * base
        }
    }
    return sum
}

extension RandomStream {
    /// `count` distinct integers of `0 ..< bound` by Floyd's algorithm, one draw each. Every set is equally likely, but not every
    /// order. `count` must not exceed `bound`.
    mutating func distinct(_ count: Int, below bound: Int) -> [Int] {
        precondition(count <= bound, "cannot draw \(count) distinct integers below \(bound)")
        var taken = Set<Int>(minimumCapacity: count)
        return (bound - count..<bound).map { last in
            let drawn = index(below: last + 1)
            if taken.insert(drawn).inserted { return drawn }
            taken.insert(last)
            return last
        }
    }
}
