import Execution
import Graphs
import RandomStreams
import Testing

extension Conformance {
    /// Biases and activations that convolutions apply as they store their results, and similar graphs for which they must not.
    @Suite struct EpilogueTests {
        /// A convolution of x [2, 8, 8, 16] or [2, 8, 16] to 16 channels; the first three differ from the plain one in
        /// stride, groups and shape of the filter.
        enum Kind: String, CaseIterable, CustomTestStringConvertible {
            case plain = "3×3"
            case pointwise = "1×1"
            case strided = "4×4 by 2"
            case grouped = "3×3 in 4 groups"
            case depthwise = "depthwise 5×5 by 2"
            case line = "3 along a line"

            var testDescription: String { rawValue }

            var input: Shape { self == .line ? [2, 8, 16] : [2, 8, 8, 16] }

            func callAsFunction(_ x: Tensor, _ test: inout Case) -> Tensor {
                let (filter, geometry): (Shape, ConvolutionGeometry) =
                    switch self {
                    case .plain: ([16, 3, 3, 16], .init(padding: 1))
                    case .pointwise: ([16, 1, 1, 16], .init())
                    case .strided: ([16, 4, 4, 16], .init(stride: 2, padding: 1))
                    case .grouped: ([16, 3, 3, 4], .init(padding: 1, groups: 4))
                    case .depthwise:
                        (
                            [16, 5, 5, 1],
                            .init(stride: [2, 2], padLow: [1, 1], padHigh: [2, 2], groups: 16)
                        )
                    case .line: ([16, 3, 16], .init(padding: 1, spatial: 1))
                    }
                let scale = 1 / Float(filter.count / filter[0]).squareRoot()
                return x.convolution(test.input(filter) * scale, geometry)
            }
        }

        /// Checks the results of a case, and with oneDNN the number of loops in the program, not counting those that scale filters.
        private func check(_ test: Case, loops: Int, on target: TestDevice, _ name: String) throws {
            try test.check(on: target)
            guard target == .oneDNN || target == .oneDNNBFloat16 else { return }
            let program = try target.device().compile(Outputs(results: test.results), parameters: [:])
            let names = try program.profile(test.values).map(\.operation)
            let filters = names.filter { $0.hasPrefix("convolution") }.count
            let found = names.count { $0.hasPrefix("loop") } - filters
            #expect(found == loops, "\(name) on \(target.rawValue): \(names)")
        }

        @Test(arguments: TestDevice.allCases, Kind.allCases)
        func biasesAndActivationsNeedNoLoop(_ target: TestDevice, _ kind: Kind) throws {
            let patterns: [(String, (Tensor, Tensor) -> Tensor)] = [
                ("bias", { $0 + $1 }), ("bias before", { $1 + $0 }),
                ("bias, clamp", { ($0 + $1).clamped(-0.5, 0.75) }), ("bias, ReLU6", { ($0 + $1).relu6() }),
                ("bias, leaky ReLU", { ($0 + $1).leakyReLU() }), ("bias, ReLU", { ($0 + $1).relu() }),
                ("clamp", { y, _ in y.clamped(-0.25, 0.5) }), ("leaky ReLU", { y, _ in y.leakyReLU(0.1) }),
            ]
            for (name, pattern) in patterns {
                for bias: Shape in [[16], [1, 1, 16], kind == .line ? [1, 1, 16] : [1, 1, 1, 16]] {
                    var test = Case()
                    let y = kind(test.input(kind.input), &test)
                    test.expect(name, pattern(y, test.input(bias)))
                    try check(test, loops: 0, on: target, "\(name) of \(kind.rawValue)")
                }
            }
        }

        /// Results in each storage between convolutions, and biases that are computed.
        @Test(arguments: TestDevice.allCases) func chainsOfConvolutionsNeedNoLoops(_ target: TestDevice) throws {
            var test = Case()
            var y = test.input(Kind.plain.input)
            for kind in [Kind.plain, .depthwise, .pointwise, .grouped] {
                y = (kind(y, &test) + test.input([16])).clamped(-1, 1.5)
            }
            test.expect("last", y)
            try check(test, loops: 0, on: target, "a chain")

            var computed = Case()
            let x = computed.input(Kind.plain.input)
            let bias = (computed.input([4, 16]) * 0.5).sum(along: [0])
            computed.expect("last", (Kind.plain(x, &computed) + bias.reshaped([16])).relu())
            // The loop that computes the bias.
            try check(computed, loops: 1, on: target, "a computed bias")
        }

        /// Gradients read the result of the activation, not its operand.
        @Test(arguments: TestDevice.allCases, Kind.allCases)
        func gradientsThroughEpilogues(_ target: TestDevice, _ kind: Kind) throws {
            for (name, activation) in [
                ("clamp", { (y: Tensor) in y.clamped(-0.5, 0.75) }), ("leaky ReLU", { $0.leakyReLU() }),
            ] {
                var test = Case()
                let (x, bias) = (test.input(kind.input), test.input([16]))
                let w = kind(x, &test)
                let y = activation(w + bias)
                test.expect("\(name) forward", y)
                let dy = test.input(y.shape)
                for (variable, derivative) in zip(["x", "bias"], gradients(of: y * dy, withRespectTo: [x, bias])) {
                    // In bfloat16, a few elements close to a kink may get the gradient of the other side.
                    if target == .oneDNNBFloat16 {
                        try expectNearlyEqual(
                            derivative, test, on: target, "\(name), by \(variable), of \(kind.rawValue)")
                    } else {
                        test.expect("\(name), by \(variable), of \(kind.rawValue)", derivative)
                    }
                }
                try test.check(on: target)
            }
        }

