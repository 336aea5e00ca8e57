import Networks
import Synthesis

/// Vectors of a pretrained network less their mean, in units of their deviation, as a head is trained on them.
///
/// Sentences of one subject lie close together for an encoder of all subjects: cosines of flower captions by all-MiniLM-L6-v2
/// are 0.62 ± 0.10.
struct StandardizedRows {
    private let values: [Float]
    private let mean: [Float]
    /// One for all columns: a direction in which captions differ little is not made to count more.
    private let deviation: Float

    init(_ vectors: [Float], width: Int) {
        let rows = Double(max(vectors.count / width, 1))
        var sums = [Double](repeating: 0, count: width)
        for (index, value) in vectors.enumerated() { sums[index % width] += Double(value) }
        let mean = sums.map { Float($0 / rows) }
        var squares = 0.0
        for (index, value) in vectors.enumerated() {
            let distance = Double(value - mean[index % width])
            squares += distance * distance
        }
        let deviation = max(Float((squares / (rows * Double(width))).squareRoot()), 1e-6)
        values = vectors.enumerated().map { ($1 - mean[$0 % width]) / deviation }
        (self.mean, self.deviation) = (mean, deviation)
    }

    /// The number of rows.
    var count: Int { values.count / mean.count }

    /// One row, standardized.
    subscript(row: Int) -> ArraySlice<Float> { values[row * mean.count..<(row + 1) * mean.count] }

    /// A head's values with mean and deviation put into its first layer: W/σ and b − W·µ/σ read vectors as they are.
    func unfolding(_ arrays: NetworkArrays, _ configuration: ProjectionHeadConfiguration) -> NetworkArrays {
        var result = arrays
        guard var weight = arrays["hidden.weight"], var bias = arrays["hidden.bias"] else { return arrays }
        for output in 0..<configuration.hidden {
            var shift: Float = 0
            for input in 0..<configuration.inputs {
                let index = output * configuration.inputs + input
                weight.values[index] /= deviation
                shift += weight.values[index] * mean[input]
            }
            bias.values[output] -= shift
        }
        (result["hidden.weight"], result["hidden.bias"]) = (weight, bias)
        return result
    }
}
