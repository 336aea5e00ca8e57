import CPUBackend
import Execution
import Export
import Files
import Graphs
import Layers
import RandomStreams
import TestSupport
import Testing

/// Computations that no exported network contains, traced for several sizes and translated.
@Suite struct GraphTranslationTests {
    private typealias Body = (_ x: Tensor, _ scope: ParameterScope) -> Tensor

    /// A computation on x [batch, length, 6].
    private static func symbolic(lengths: [(Int, Int)] = [(14, 10)], _ store: ParameterStore, _ body: Body)
        -> SymbolicGraph?
    {
        SymbolicGraph(lengths: lengths) { batch, length in
            let graph = Graph()
            let result = body(graph.input("x", [batch, length, 6]), ParameterScope(graph, store))
            return SymbolicGraph.Trace(graph: graph, results: ["y": result])
        }
    }

    /// Translates a computation and compares its results with those of the CPU device, for batches of 1 and 3.
    private static func expectEqual(_ name: String, _ body: Body, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let store = ParameterStore()
        let symbolic = symbolic(store, body)
        let graph = try #require(symbolic, "\(name)", sourceLocation: sourceLocation)
        let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)
        let values = try store.allocate(on: device, seed: 4)
        var onnx = ONNXGraph()
        let x = onnx.input("x", .float32, [.any("batch"), .any("length"), .fixed(6)])
        let sizes = BatchSizes(
            batch: onnx.apply("Shape", [x], ["start": .integer(0), "end": .integer(1)]),
            length: onnx.apply("Shape", [x], ["start": .integer(1), "end": .integer(2)]))
        let parameters = Dictionary(
            uniqueKeysWithValues: store.arrays(from: values).map { ($0.path, (shape: $0.shape, values: $0.values)) })
        var translation = GraphTranslation(
            graph, into: onnx, parameters: parameters, inputs: ["x": x], sizes: sizes)
        translation.onnx.output("y", [], try #require(try translation.results()["y"]))
        let model = try withTemporaryFolder { folder in
            let message = translation.onnx.model(named: "test", producer: "test", metadata: [])
            try AtomicFile.write(to: folder + "/y.onnx") { try message.write(to: $0) }
            return try ONNXModel(try #require(contents(folder + "/y.onnx")))
        }
        for (batch, length) in [(1, 4), (3, 8)] {
            let graph = Graph()
            let y = body(graph.input("x", [batch, length, 6]), ParameterScope(graph, store))
            var stream = RandomStream(seed: UInt64(length), purpose: "x")
            let x = stream.normals(batch * length * 6)
            let expected = try device.compile(
                Outputs(results: ["y": y]), parameters: ParameterMap(store.slices(of: values))
            ).run(["x": .floats(x)])["y"]
            let found = try #require(
                model.run(["x": Numbers([batch, length, 6], x.map(Double.init))])["y"], sourceLocation: sourceLocation)
            #expect(found.shape == y.shape.dimensions, "\(name)", sourceLocation: sourceLocation)
            #expect(found.values.count == expected.count, "\(name)", sourceLocation: sourceLocation)
            for (a, b) in zip(found.values, expected) {
                #expect(abs(a - Double(b)) < 1e-4, "\(name)", sourceLocation: sourceLocation)
            }
        }
    }

    @Test func elementwiseOperations() throws {
        let positive: (Tensor) -> Tensor = { $0 * $0 + 0.5 }
        let cases: KeyValuePairs<String, (Tensor) -> Tensor> = [
            "scale and offset": { $0 * 1.5 + 0.25 }, "pow": { positive($0).pow(1.7) }, "exp": { $0.exp() },
            "log": { positive($0).log() }, "sqrt": { positive($0).sqrt() }, "reciprocal": { positive($0).reciprocal() },
            "tanh": { $0.tanh() }, "sigmoid": { $0.sigmoid() }, "softplus": { $0.softplus() }, "erf": { $0.erf() },
            "leaky ReLU": { $0.leakyReLU(0.3) }, "ReLU": { $0.relu() }, "clamp": { $0.clamped(-0.5, 0.75) },
            "difference": { $0 - $0.exp() }, "quotient": { $0 / positive($0) },
        ]
        for (name, function) in cases { try Self.expectEqual(name) { x, _ in function(x) } }
    }

    @Test func broadcasts() throws {
        let cases: KeyValuePairs<String, (Tensor) -> Tensor> = [
            "then a function": { x in x.sum(along: [2]).broadcast(to: x.shape).tanh() },
            "of both operands": { x in
                let total = x.sum(along: [1])
                return total.broadcast(to: x.shape) * total.tanh().broadcast(to: x.shape)
            },
            "along different axes": { $0.sum(along: [1]) - $0.sum(along: [2]) },
            "as a result": { x in x.sum(along: [0, 1]).broadcast(to: x.shape) },
            "in a concatenation": { x in
                Tensor.concatenated([x, x.sum(along: [2]).broadcast(to: x.shape)], axis: 2)
            },
            "of a constant": { x in x.graph.fill(2, x.shape) / (x * x + 1) },
            "of a constant alone": { x in x.graph.fill(2, x.shape) },
            "in a product": { x in x.matmul(x.sum(along: [1]).broadcast(to: x.shape), otherTransposed: true) },
        ]
        for (name, function) in cases { try Self.expectEqual(name) { x, _ in function(x) } }
    }

