import Execution
import Graphs
import Testing

extension Conformance {
    /// Matrix products and convolutions.
    @Suite struct ProductTests {
        @Test(arguments: TestDevice.allCases) func matrixProducts(_ device: TestDevice) throws {
            let extents = [
                (1, 1, 1), (3, 5, 7), (1, 100, 17), (17, 16, 64), (65, 33, 129), (64, 64, 64), (128, 100, 8),
            ]
            for (m, n, k) in extents {
                var test = Case()
                for batch in [nil, 1, 3] {
                    let lead = batch.map { [$0] } ?? []
                    for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
                        let a = test.input(Shape(lead + (ta ? [k, m] : [m, k])))
                        let b = test.input(Shape(lead + (tb ? [n, k] : [k, n])))
                        let name = "\(lead) \(m)×\(k)·\(k)×\(n) \(ta ? "A" : "")\(tb ? "B" : "")"
                        test.expect(name, a.matmul(b, transposed: ta, otherTransposed: tb))
                    }
                }
                try test.check(on: device)
            }
        }

        /// The transposed convolution that replaces a convolution of an up-sampled image equals it, derivatives included.
        @Test(arguments: TestDevice.allCases) func convolutionAfterDoubling(_ device: TestDevice) throws {
            for (side, ins, outs) in [(1, 1, 1), (4, 8, 5), (5, 32, 16), (8, 3, 64)] {
                var test = Case()
                let (x, w) = (test.input([2, side, side + 1, ins]), test.input([outs, 3, 3, ins]))
                let folded = x.upsampledConvolution(w)
                let written = x.upsampled().convolution(w, .init(padding: 1))
                let slope = test.input(folded.shape)
                let derivatives = gradients(of: folded * slope, withRespectTo: [x, w])
                var reference = Reference(test.values.mapValues(\.doubles))
                let found = try device.device().compile(
                    Outputs(results: ["y": folded, "dx": derivatives[0], "dw": derivatives[1]]), parameters: [:]
                ).run(test.values)
                let expected = [written] + gradients(of: written * slope, withRespectTo: [x, w])
                for (name, tensor) in zip(["y", "dx", "dw"], expected) {
                    let wrong = firstDifference(found[name], reference(tensor), device.tolerance)
                    #expect(wrong == nil, "\(name) of \(x.shape) and \(w.shape)")
                }
            }
        }

        struct Example: Sendable, CustomTestStringConvertible {
            let input: Shape
            let filter: Shape
            let geometry: ConvolutionGeometry
            var testDescription: String { "\(input) \(filter) \(geometry)" }
            init(_ input: Shape, _ filter: Shape, _ geometry: ConvolutionGeometry) {
                (self.input, self.filter, self.geometry) = (input, filter, geometry)
            }
        }

