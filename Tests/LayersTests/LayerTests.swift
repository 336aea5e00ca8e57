import Graphs
import Layers
import Testing

/// Layers against their definitions in float64.
@Suite struct LayerTests {
    @Test(arguments: [true, false]) func linearIsAnAffineMapOfRows(bias: Bool) throws {
        var trial = LayerTrial()
        let x = trial.input("x", [5, 7])
        let layer = Linear(trial.root / "map", 7, 3, bias: bias)
        let y = layer(x.tensor)
        try trial.setParameters()
        #expect(trial.store.entries.map(\.path) == (bias ? ["map.weight", "map.bias"] : ["map.weight"]))
        let expected = linear(
            x.values, try trial.parameter("map.weight"), bias ? try trial.parameter("map.bias") : nil, inputs: 7)
        try trial.expect(y, expected, shape: [5, 3])
    }

    @Test func embeddingTakesRowsOfItsTable() throws {
        var trial = LayerTrial()
        let ids: [Int32] = [4, 0, 4, 5, 1]
        let y = Embedding(trial.root / "tokens", count: 6, width: 3)(trial.indices("ids", ids))
        try trial.setParameters()
        let table = try trial.parameter("tokens.weight")
        #expect(try trial.run(y).map(Double.init) == ids.flatMap { table[Int($0) * 3..<Int($0) * 3 + 3] })
        #expect(y.shape == [5, 3])
    }

    @Test(arguments: [1e-5, 1e-12, 0.5] as [Float]) func normalizationIsOverTheLastAxis(epsilon: Float) throws {
        var trial = LayerTrial()
        let x = trial.input("x", [2, 3, 8])
        let y = LayerNormalization(trial.root / "norm", width: 8, epsilon: epsilon)(x.tensor)
        try trial.setParameters()
        let expected = normalized(
            x.values, gain: try trial.parameter("norm.gain"), bias: try trial.parameter("norm.bias"),
            epsilon: Double(epsilon))
        try trial.expect(y, expected, shape: [2, 3, 8])
    }

    /// The variance is that of the centred values: a mean of 1000 costs no digits.
    @Test func normalizationKeepsSmallDifferencesOfLargeValues() throws {
        var trial = LayerTrial()
        let numbers = (0..<8).map { 1000 + Float($0) / 8 }
        let y = LayerNormalization(trial.root / "norm", width: 8)(trial.input("x", [1, 8], numbers))
        try trial.setParameters()
        let expected = normalized(
            numbers.map(Double.init), gain: try trial.parameter("norm.gain"), bias: try trial.parameter("norm.bias"))
        try trial.expect(y, expected, shape: [1, 8])
    }

    @Test func rowsBecomeOfUnitLength() throws {
        var trial = LayerTrial()
        let x = trial.input("x", [4, 6])
        let expected = (0..<4).flatMap { row -> [Double] in
            let values = x.values[row * 6..<row * 6 + 6]
            let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return values.map { $0 / length }
        }
        try trial.expect(x.tensor.unitLength(), expected, shape: [4, 6])
        // Zeros have no direction and become no NaN.
        let zeros = trial.input("zeros", [1, 3], [0, 0, 0])
        #expect(try trial.run(zeros.unitLength()) == [0, 0, 0])
    }

    // MARK: Convolutions

    struct Geometry: Sendable, CustomTestStringConvertible {
        let kernel: Int
        let stride: Int
        let padding: Int?
        let bias: Bool
        var testDescription: String { "kernel \(kernel), stride \(stride), padding \(padding ?? -1), bias \(bias)" }
    }

