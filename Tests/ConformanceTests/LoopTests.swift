import Execution
import Graphs
import Testing

extension Conformance {
    /// Operations that run in fused loops: elementwise functions, sums, maxima, broadcasts.
    @Suite struct LoopTests {
        /// Each function with whether its operand must be positive.
        static let unary: [(Elementwise.Function, Bool)] = [
            (.scale(-1.7), false), (.offset(0.3), false), (.pow(1.5), true), (.pow(-2), true), (.exp, false),
            (.log, true), (.sqrt, true), (.reciprocal, true), (.tanh, false), (.sigmoid, false), (.softplus, false),
            (.erf, false),
            (.leakyReLU(0.2), false), (.leakyReLU(0), false), (.clamp(-0.5, 0.7), false), (.between(-0.5, 0.7), false),
        ]
        static func binary(_ a: Tensor, _ b: Tensor) -> [String: Tensor] {
            [
                "sum": a + b, "difference": a - b, "product": a * b, "quotient": a / b,
                "leaky ReLU gradient": b.leakyReLUGradient(at: a, slope: 0.2),
            ]
        }
        /// Around the tile of 1024 elements, and larger than the size from which loops use several threads.
        static let sizes: [Shape] = [[1], [7], [1023], [1025], [3, 41, 17], [5, 67, 101], [2, 32, 32, 16]]

        @Test(arguments: TestDevice.allCases) func elementwise(_ device: TestDevice) throws {
            for shape in LoopTests.sizes {
                var test = Case()
                let (a, b) = (test.input(shape), test.input(shape, positive: true))
                for (function, positive) in LoopTests.unary {
                    test.expect("\(function) \(shape)", (positive ? b : a).map(function))
                }
                for (name, tensor) in LoopTests.binary(a, b) { test.expect("\(name) \(shape)", tensor) }
                try test.check(on: device)
            }
        }

        /// Against the definition: 1 strictly between the bounds, 0 at them and beyond. Values that bfloat16 holds exactly, so
        /// that none is rounded to a bound.
        @Test(arguments: TestDevice.allCases) func gradientOfClamp(_ device: TestDevice) throws {
            let (low, high): (Float, Float) = (-0.5, 6)
            let edges: [Float] = [-0.5, 6, -0.51171875, -0.49804688, 5.96875, 6.03125, 0, -3, 100, -0.0]
            for shape: Shape in [[3, 7], [2, 5, 4, 8], [2, 16, 16, 16]] {
                let graph = Graph()
                let (x, dy) = (graph.input("x", shape), graph.input("dy", shape))
                // Through values that a device may store in bfloat16.
                let derivative = gradients(of: (x * 2).clamped(low, high) * dy, withRespectTo: [x])[0]
                let points = (0..<shape.count).map { 0.5 * edges[$0 % edges.count] }
                let slopes = (0..<shape.count).map { Float(1 + $0 % 3) }
                let found = try device.device().compile(Outputs(results: ["dx": derivative]), parameters: [:])
                    .run(["x": .floats(points), "dy": .floats(slopes)])["dx"]
                #expect(found == zip(points, slopes).map { low < 2 * $0 && 2 * $0 < high ? 2 * $1 : 0 }, "\(shape)")
            }
        }

        /// Far from zero the approximations of exp, tanh, sigmoid, softplus and erf must still be right.
        @Test(arguments: TestDevice.allCases) func wideArguments(_ device: TestDevice) throws {
            for bound: Float in [1, 20, 86] {
                let points = (0...2000).map { (Float($0) / 1000 - 1) * bound }
                for function: Elementwise.Function in [.exp, .tanh, .sigmoid, .softplus, .erf] {
                    let graph = Graph()
                    let y = graph.input("x", [points.count]).map(function)
                    let program = try device.device().compile(.init(results: ["y": y]), parameters: [:])
                    let found = try program.run(["x": .floats(points)])["y"]
                    var reference = Reference(["x": points.map(Double.init)])
                    let expected = reference(y)
                    // Relative for values from exp, absolute for bounded ones.
                    let floor: Double = if case .exp = function { 0 } else { 1 }
                    for (value, wanted) in zip(found, expected) {
                        #expect(abs(Double(value) - wanted) <= 4e-7 * max(abs(wanted), floor), "\(function)")
                    }
                }
            }
        }