        static let examples: [Example] = [
            // Those of the networks: 3×3, 1×1, 4×4 with stride 2, from and to three channels.
            Example([2, 8, 8, 16], [17, 3, 3, 16], .init(padding: 1)),
            Example([3, 7, 9, 3], [8, 3, 3, 3], .init(padding: 1)),
            Example([2, 6, 6, 64], [3, 3, 3, 64], .init(padding: 1)),
            Example([2, 16, 16, 3], [16, 4, 4, 3], .init(stride: 2, padding: 1)),
            Example([2, 8, 8, 16], [64, 4, 4, 16], .init(stride: 2, padding: 1)),
            Example([3, 5, 5, 100], [16, 1, 1, 100], .init()),
            Example([2, 4, 4, 64], [1, 4, 4, 64], .init()),
            Example([1, 1, 1, 8], [8, 3, 3, 8], .init(padding: 1)),
            // Enough positions for several chunks of unrolled columns.
            Example([1, 40, 40, 17], [8, 3, 3, 17], .init(padding: 1)),
            // Unequal strides and paddings; positions at the end that no filter covers.
            Example([2, 9, 8, 8], [17, 3, 2, 8], .init(stride: [2, 3], padLow: [1, 0], padHigh: [0, 2])),
            Example([2, 10, 11, 3], [5, 4, 3, 3], .init(stride: [3, 2], padLow: [0, 2], padHigh: [3, 0])),
            // Multiples of 16 channels: filter gradients by outer products. Odd widths, remainders of six outputs, one to four
            // vectors of channels, strides longer than the filter, images packed one by one and together.
            Example([1, 31, 7, 16], [7, 3, 3, 16], .init(padding: 1)),
            Example([5, 9, 12, 32], [13, 4, 4, 32], .init(stride: 2, padding: 1)),
            Example([9, 4, 4, 64], [17, 4, 4, 64], .init(stride: 2, padding: 1)),
            Example([3, 7, 10, 48], [5, 3, 2, 48], .init(stride: [3, 2], padLow: [2, 0], padHigh: [0, 3])),
            Example([2, 5, 6, 128], [6, 1, 1, 128], .init(stride: 2)),
            Example([3, 40, 40, 16], [8, 3, 3, 16], .init(padding: 1)),
            // Groups, including one per channel.
            Example([2, 6, 6, 16], [24, 3, 3, 4], .init(padding: 1, groups: 4)),
            Example([2, 7, 7, 16], [16, 3, 3, 1], .init(padding: 1, groups: 16)),
            Example([2, 7, 7, 17], [34, 3, 3, 1], .init(stride: 2, padding: 1, groups: 17)),
            // Depthwise: even and odd sides, strides 1 to 3, unequal paddings as in TensorFlow's SAME, filters larger than the
            // image, positions that no filter covers.
            Example(
                [2, 8, 8, 16], [16, 3, 3, 1], .init(stride: [2, 2], padLow: [0, 0], padHigh: [1, 1], groups: 16)),
            Example(
                [2, 9, 7, 24], [24, 5, 5, 1], .init(stride: [2, 2], padLow: [2, 2], padHigh: [2, 2], groups: 24)),
            Example(
                [1, 6, 9, 17], [17, 5, 5, 1], .init(stride: [2, 2], padLow: [1, 2], padHigh: [2, 2], groups: 17)),
            Example(
                [3, 12, 11, 8], [8, 3, 2, 1], .init(stride: [3, 1], padLow: [0, 1], padHigh: [2, 0], groups: 8)),
            Example([2, 9, 9, 32], [32, 1, 1, 1], .init(stride: 2, groups: 32)),
            Example([2, 10, 10, 9], [9, 2, 2, 1], .init(stride: 3, groups: 9)),
            Example([2, 3, 3, 40], [40, 5, 5, 1], .init(padding: 2, groups: 40)),
            Example([2, 40, 40, 16], [16, 3, 3, 1], .init(padding: 1, groups: 16)),
            Example([3, 11, 16], [16, 3, 1], .init(stride: [2], padLow: [0], padHigh: [1], groups: 16)),
            // One and three spatial dimensions.
            Example([3, 20, 8], [17, 5, 8], .init(stride: [2], padLow: [3], padHigh: [1])),
            Example([3, 21, 32], [9, 4, 32], .init(stride: 2, padding: 1, spatial: 1)),
            Example([2, 33, 3], [8, 4, 3], .init(stride: 2, padding: 1, spatial: 1)),
            Example([2, 12, 16], [16, 3, 4], .init(padding: 1, groups: 4, spatial: 1)),
            Example([2, 4, 6, 5, 3], [8, 3, 3, 3, 3], .init(padding: 1, spatial: 3)),
            Example(
                [1, 6, 5, 7, 8], [17, 2, 3, 4, 8], .init(stride: [2, 1, 2], padLow: [0, 1, 2], padHigh: [1, 1, 0])),
            Example([1, 4, 4, 4, 16], [16, 3, 3, 3, 1], .init(padding: 1, groups: 16, spatial: 3)),
        ]

        @Test(arguments: TestDevice.allCases, examples)
        func convolutions(_ device: TestDevice, _ example: Example) throws {
            var test = Case()
            let (x, w) = (test.input(example.input), test.input(example.filter))
            let y = x.convolution(w, example.geometry)
            let dy = test.input(y.shape)
            test.expect("convolution", y)
            let derivatives = gradients(of: y * dy, withRespectTo: [x, w])
            test.expect("input gradient", derivatives[0])
            test.expect("filter gradient", derivatives[1])
            try test.check(on: device)
        }

        /// Between layers a device may change storage and layout.
        @Test(arguments: TestDevice.allCases) func chains(_ device: TestDevice) throws {
            var test = Case()
            let x = test.input([2, 8, 8, 3])
            var h = x
            for (inputs, outputs) in [(3, 16), (16, 17), (17, 64)] {
                let w = test.input([outputs, 3, 3, inputs]) * (1 / Float(9 * inputs).squareRoot())
                h = h.convolution(w, .init(padding: 1)).leakyReLU() + 0.1
            }
            test.expect("features", h)
            test.expect("up and down", h.upsampled().sumPooled(by: 4))
            test.expect("mean", h.mean(along: [1, 2]))
            test.expect("slices", Tensor.concatenated([h.slice(axis: 3, start: 8, count: 16), h * 2], axis: 3))
            test.expect("attention", h.reshaped([2, 64, 64]).matmul(h.reshaped([2, 64, 64]), otherTransposed: true))
            try test.check(on: device)
        }
    }
}
