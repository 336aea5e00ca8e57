import Evaluation

/// The features of `scripts/golden/metrics.py`: high bits of a linear congruential generator, exact in single precision.
func sampleFeatures(_ rows: Int, _ columns: Int, seed: UInt32, scale: Float = 1, shift: Float = 0) -> FeatureMatrix {
    var state = seed
    let values = (0..<rows * columns).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return (Float(state >> 23) - 256) / 256 * scale + shift
    }
    return matrix(rows, columns, values)
}

/// A matrix of literals with the right count.
func matrix(_ rows: Int, _ columns: Int, _ values: [Float]) -> FeatureMatrix {
    guard let result = try? FeatureMatrix(rows: rows, columns: columns, values: values) else {
        preconditionFailure("\(values.count) values are not \(rows) × \(columns)")
    }
    return result
}