        /// Compares in Euclidean norm.
        private func expectNearlyEqual(_ tensor: Tensor, _ test: Case, on target: TestDevice, _ name: String) throws {
            let found =
                try target.device().compile(Outputs(results: ["value": tensor]), parameters: [:])
                .run(test.values)["value"]
            var reference = Reference(test.values.mapValues(\.doubles))
            let expected = reference(tensor)
            let difference = zip(found, expected).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
            let size = expected.reduce(0) { $0 + $1 * $1 }
            #expect(difference <= 0.05 * size, "\(name) on \(target.rawValue)")
        }

        /// Each with the number of loops that it needs. `x` is the convolution's input.
        @Test(arguments: TestDevice.allCases, [Kind.plain, .depthwise])
        func whatIsNoEpilogueKeepsItsLoop(_ target: TestDevice, _ kind: Kind) throws {
            typealias Pattern = (_ y: Tensor, _ x: Tensor, _ test: inout Case) -> [Tensor]
            let misses: [(String, Int, Pattern)] = [
                ("the convolution is read elsewhere", 2, { y, _, test in [y + test.input([16]), y * 2] }),
                ("the convolution is a result", 1, { y, _, test in [(y + test.input([16])).relu(), y] }),
                (
                    "the sum is read elsewhere", 1,
                    { y, _, test in
                        let sum = y + test.input([16])
                        return [sum.relu(), sum * 2]
                    }
                ),
                (
                    "the sum is a result", 1,
                    { y, _, test in
                        let sum = y + test.input([16])
                        return [sum.relu(), sum]
                    }
                ),
                (
                    "the sum is reduced", 1,
                    { y, _, test in
                        let sum = y + test.input([16])
                        return [sum.relu(), sum.sum(along: [1, 2])]
                    }
                ),
                ("a bias for each image", 1, { y, _, test in [(y + test.input([2, 1, 1, 16])).relu()] }),
                ("a bias for each column", 1, { y, _, test in [(y + test.input([y.shape[2], 1])).relu()] }),
                ("one bias for all", 1, { y, _, test in [(y + test.input([1], [0.25])).relu()] }),
                ("a constant", 1, { y, _, _ in [(y + 0.5).relu()] }),
                ("a bias for each element", 1, { y, _, test in [(y + test.input(y.shape)).relu()] }),
                ("a bias that is subtracted", 1, { y, _, test in [y - test.input([16])] }),
                ("a gain", 1, { y, _, test in [y * test.input([16])] }),
                ("another function", 1, { y, _, test in [(y + test.input([16])).tanh()] }),
                ("two functions", 1, { y, _, test in [(y + test.input([16])).relu().clamped(0.1, 1)] }),
                ("bias and residual", 1, { y, _, test in [y + test.input([16]) + test.input(y.shape)] }),
                ("two biases", 1, { y, _, test in [y + test.input([16]) + test.input([16])] }),
                ("a convolution and itself", 1, { y, _, _ in [y + y] }),
                ("a bias twice", 1, { y, _, test in [(y + test.input([16])) * (y + test.input([16]))] }),
                (
                    "a larger batch", 1,
                    { y, _, test in
                        let one = y.shape.replacing(0, with: 1)
                        return [y.reshaped(one).broadcast(to: y.shape.replacing(0, with: 6)).leakyReLU()]
                    }
                ),
            ]
            for (name, loops, pattern) in misses {
                // One image where the result is repeated over a batch.
                let batch = name == "a larger batch" ? 1 : 2
                var test = Case()
                let x = test.input(kind.input.replacing(0, with: batch))
                for (number, tensor) in pattern(kind(x, &test), x, &test).enumerated() {
                    test.expect("\(name), \(number), of \(kind.rawValue)", tensor)
                }
                try check(test, loops: loops, on: target, "\(name) of \(kind.rawValue)")
            }
        }

        /// NaN must be visible after a convolution as after loops, except with clamp and ReLU, for which oneDNN returns a bound: in
        /// training only frozen networks have these after convolutions, and the generator's own gradients are NaN then.
        @Test(arguments: TestDevice.allCases) func notANumberStays(_ target: TestDevice) throws {
            let activations: [(String, (Tensor) -> Tensor)] = [
                ("none", { $0 }), ("clamp", { $0.relu6() }), ("ReLU", { $0.relu() }),
                ("leaky ReLU", { $0.leakyReLU() }),
            ]
            for (name, activation) in activations {
                let graph = Graph()
                let x = graph.input("x", [1, 4, 4, 16])
                let y = x.convolution(graph.input("w", [16, 1, 1, 16]), .init()) + graph.input("b", [16])
                let program = try target.device().compile(Outputs(results: ["y": activation(y)]), parameters: [:])
                var pixels = [Float](repeating: 1, count: 256)
                pixels[5 * 16] = .nan
                let found =
                    try program.run([
                        "x": .floats(pixels), "w": .floats([Float](repeating: 0.1, count: 256)),
                        "b": .floats([Float](repeating: 0, count: 16)),
                    ])["y"]
                let areSeen = (0..<16).allSatisfy { found[5 * 16 + $0].isNaN }
                let isFused = target == .oneDNN || target == .oneDNNBFloat16
                #expect(
                    areSeen || isFused && (name == "clamp" || name == "ReLU"),
                    "\(name) on \(target.rawValue): \(found[5 * 16..<6 * 16])")
                #expect(found[..<80].allSatisfy(\.isFinite) && found[96...].allSatisfy(\.isFinite))
            }
        }
    }
}
