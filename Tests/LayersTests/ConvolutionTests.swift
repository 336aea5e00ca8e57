import Graphs
import Layers
import Testing

/// Convolutions in one, two and three spatial dimensions against direct loops in float64.
@Suite struct ConvolutionTests {
    struct Example: Sendable, CustomTestStringConvertible {
        /// Extents of the input's spatial dimensions.
        let extents: [Int]
        var kernel = 3
        var stride = 1
        /// nil is the default of the layer.
        var padding: Int?
        var outputPadding = 0
        var groups = 1
        var bias = true
        var testDescription: String {
            "\(extents), kernel \(kernel), stride \(stride), padding \(padding ?? -1), output padding \(outputPadding), "
                + "\(groups) groups, bias \(bias)"
        }
    }

    /// Visits each pair of an input and an output position of a convolution, as indices into the row-major spatial
    /// positions, with the position of the filter that connects them.
    private func visit(
        input: [Int], output: [Int], kernel: Int, stride: Int, padding: Int,
        _ body: (_ from: Int, _ tap: Int, _ to: Int) -> Void
    ) {
        func positions(_ extents: [Int]) -> [[Int]] {
            extents.reduce([[]]) { partial, extent in partial.flatMap { p in (0..<extent).map { p + [$0] } } }
        }
        let taps = positions(input.map { _ in kernel })
        for (to, place) in positions(output).enumerated() {
            for (tap, offset) in taps.enumerated() {
                let from = input.indices.map { place[$0] * stride + offset[$0] - padding }
                guard zip(from, input).allSatisfy({ (0..<$1).contains($0) }) else { continue }
                body(zip(from, input).reduce(0) { $0 * $1.1 + $1.0 }, tap, to)
            }
        }
    }

    @Test(arguments: [
        Example(extents: [9, 8]),
        Example(extents: [9, 8], kernel: 1, bias: false),
        Example(extents: [9, 8], kernel: 4, stride: 2, padding: 1),
        Example(extents: [9, 8], stride: 2, padding: 0, bias: false),
        Example(extents: [9, 8], kernel: 5, stride: 3, padding: 2),
        Example(extents: [5, 4], groups: 2),
        Example(extents: [11]),
        Example(extents: [10], kernel: 4, stride: 2, padding: 1, groups: 2),
        Example(extents: [4, 3, 5]),
        Example(extents: [4, 6, 4], kernel: 4, stride: 2, padding: 1, bias: false),
    ]) func convolutionIsASumOverTheFilter(_ example: Example) throws {
        var trial = LayerTrial()
        let (images, inputs, outputs) = (2, 4, 6)
        let x = trial.input("x", Shape([images] + example.extents + [inputs]))
        let layer = Convolution(
            trial.root / "conv", inputChannels: inputs, outputChannels: outputs, kernelSize: example.kernel,
            stride: example.stride, padding: example.padding, groups: example.groups,
            spatialDimensions: example.extents.count, bias: example.bias)
        let y = layer(x.tensor)
        try trial.setParameters()
        let weight = try trial.parameter("conv.weight")
        let bias = example.bias ? try trial.parameter("conv.bias") : [Double](repeating: 0, count: outputs)
        let padding = example.padding ?? (example.kernel - 1) / 2
        let result = example.extents.map { ($0 + 2 * padding - example.kernel) / example.stride + 1 }
        let (ins, outs) = (example.extents.reduce(1, *), result.reduce(1, *))
        let (share, taps) = (inputs / example.groups, weight.count / outputs / (inputs / example.groups))
        var expected = (0..<images * outs * outputs).map { bias[$0 % outputs] }
        for image in 0..<images {
            visit(
                input: example.extents, output: result, kernel: example.kernel, stride: example.stride, padding: padding
            ) { from, tap, to in
                for output in 0..<outputs {
                    let first = output / (outputs / example.groups) * share
                    for c in 0..<share {
                        expected[(image * outs + to) * outputs + output] +=
                            x.values[(image * ins + from) * inputs + first + c]
                            * weight[(output * taps + tap) * share + c]
                    }
                }
            }
        }
        try trial.expect(y, expected, shape: Shape([images] + result + [outputs]))
    }

