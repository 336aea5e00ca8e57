import Graphs
import Testing

/// The derivative of each operation against central differences. Each derivative is differentiated once more, as the
/// gradient penalties of discriminators are.
@Suite struct DerivativeTests {
    /// Checks y = f(x…) and then ∂(Σy²)/∂x₀, both against differences.
    private func check(
        _ shapes: [Shape], positive: Bool = false, _ name: String = "", location: SourceLocation = #_sourceLocation,
        _ function: ([Tensor]) -> Tensor
    ) {
        let graph = Graph()
        var values: [String: [Double]] = [:]
        var variables: [String: Tensor] = [:]
        let x = shapes.indices.map { index in
            let name = "x\(index)"
            let elements = waves(shapes[index].count, phase: 0.3 + Double(index))
            values[name] = positive ? elements.map { abs($0) + 0.3 } : elements
            let tensor = graph.input(name, shapes[index])
            variables[name] = tensor
            return tensor
        }
        let y = function(x)
        expectDerivatives(of: y, by: variables, at: values, "\(name) \(shapes)", location: location)
        let first = gradients(of: (y * y).sum(), withRespectTo: [x[0]])[0]
        expectDerivatives(
            of: first, by: variables, at: values, tolerance: 1e-6, "derivative of \(name) \(shapes)", location: location
        )
    }

    @Test func unaryFunctions() {
        let shape: Shape = [2, 5]
        check([shape], "scale") { $0[0] * 3 }
        check([shape], "offset") { $0[0] + 3 }
        check([shape], "negation") { 1 - $0[0] }
        check([shape], "square") { $0[0].pow(2) }
        check([shape], positive: true, "power") { $0[0].pow(1.5) }
        check([shape], positive: true, "negative power") { $0[0].pow(-0.5) }
        check([shape], "exp") { $0[0].exp() }
        check([shape], positive: true, "log") { $0[0].log() }
        check([shape], positive: true, "sqrt") { $0[0].sqrt() }
        check([shape], positive: true, "reciprocal") { $0[0].reciprocal() }
        check([shape], "tanh") { $0[0].tanh() }
        check([shape], "sigmoid") { $0[0].sigmoid() }
        check([shape], "softplus") { $0[0].softplus() }
        check([shape], "leaky ReLU") { $0[0].leakyReLU(0.2) }
        check([shape], "ReLU") { $0[0].relu() }
        check([shape], "clamp") { $0[0].clamped(-0.5, 0.6) }
        check([shape], "erf") { $0[0].erf() }
        check([shape], "gelu, tanh") { $0[0].geluTanh() }
        check([shape], "gelu") { $0[0].gelu() }
        check([shape], "quick gelu") { $0[0].quickGELU() }
    }

    @Test func binaryFunctionsBroadcast() {
        for shapes: [Shape] in [
            [[2, 3], [2, 3]], [[2, 3], [3]], [[2, 1, 3], [4, 1]], [[1], [2, 3]], [[], [3]],
        ] {
            check(shapes, "sum") { $0[0] + $0[1] }
            check(shapes, "difference") { $0[0] - $0[1] }
            check(shapes, "product") { $0[0] * $0[1] }
            check(shapes, positive: true, "quotient") { $0[0] / $0[1] }
        }
        check([[2, 3], [2, 3]], "leaky ReLU's derivative") { $0[0].leakyReLUGradient(at: $0[1], slope: 0.2) }
        // One operand twice.
        check([[2, 3]], "x + x") { $0[0] + $0[0] }
        check([[2, 3]], "x · x / (x² + 1)") { $0[0] * $0[0] / ($0[0] * $0[0] + 1) }
    }

