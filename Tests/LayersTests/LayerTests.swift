import Graphs
import Layers
import Testing

/// Layers against their formulas in float64.
@Suite struct LayerTests {
    @Test(arguments: [true, false]) func linearIsAnAffineFunctionOfRows(bias: Bool) throws {
        var trial = LayerTrial()
        let x = trial.input("x", [5, 7])
        let layer = Linear(trial.root / "map", inputs: 7, outputs: 3, bias: bias)
        let y = layer(x.tensor)
        try trial.setParameters()
        #expect(trial.store.entries.map(\.path) == (bias ? ["map.weight", "map.bias"] : ["map.weight"]))
        let expected = linear(
            x.values, try trial.parameter("map.weight"), bias ? try trial.parameter("map.bias") : nil, inputs: 7)
        try trial.expect(y, expected, shape: [5, 3])
    }

    @Test func embeddingLooksUpRowsOfItsTable() throws {
        var trial = LayerTrial()
        let ids: [Int32] = [4, 0, 4, 5, 1]
        let y = Embedding(trial.root / "tokens", count: 6, width: 3)(trial.indices("ids", ids))
        try trial.setParameters()
        let table = try trial.parameter("tokens.weight")
        #expect(try trial.run(y).map(Double.init) == ids.flatMap { table[Int($0) * 3..<Int($0) * 3 + 3] })
        #expect(y.shape == [5, 3])
    }

    @Test(arguments: [1e-5, 1e-12, 0.5] as [Float]) func layerNormalizationIsOverTheLastAxis(epsilon: Float) throws {
        var trial = LayerTrial()
        let x = trial.input("x", [2, 3, 8])
        let y = LayerNormalization(trial.root / "norm", width: 8, epsilon: epsilon)(x.tensor)
        try trial.setParameters()
        let expected = normalized(
            x.values, gain: try trial.parameter("norm.gain"), bias: try trial.parameter("norm.bias"),
            epsilon: Double(epsilon))
        try trial.expect(y, expected, shape: [2, 3, 8])
    }

    /// Without the mean it divides by the root of the mean square; without bias it adds none.
    @Test(arguments: [true, false], [true, false])
    func layerNormalizationMayLeaveTheMean(isCentered: Bool, bias: Bool) throws {
        var trial = LayerTrial()
        let x = trial.input("x", [5, 8])
        let y = LayerNormalization(
            trial.root / "norm", width: 8, epsilon: 1e-2, isCentered: isCentered, bias: bias)(x.tensor)
        try trial.setParameters()
        let (gain, none) = (try trial.parameter("norm.gain"), [Double](repeating: 0, count: 8))
        let added = bias ? try trial.parameter("norm.bias") : none
        #expect(trial.store.entries.count == (bias ? 2 : 1))
        let expected =
            isCentered
            ? normalized(x.values, gain: gain, bias: added, epsilon: 1e-2)
            : stride(from: 0, to: 40, by: 8).flatMap { start in
                let square = (start..<start + 8).reduce(0) { $0 + x.values[$1] * x.values[$1] } / 8
                return (0..<8).map {
                    x.values[start + $0] / (square + 1e-2).squareRoot() * gain[$0] + added[$0]
                }
            }
        try trial.expect(y, expected, shape: [5, 8])
    }

    /// The variance is computed from centered values, so a mean of 1000 costs no precision.
    @Test func layerNormalizationKeepsSmallDifferencesOfLargeValues() throws {
        var trial = LayerTrial()
        let numbers = (0..<8).map { 1000 + Float($0) / 8 }
        let y = LayerNormalization(trial.root / "norm", width: 8)(trial.input("x", [1, 8], numbers))
        try trial.setParameters()
        let expected = normalized(
            numbers.map(Double.init), gain: try trial.parameter("norm.gain"), bias: try trial.parameter("norm.bias"))
        try trial.expect(y, expected, shape: [1, 8])
    }

    /// Instance normalization is layer normalization over positions, channel by channel.
    @Test(arguments: [[5], [3, 4], [2, 3, 2]], [true, false])
    func instanceNormalizationIsOverSpatialPositions(extents: [Int], isAffine: Bool) throws {
        var trial = LayerTrial()
        let (images, channels, positions) = (2, 3, extents.reduce(1, *))
        let shape = Shape([images] + extents + [channels])
        let x = trial.input("x", shape)
        let y = InstanceNormalization(trial.root / "norm", channels: channels, epsilon: 1e-3, isAffine: isAffine)(
            x.tensor)
        try trial.setParameters()
        #expect(trial.store.entries.map(\.path) == (isAffine ? ["norm.gain", "norm.bias"] : []))
        let gain = isAffine ? try trial.parameter("norm.gain") : [1, 1, 1]
        let bias = isAffine ? try trial.parameter("norm.bias") : [0, 0, 0]
        var expected = [Double](repeating: 0, count: shape.count)
        for (image, channel) in (0..<images).flatMap({ image in (0..<channels).map { (image, $0) } }) {
            let indices = (0..<positions).map { (image * positions + $0) * channels + channel }
            let result = normalized(
                indices.map { x.values[$0] }, gain: [Double](repeating: gain[channel], count: positions),
                bias: [Double](repeating: bias[channel], count: positions), epsilon: 1e-3)
            for (index, value) in zip(indices, result) { expected[index] = value }
        }
        try trial.expect(y, expected, shape: shape)
    }

    @Test func l2NormalizedRowsHaveUnitLength() throws {
        var trial = LayerTrial()
        let x = trial.input("x", [4, 6])
        let expected = (0..<4).flatMap { row -> [Double] in
            let values = x.values[row * 6..<row * 6 + 6]
            let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return values.map { $0 / length }
        }
        try trial.expect(x.tensor.l2Normalized(), expected, shape: [4, 6])
        // A zero vector stays zero and gives no NaN.
        let zeros = trial.input("zeros", [1, 3], [0, 0, 0])
        #expect(try trial.run(zeros.l2Normalized()) == [0, 0, 0])
    }
}