    @Test(arguments: [
        Geometry(kernel: 3, stride: 1, padding: nil, bias: true),
        Geometry(kernel: 1, stride: 1, padding: nil, bias: false),
        Geometry(kernel: 4, stride: 2, padding: 1, bias: true),
        Geometry(kernel: 3, stride: 2, padding: 0, bias: false),
        Geometry(kernel: 5, stride: 3, padding: 2, bias: true),
    ]) func convolutionSlidesItsFilters(_ geometry: Geometry) throws {
        var trial = LayerTrial()
        let (height, width, inputs, outputs) = (9, 8, 3, 5)
        let x = trial.input("x", [2, height, width, inputs])
        let layer = SpatialConvolution(
            trial.root / "conv", inputs, outputs, kernel: geometry.kernel, stride: geometry.stride,
            padding: geometry.padding, bias: geometry.bias)
        let y = layer(x.tensor)
        try trial.setParameters()
        let weight = try trial.parameter("conv.weight")
        let bias = geometry.bias ? try trial.parameter("conv.bias") : nil
        let (kernel, padding) = (geometry.kernel, geometry.padding ?? (geometry.kernel - 1) / 2)
        let extent = [height, width].map { ($0 + 2 * padding - kernel) / geometry.stride + 1 }
        var expected: [Double] = []
        for n in 0..<2 {
            for (row, column) in (0..<extent[0]).flatMap({ row in (0..<extent[1]).map { (row, $0) } }) {
                for output in 0..<outputs {
                    var sum = bias?[output] ?? 0
                    for (i, j) in (0..<kernel).flatMap({ i in (0..<kernel).map { (i, $0) } }) {
                        let (h, w) = (row * geometry.stride + i - padding, column * geometry.stride + j - padding)
                        guard (0..<height).contains(h) && (0..<width).contains(w) else { continue }
                        for c in 0..<inputs {
                            sum +=
                                x.values[((n * height + h) * width + w) * inputs + c]
                                * weight[((output * kernel + i) * kernel + j) * inputs + c]
                        }
                    }
                    expected.append(sum)
                }
            }
        }
        try trial.expect(y, expected, shape: [2, extent[0], extent[1], outputs])
    }

    /// The sum over all input cells of their values times the filter laid down at twice their place (less the padding).
    @Test func transposedConvolutionLaysItsFiltersDown() throws {
        var trial = LayerTrial()
        let (height, width, inputs, outputs) = (3, 4, 5, 2)
        let x = trial.input("x", [2, height, width, inputs])
        let y = TransposedConvolution(trial.root / "up", inputs, outputs)(x.tensor)
        try trial.setParameters()
        let (weight, bias) = (try trial.parameter("up.weight"), try trial.parameter("up.bias"))
        var expected = (0..<2 * 4 * height * width * outputs).map { bias[$0 % outputs] }
        for cell in 0..<2 * height * width {
            let (n, row, column) = (cell / (height * width), cell / width % height, cell % width)
            for (i, j) in (0..<4).flatMap({ i in (0..<4).map { (i, $0) } }) {
                let (h, w) = (2 * row + i - 1, 2 * column + j - 1)
                guard (0..<2 * height).contains(h) && (0..<2 * width).contains(w) else { continue }
                for (c, o) in (0..<inputs).flatMap({ c in (0..<outputs).map { (c, $0) } }) {
                    expected[((n * 2 * height + h) * 2 * width + w) * outputs + o] +=
                        x.values[cell * inputs + c] * weight[((c * 4 + i) * 4 + j) * outputs + o]
                }
            }
        }
        try trial.expect(y, expected, shape: [2, 2 * height, 2 * width, outputs])
    }

    /// 3×3 filters after doubling equal the same filters on an image that was doubled by itself.
    @Test func convolutionAfterDoubling() throws {
        var trial = LayerTrial()
        let x = trial.input("x", [2, 4, 3, 5])
        let layer = SpatialConvolution(trial.root / "conv", 5, 4, kernel: 3)
        let (fused, plain) = (layer.afterDoubling(x.tensor), layer(x.tensor.upsampled()))
        try trial.setParameters()
        try trial.expect(fused, try trial.run(plain).map(Double.init), shape: [2, 8, 6, 4])
    }
}