    @Test func reductions() {
        for axes in [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2], [-1]] {
            check([[2, 3, 4]], "sum along \(axes)") { $0[0].sum(along: axes) }
            check([[2, 3, 4]], "mean along \(axes)") { $0[0].mean(along: axes) }
        }
        check([[2, 3]], "sum") { $0[0].sum() }
        check([[2, 3]], "mean") { $0[0].mean() }
        check([[3, 5]], "log-sum-exp") { $0[0].logSumExp() }
        check([[3, 5]], "softmax") { $0[0].softmax() }
        check([[3, 5]], "x · softmax") { $0[0] * $0[0].softmax() }
    }

    @Test func shapes() {
        check([[2, 3, 4]], "reshape") { $0[0].reshaped([6, 4]) }
        check([[2, 1, 4]], "broadcast") { $0[0].broadcast(to: [3, 2, 5, 4]) }
        for axis in 0..<3 {
            check([[2, 3, 4]], "slice") { $0[0].slice(axis: axis, start: 1, count: 1) }
            check([[2, 3, 4]], "pad") { $0[0].padded(axis: axis, before: 2, total: 9) }
            check([[2, 3, 4], [2, 3, 4]], "concatenation") { Tensor.concatenated([$0[0], $0[1], $0[0]], axis: axis) }
        }
        check([[2, 3, 3, 3]], "doubling filter") { $0[0].graph.apply(DoublingFilter(), $0) }
        check([[3, 4, 4, 2]], "doubling filter's gradient") { $0[0].graph.apply(DoublingFilterGradient(), $0) }
        for order in [[1, 0, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
            check([[2, 3, 4]], "transpose") { $0[0].transposed(order) }
        }
    }

    @Test func matrixProducts() {
        for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
            for lead in [[], [2]] {
                let shapes = [Shape(lead + (ta ? [4, 3] : [3, 4])), Shape(lead + (tb ? [2, 4] : [4, 2]))]
                check(shapes, "product \(ta) \(tb)") { $0[0].matmul($0[1], transposed: ta, otherTransposed: tb) }
            }
        }
        check([[3, 4]], "x·xᵀ") { $0[0].matmul($0[0], otherTransposed: true) }
    }

    @Test func convolutions() {
        let examples: [(Shape, Shape, ConvolutionGeometry)] = [
            ([1, 4, 4, 2], [3, 3, 3, 2], .init(padding: 1)),
            ([2, 4, 4, 1], [2, 4, 4, 1], .init(stride: 2, padding: 1)),
            ([1, 4, 5, 2], [2, 2, 3, 2], .init(stride: [2, 3], padLow: [1, 0], padHigh: [0, 2])),
            ([1, 3, 3, 4], [4, 3, 3, 2], .init(padding: 1, groups: 2)),
            ([2, 7, 2], [3, 3, 2], .init(stride: 2, padding: 1, spatial: 1)),
            (
                [1, 2, 3, 2, 2], [2, 2, 2, 2, 1],
                .init(stride: [1, 2, 1], padLow: [1, 0, 0], padHigh: [0, 1, 1], groups: 2)
            ),
        ]
        for (input, filter, geometry) in examples {
            check([input, filter], "convolution") { $0[0].convolution($0[1], geometry) }
            let output = Graph().input("x", input).graph
            let shape = output.input("x", input).convolution(output.input("w", filter), geometry).shape
            check([shape, filter], "input gradient") { $0[0].inputGradient(filter: $0[1], input: input, geometry) }
            check([shape, input], "filter gradient") { x in
                let w = x[0].graph.fill(1, filter)
                return gradients(of: x[1].convolution(w, geometry) * x[0], withRespectTo: [w])[0]
            }
        }
    }

    @Test func transposedConvolutions() {
        let examples: [(input: Shape, filter: Shape, ConvolutionGeometry, outputPadding: Int)] = [
            ([2, 4, 3], [3, 4, 2], .init(stride: 2, padding: 1, spatial: 1), 0),
            ([1, 3, 2], [2, 3, 2], .init(stride: 3, padding: 0, spatial: 1), 2),
            ([1, 3, 2, 2], [2, 4, 4, 3], .init(stride: 2, padding: 1), 0),
            ([2, 2, 3, 4], [4, 3, 3, 1], .init(stride: 2, padding: 1, groups: 2), 1),
            ([1, 2, 1, 2, 2], [2, 3, 3, 3, 1], .init(stride: 2, padding: 1, spatial: 3), 1),
        ]
        for (input, filter, geometry, outputPadding) in examples {
            check([input, filter], "transposed convolution") {
                $0[0].transposedConvolution($0[1], geometry, outputPadding: outputPadding)
            }
        }
    }

    @Test func resampling() {
        for shape: Shape in [[2, 4, 2], [1, 2, 4, 2], [1, 2, 2, 4, 1]] {
            check([shape], "upsample") { $0[0].upsampled(by: 2) }
            check([shape], "sum pool") { $0[0].sumPooled(by: 2) }
            check([shape], "average pool") { $0[0].averagePooled(by: 2) }
        }
        check([[2, 4, 3, 2]], "reflection padding") { $0[0].reflectionPadded(by: 2) }
        for (height, width) in [(8, 6), (2, 1), (5, 2), (3, 7), (4, 3)] {
            check([[2, 4, 3, 2]], "resizing to \(height)×\(width)") { $0[0].resized(height: height, width: width) }
            check([[2, height, width, 2]], "gradient of resizing to \(height)×\(width)") {
                let image = $0[0].graph.fill(1, [2, 4, 3, 2])
                return gradients(of: image.resized(height: height, width: width) * $0[0], withRespectTo: [image])[0]
            }
        }
    }

    @Test func indexing() {
        let graph = Graph()
        let indices = graph.input("indices", [6], .int32)
        let moves = graph.input("moves", [2, 2], .int32)
        let table = graph.input("table", [4, 3])
        let rows = graph.input("rows", [6, 3])
        let image = graph.input("image", [2, 3, 4, 2])
        let values: [String: [Double]] = [
            "indices": [3, 0, 3, -1, 4, 1], "moves": [1, -2, -1, 1], "table": waves(12), "rows": waves(18),
            "image": waves(48),
        ]
        let gathered = table.gathered(by: indices)
        expectDerivatives(of: gathered * gathered, by: ["table": table], at: values, "gather")
        let scattered = rows.scattered(by: indices, rows: 4)
        expectDerivatives(of: scattered * scattered, by: ["rows": rows], at: values, "scatter")
        let moved = image.translated(by: moves)
        expectDerivatives(of: moved * moved, by: ["image": image], at: values, "translation")
    }
}