    @Test func shapesAndProducts() throws {
        let cases: KeyValuePairs<String, (Tensor) -> Tensor> = [
            "reshape to two unknown extents": { x in
                x.reshaped([x.shape[0] * x.shape[1], 6]).tanh().reshaped([x.shape[0], x.shape[1], 2, 3])
            },
            "slices": { x in x.slice(axis: 1, start: 1, count: 2) * x.slice(axis: 1, start: 0, count: 2) },
            "product of transposed matrices": { $0.matmul($0, transposed: true) },
            "flat product": { x in
                let rows = x.reshaped([x.shape[0] * x.shape[1], 6])
                return rows.matmul(rows, transposed: true)
            },
            "maximum": { x in x - x.maximumWithoutGradient(along: [1]) }, "softmax": { $0.softmax() },
            "squares of the length": { x in
                let scores = x.matmul(x, otherTransposed: true)
                return scores.reshaped([x.shape[0], x.shape[1] * x.shape[1]])
            },
        ]
        for (name, function) in cases { try Self.expectEqual(name) { x, _ in function(x) } }
    }

    @Test func convolutions() throws {
        func image(_ x: Tensor) -> Tensor { x.slice(axis: 1, start: 0, count: 4).reshaped([x.shape[0], 4, 3, 2]) }
        try Self.expectEqual("stride and padding") { x, scope in
            Convolution(
                scope, inputChannels: 2, outputChannels: 5, kernelSize: [3, 2],
                geometry: ConvolutionGeometry(stride: [2, 1], padLow: [1, 0], padHigh: [2, 1]))(image(x))
        }
        try Self.expectEqual("transposed") { x, scope in
            TransposedConvolution(
                scope, inputChannels: 2, outputChannels: 3, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1,
                deviation: 1)(image(x))
        }
        try Self.expectEqual("after up-sampling") { x, scope in
            let upsampled = image(x).upsampled()
            return upsampled
                + Convolution(scope, inputChannels: 2, outputChannels: 2, kernelSize: 3)(upsampling: image(x))
        }
    }

    @Test func otherOperationsAreNamed() throws {
        let store = ParameterStore()
        let graph = try #require(
            Self.symbolic(store) { x, _ in x.slice(axis: 2, start: 0, count: 4).padded(axis: 2, before: 1, total: 6) })
        var onnx = ONNXGraph()
        let x = onnx.input("x", .float32, [.any("batch"), .any("length"), .fixed(6)])
        var translation = GraphTranslation(
            graph, into: onnx, parameters: [:], inputs: ["x": x], sizes: BatchSizes(batch: x, length: x))
        let error = #expect(throws: UntranslatedOperation.self) { try translation.results() }
        #expect(error?.name == "Pad")
    }

    // MARK: Sizes

    @Test func extentsAreProducts() throws {
        let graph = try #require(
            Self.symbolic(ParameterStore()) { x, _ in
                x.matmul(x, otherTransposed: true).reshaped([x.shape[0] * x.shape[1] * x.shape[1], 1])
            })
        let result = graph.nodes[try #require(graph.results["y"])].extents
        #expect(result.map(\.factor) == [1, 1])
        #expect(result.map(\.batchPower) == [1, 0])
        #expect(result.map(\.lengthPower) == [2, 0])
        #expect(result.map(\.fixed) == [nil, 1])
    }

    /// Computations that depend on the sizes in a way that shapes do not show.
    @Test func otherDependenciesOnSizesAreRefused() {
        let cases: KeyValuePairs<String, (Tensor) -> Tensor> = [
            "mean": { $0.mean(along: [1]) },
            "position of a slice": { $0.slice(axis: 1, start: $0.shape[1] - 2, count: 1) },
            "sum of extents": { Tensor.concatenated([$0, $0.slice(axis: 1, start: 0, count: 1)], axis: 1) },
            "constant": { x in x / x.graph.fill(Float(x.shape[1]), x.shape) },
            "operand": { x in
                let (a, b) = (x.exp(), x.tanh())
                return (x.shape[1] > 12 ? a : b) * x
            },
        ]
        for (name, function) in cases {
            #expect(Self.symbolic(ParameterStore()) { x, _ in function(x) } == nil, "\(name)")
        }
    }

    @Test func lengthsThatEqualOtherExtentsArePassedOver() throws {
        let body: Body = { x, _ in x.reshaped([x.shape[0], 6, x.shape[1]]) }
        #expect(Self.symbolic(lengths: [(7, 6), (6, 5)], ParameterStore(), body) == nil)
        let graph = try #require(Self.symbolic(lengths: [(7, 6), (6, 5), (5, 4)], ParameterStore(), body))
        #expect(graph.nodes.count == 2)
    }
}
