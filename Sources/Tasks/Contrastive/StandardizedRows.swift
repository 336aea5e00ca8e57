import Networks
import Inference
import Models

/// Vectors of a pretrained network minus their mean, in units of their deviation, on which a head is trained.
///
/// For a general encoder all sentences about one subject are similar: cosines of flower captions by all-MiniLM-L6-v2 are
/// 0.62 ± 0.10.
struct StandardizedRows {
    private let values: [Float]
    private let mean: [Float]
    /// One for all columns, so that directions of little variation are not amplified.
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

    /// The values of a head on the vectors themselves for a head on these rows: the inverse of `foldingStandardization`.
    func unfoldingStandardization(of arrays: NetworkArrays) -> NetworkArrays {
        var result = arrays
        guard var weight = arrays["hidden.weight"], var bias = arrays["hidden.bias"],
            weight.values.count == bias.values.count * mean.count
        else { return arrays }
        for output in bias.values.indices {
            for input in mean.indices {
                let index = output * mean.count + input
                bias.values[output] += weight.values[index] * mean[input]
                weight.values[index] *= deviation
            }
        }
        (result["hidden.weight"], result["hidden.bias"]) = (weight, bias)
        return result
    }

    /// A head's values with mean and deviation folded into its first layer: W/σ and b − W·µ/σ apply to the vectors themselves.
    func foldingStandardization(into arrays: NetworkArrays, _ configuration: ProjectionHeadConfiguration)
        -> NetworkArrays
    {
        var result = arrays
        guard var weight = arrays["hidden.weight"], var bias = arrays["hidden.bias"] else {
            preconditionFailure("a head without a hidden layer")
        }
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