    /// Each input value adds its multiple of the filter to the output, `stride` positions apart.
    @Test(arguments: [
        Example(extents: [3, 4], kernel: 4, stride: 2, padding: 1),
        Example(extents: [3, 4], kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false),
        Example(extents: [4, 3], kernel: 3, stride: 1, padding: 0, groups: 2),
        Example(extents: [5], kernel: 4, stride: 2, padding: 1),
        Example(extents: [4], kernel: 5, stride: 3, padding: 0, outputPadding: 2, groups: 2),
        Example(extents: [2, 3, 2], kernel: 4, stride: 2, padding: 1),
        Example(extents: [2, 2, 3], kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, bias: false),
    ]) func transposedConvolutionAddsMultiplesOfTheFilter(_ example: Example) throws {
        var trial = LayerTrial()
        let (images, inputs, outputs) = (2, 6, 4)
        let x = trial.input("x", Shape([images] + example.extents + [inputs]))
        let padding = try #require(example.padding)
        let layer = TransposedConvolution(
            trial.root / "up", inputChannels: inputs, outputChannels: outputs, kernelSize: example.kernel,
            stride: example.stride, padding: padding, outputPadding: example.outputPadding, groups: example.groups,
            spatialDimensions: example.extents.count, bias: example.bias)
        let y = layer(x.tensor)
        try trial.setParameters()
        let weight = try trial.parameter("up.weight")
        let bias = example.bias ? try trial.parameter("up.bias") : [Double](repeating: 0, count: outputs)
        let result = example.extents.map {
            ($0 - 1) * example.stride + example.kernel - 2 * padding + example.outputPadding
        }
        let (ins, outs) = (example.extents.reduce(1, *), result.reduce(1, *))
        let (share, taps) = (outputs / example.groups, weight.count / inputs / (outputs / example.groups))
        var expected = (0..<images * outs * outputs).map { bias[$0 % outputs] }
        for image in 0..<images {
            // The convolution whose input gradient this is goes from the larger to the smaller extents.
            visit(
                input: result, output: example.extents, kernel: example.kernel, stride: example.stride, padding: padding
            ) { large, tap, small in
                for input in 0..<inputs {
                    let first = input / (inputs / example.groups) * share
                    for c in 0..<share {
                        expected[(image * outs + large) * outputs + first + c] +=
                            x.values[(image * ins + small) * inputs + input] * weight[(input * taps + tap) * share + c]
                    }
                }
            }
        }
        try trial.expect(y, expected, shape: Shape([images] + result + [outputs]))
    }

    @Test func transposedConvolutionDoublesExtentsByDefault() {
        let trial = LayerTrial()
        let y = TransposedConvolution(trial.root / "up", inputChannels: 3, outputChannels: 5)(
            trial.graph.input("x", [2, 7, 4, 3]))
        #expect(y.shape == [2, 14, 8, 5])
        #expect(trial.store.entries.map(\.shape) == [[3, 4, 4, 5], [5]])
    }

    /// The fused form for 3×3 filters and the general one for all others.
    @Test(arguments: [
        Example(extents: [4, 3]), Example(extents: [4, 3], bias: false), Example(extents: [4, 3], kernel: 5),
        Example(extents: [4, 3], stride: 2), Example(extents: [4, 3], padding: 0), Example(extents: [5]),
        Example(extents: [2, 3, 2]), Example(extents: [4, 3], groups: 2),
    ]) func convolutionOfAnUpsampledInput(_ example: Example) throws {
        var trial = LayerTrial()
        let x = trial.input("x", Shape([2] + example.extents + [6]))
        let layer = Convolution(
            trial.root / "conv", inputChannels: 6, outputChannels: 4, kernelSize: example.kernel,
            stride: example.stride, padding: example.padding, groups: example.groups,
            spatialDimensions: example.extents.count, bias: example.bias)
        let (fused, plain) = (layer(upsampling: x.tensor), layer(x.tensor.upsampled()))
        try trial.setParameters()
        try trial.expect(fused, try trial.run(plain).map(Double.init), shape: plain.shape)
    }