        /// A diverged step must be noticed: no function may map NaN or infinity to an ordinary number.
        @Test(arguments: TestDevice.allCases) func specialValues(_ device: TestDevice) throws {
            let special: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 1e38, -1e38, 100, -200, 88.5, -1, 1]
            var test = Case()
            // Every pair of special values, and enough of them for whole vectors.
            let pairs = special.flatMap { a in special.map { (a, $0) } }
            let a = test.input([pairs.count], pairs.map(\.0))
            let b = test.input([pairs.count], pairs.map(\.1))
            for (function, _) in LoopTests.unary { test.results["\(function)"] = a.map(function) }
            for (name, tensor) in LoopTests.binary(a, b) { test.results[name] = tensor }
            let found = try device.device().compile(.init(results: test.results), parameters: [:]).run(test.values)
            var reference = Reference(test.values.mapValues(\.doubles))
            for (name, tensor) in test.results {
                for (index, (value, exact)) in zip(found[name], reference(tensor)).enumerated() {
                    let wanted = Float(exact)
                    // Below the normal range a device may return zero, as processors that flush subnormals do.
                    let agrees =
                        wanted.isNaN
                        ? value.isNaN
                        : value == wanted || wanted.isFinite && abs(value - wanted) <= 2e-6 * abs(wanted)
                            || wanted.isSubnormal && value == 0
                    #expect(agrees, "\(name) of \(pairs[index]): \(value), expected \(wanted)")
                }
            }
        }

        @Test(arguments: TestDevice.allCases) func specialValuesPassReductions(_ device: TestDevice) throws {
            for count in [3, 2000, 20_000] {
                for value: Float in [.nan, .infinity, -.infinity] {
                    var elements = [Float](repeating: 1, count: count)
                    elements[count / 2] = value
                    var test = Case()
                    let x = test.input([count], elements)
                    test.expect("sum with \(value)", x.sum(along: [0]))
                    test.expect("maximum with \(value)", x.maximumWithoutGradient(along: [0]))
                    try test.check(on: device)
                }
            }
        }

        static let reduced: [Shape] = [
            [7], [5000], [3, 5], [33, 300], [2000, 3], [3, 2000], [100, 100], [5, 7, 3], [1, 9, 1], [16, 4, 64],
            [17, 33, 16],
            [2, 9, 13, 17], [3, 16, 16, 16], [4, 1, 6, 100], [2, 3, 4, 5, 8],
        ]

        /// Every subset of axes: inner, outer, middle, all, several.
        static func subsets(_ rank: Int) -> [[Int]] {
            (1..<(1 << rank)).map { mask in (0..<rank).filter { mask >> $0 & 1 == 1 } }
        }

        @Test(arguments: TestDevice.allCases) func reductions(_ device: TestDevice) throws {
            for shape in LoopTests.reduced {
                var test = Case()
                let x = test.input(shape)
                for axes in LoopTests.subsets(shape.rank) {
                    test.expect("sum of \(shape) along \(axes)", x.sum(along: axes))
                    test.expect("maximum of \(shape) along \(axes)", x.maximumWithoutGradient(along: axes))
                    // Reduced in the loop that computes it instead of read from memory.
                    test.expect("sum of squares of \(shape) along \(axes)", (x * x).sum(along: axes))
                }
                try test.check(on: device)
            }
        }

        @Test(arguments: TestDevice.allCases) func broadcasts(_ device: TestDevice) throws {
            for shape in LoopTests.reduced {
                var test = Case()
                let full = test.input(shape)
                for axes in LoopTests.subsets(shape.rank) {
                    let small = test.input(axes.reduce(shape) { $0.replacing($1, with: 1) })
                    test.expect("broadcast to \(shape) along \(axes)", small.broadcast(to: shape))
                    test.expect("product with broadcast to \(shape) along \(axes)", full * small)
                    test.expect(
                        "sum of broadcast to \(shape) along \(axes)", small.broadcast(to: shape).sum(along: axes))
                }
                try test.check(on: device)
            }
        }

        /// Layer statistics: a sum that is broadcast back over its operand.
        @Test(arguments: TestDevice.allCases) func normalization(_ device: TestDevice) throws {
            for shape: Shape in [[4, 6, 6, 17], [3, 20, 20, 8], [2, 16, 16, 64]] {
                var test = Case()
                let x = test.input(shape)
                let centered = x - x.mean(along: [1, 2])
                let y = centered / ((centered * centered).mean(along: [1, 2]) + 1e-5).sqrt()
                test.expect("normalized \(shape)", y)
                test.expect("softmax \(shape)", x.softmax())
                test.expect("log-sum-exp \(shape)", x.logSumExp())
                test.expect("gelu \(shape)", (y * 3).geluTanh())
                try test.check(on: device)
            }
        }

        @Test(arguments: TestDevice.allCases) func reshapesFillsAndStops(_ device: TestDevice) throws {
            var test = Case()
            let x = test.input([6, 10, 4])
            let y = (x * 2).reshaped([15, 16])
            test.expect("reshape", y)
            test.expect("reshape of a sum", (y + 1).sum(along: [0]).reshaped([4, 4]))
            test.expect("reshape of an input", x.reshaped([240]))
            test.expect("fill", test.graph.fill(3, [2, 3]))
            test.expect("fill in a loop", test.graph.fill(3, [15, 16]) / (y * y + 1))
            test.expect("stop", (x.stoppingGradient() * x).stoppingGradient())
            test.expect("sum of a fill", test.graph.fill(2, [30, 400]).sum(along: [1]))
            try test.check(on: device)
        }
    }
}