    /// Kernel, stride and padding of their own in each dimension, as TensorFlow's SAME needs.
    @Test func unequalDimensions() throws {
        var trial = LayerTrial()
        let x = trial.input("x", [1, 5, 6, 2])
        let geometry = ConvolutionGeometry(stride: [2, 1], padLow: [0, 1], padHigh: [1, 0])
        let layer = Convolution(
            trial.root / "conv", inputChannels: 2, outputChannels: 3, kernelSize: [3, 2], geometry: geometry,
            weightInitializer: .normal(deviation: 1))
        let y = layer(x.tensor)
        #expect(y.shape == [1, 2, 6, 3])
        #expect(trial.store.entries.map(\.shape) == [[3, 3, 2, 2], [3]])
        #expect(trial.store.entries.first?.initializer == .normal(deviation: 1))
        // The same with the padding as zeros of the input.
        let padded = x.tensor.padded(axis: 1, before: 0, total: 6).padded(axis: 2, before: 1, total: 7)
        let weight = trial.root / "conv" / "weight"
        let bias = (trial.root / "conv" / "bias").parameter([3], .constant(0))
        let same = padded.convolution(
            weight.parameter([3, 3, 2, 2], .normal(deviation: 1)),
            ConvolutionGeometry(stride: [2, 1], padLow: [0, 0], padHigh: [0, 0]))
        try trial.setParameters()
        try trial.expect(y, try trial.run(same + bias).map(Double.init), shape: y.shape)
    }

    /// A joined convolution, with its derivatives, is the convolution of the maps with the vectors as further channels.
    @Test(
        arguments: [
            (extents: [4, 4], kernel: 3, padding: nil, bias: true),
            (extents: [2, 5], kernel: 3, padding: nil, bias: false),
            (extents: [1, 3], kernel: 1, padding: nil, bias: true),
            (extents: [3, 6], kernel: 4, padding: 1, bias: true),
            (extents: [2, 3], kernel: 5, padding: nil, bias: false),
            (extents: [5, 4], kernel: 3, padding: 0, bias: true),
        ] as [(extents: [Int], kernel: Int, padding: Int?, bias: Bool)])
    func joinedVectorsAreFurtherChannels(extents: [Int], kernel: Int, padding: Int?, bias: Bool) throws {
        var trial = LayerTrial()
        let (batch, channels, width, outputs) = (2, 3, 4, 5)
        let maps = trial.input("maps", Shape([batch] + extents + [channels])).tensor
        let vectors = trial.input("vectors", [batch, width]).tensor
        let layer = JoinedConvolution(
            trial.root / "conv", channels: channels, width: width, outputChannels: outputs, kernelSize: kernel,
            padding: padding, bias: bias)
        let plain = Convolution(
            trial.root / "conv", inputChannels: channels + width, outputChannels: outputs, kernelSize: kernel,
            padding: padding, bias: bias)
        let repeated = vectors.reshaped([batch, 1, 1, width]).broadcast(to: Shape([batch] + extents + [width]))
        let expected = plain(Tensor.concatenated([maps, repeated], axis: 3))
        let found = layer(partial: layer.partial(maps), vectors: vectors)
        let weight = (trial.root / "conv" / "weight").parameter(
            [outputs, kernel, kernel, channels + width], .constant(0))
        let direction = trial.input("direction", expected.shape).tensor
        try trial.setParameters()
        try trial.expect(found, try trial.run(expected).map(Double.init), shape: expected.shape)
        let variables = [maps, vectors, weight]
        let slopes = [found, expected].map { gradients(of: ($0 * direction).sum(), withRespectTo: variables) }
        for (slope, same) in zip(slopes[0], slopes[1]) {
            try trial.expect(slope, try trial.run(same).map(Double.init), shape: same.shape)
        }
    }
}
