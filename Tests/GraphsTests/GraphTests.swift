import CPUBackend
import Execution
import Graphs
import Testing

/// Tracing: common subexpressions, constants, broadcasting, and the nodes that derivatives need.
@Suite struct GraphTests {
    @Test func commonSubexpressionsAreOneNode() {
        let graph = Graph()
        let (x, y) = (graph.input("x", [2, 3]), graph.input("y", [3]))
        let first = (x * y).tanh().sum()
        let count = graph.nodes.count
        let second = (x * y).tanh().sum()
        #expect(first.id == second.id)
        #expect(graph.nodes.count == count)
        #expect((y * x).id != (x * y).id, "operands in another order are another node")
        #expect(x.leakyReLU(0.1).id != x.leakyReLU(0.2).id, "nodes with other settings differ")
        #expect(graph.input("x", [2, 3]).id == x.id)
    }

    @Test func constantsFold() {
        let graph = Graph()
        let x = graph.input("x", [2, 3])
        #expect((x * 1).id == x.id)
        #expect((x + 0).id == x.id)
        #expect((x * 2 * 3).id == (x * 6).id)
        #expect((x * graph.fill(2, [1])).id == (x * 2).id)
        #expect(x.reshaped([6]).reshaped([3, 2]).id == x.reshaped([3, 2]).id)
        #expect(x.reshaped([6]).reshaped([2, 3]).id == x.id)
        #expect(x.transposed([0, 1]).id == x.id)
        #expect(x.slice(axis: 1, start: 0, count: 3).id == x.id)
        #expect(x.pow(2).id == (x * x).id)
        // A constant of a larger shape determines the shape of the result.
        #expect((x.slice(axis: 0, start: 0, count: 1) * graph.fill(2, [2, 3])).shape == [2, 3])
    }

    @Test func broadcastingFollowsNumPy() {
        let cases: [(Shape, Shape, Shape?)] = [
            ([2, 3], [3], [2, 3]), ([2, 1], [1, 3], [2, 3]), ([], [4], [4]), ([5, 1, 3], [2, 1], [5, 2, 3]),
            ([2, 3], [2], nil), ([2, 3], [3, 2], nil), ([1], [1], [1]), ([4, 1, 6], [5, 6], [4, 5, 6]),
        ]
        for (a, b, expected) in cases {
            #expect(Shape.broadcast(a, b) == expected)
            #expect(Shape.broadcast(b, a) == expected)
            guard let expected else { continue }
            let graph = Graph()
            #expect((graph.input("a", a) * graph.input("b", b)).shape == expected)
        }
    }

    @Test func shapesOfOperations() {
        let graph = Graph()
        let image = graph.input("image", [2, 9, 8, 3])
        let w = graph.input("w", [5, 4, 4, 3])
        #expect(image.convolution(w, .init(stride: 2, padding: 1)).shape == [2, 4, 4, 5])
        #expect(image.upsampled(by: 3).shape == [2, 27, 24, 3])
        #expect(image.sum(along: [1, -1]).shape == [2, 1, 8, 1])
        #expect(image.mean().shape == [1])
        #expect(image.transposed([3, 0, 2, 1]).shape == [3, 2, 8, 9])
        #expect(
            graph.input("a", [7, 2, 3]).matmul(graph.input("b", [7, 5, 3]), otherTransposed: true).shape == [7, 2, 5])
    }

    @Test func derivativesByUnusedVariablesAreZeros() throws {
        let graph = Graph()
        let (x, unused) = (graph.input("x", [3]), graph.input("unused", [2, 2]))
        let later = graph.input("later", [4])
        let derivatives = gradients(of: x.tanh().sum(), withRespectTo: [unused, x, later])
        #expect(derivatives.map(\.shape) == [[2, 2], [3], [4]])
        let program = try CPUDevice(library: .openBLAS, threads: 1).compile(
            Outputs(results: ["zeros": derivatives[0], "more": derivatives[2]]), parameters: [:])
        let results = try program.run([:])
        #expect(results.shards == [["zeros": [0, 0, 0, 0], "more": [0, 0, 0, 0]]])
    }

    @Test func derivativeByTheLossAndByIntermediates() {
        let graph = Graph()
        let x = graph.input("x", [3])
        let middle = x * x
        let loss = (middle * middle).sum()
        var reference = Reference(["x": [1, 2, 3]])
        let derivatives = gradients(of: loss, withRespectTo: [loss, middle, x]).map { reference($0) }
        #expect(derivatives == [[1], [2, 8, 18], [4, 32, 108]])
    }

    @Test func stoppedGradientsAreZero() {
        let graph = Graph()
        let x = graph.input("x", [3])
        let y = x * x.stoppingGradient()
        var reference = Reference(["x": [1, 2, 3]])
        #expect(reference(gradients(of: y.sum(), withRespectTo: [x])[0]) == [1, 2, 3])
        #expect(reference(gradients(of: (x * x).stoppingGradient().sum(), withRespectTo: [x])[0]) == [0, 0, 0])
        #expect(reference(gradients(of: x.maximumWithoutGradient(along: [0]), withRespectTo: [x])[0]) == [0, 0, 0])
    }

    /// A missing derivative is never a silent zero.
    @Test func operationsWithoutADerivativeStopTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let x = Graph().input("x", [3])
            _ = gradients(of: x.graph.apply(Maximum(axes: [0]), [x]), withRespectTo: [x])
        }
        await #expect(processExitsWith: .failure) {
            let graph = Graph()
            let (table, ids) = (graph.input("table", [3, 2]), graph.input("ids", [1], .int32))
            _ = gradients(of: table.gathered(by: ids), withRespectTo: [ids])
        }
        await #expect(processExitsWith: .success) {
            let x = Graph().input("x", [3])
            _ = gradients(of: x.maximumWithoutGradient(along: [0]), withRespectTo: [x])
        }
    }

    @Test func reflectionPaddingMirrorsTheEnds() {
        let graph = Graph()
        var reference = Reference(["line": [1, 2, 3, 4], "image": [1, 2, 3, 4, 5, 6]])
        #expect(
            reference(graph.input("line", [1, 4, 1]).reflectionPadded(by: 2)) == [3, 2, 1, 2, 3, 4, 3, 2])
        let image = graph.input("image", [1, 2, 3, 1]).reflectionPadded(by: 1)
        #expect(image.shape == [1, 4, 5, 1])
        #expect(
            reference(image) == [
                5, 4, 5, 6, 5,
                2, 1, 2, 3, 2,
                5, 4, 5, 6, 5,
                2, 1, 2, 3, 2,
            ])
        #expect(image.reflectionPadded(by: 0).id == image.id)
    }

    /// The generator's phase needs derivatives by the image only; its program must not compute filter gradients.
    @Test func derivativesByInputsNeedNoFilterGradients() throws {
        let graph = Graph()
        let x = graph.input("x", [1, 8, 8, 8])
        let filters = (0..<3).map { graph.parameter("filter \($0)", [8, 3, 3, 8]) }
        let y = filters.reduce(x) { $0.convolution($1, .init(padding: 1)).leakyReLU() }
        let byInput = gradients(of: y.sum(), withRespectTo: [x])
        #expect(!operations(behind: byInput).contains { $0 is ConvolutionFilterGradient })
        #expect(operations(behind: byInput).count { $0 is ConvolutionInputGradient } == 3)

        let byFilters = gradients(of: y.sum(), withRespectTo: filters)
        #expect(operations(behind: byFilters).count { $0 is ConvolutionFilterGradient } == 3)
        #expect(operations(behind: byFilters).count { $0 is ConvolutionInputGradient } == 2, "none for the image")

        // The program computes three convolutions and their three input gradients.
        let weights = try CPUDevice().makeBuffer(count: 8 * 9 * 8)
        let slices = Dictionary(
            uniqueKeysWithValues: (0..<3).map {
                ("filter \($0)", BufferSlice(weights, offset: 0, count: weights.count))
            })
        let program = try CPUDevice(library: .openBLAS, threads: 1).compile(
            Outputs(results: ["dx": byInput[0]]), parameters: ParameterMap(slices))
        let convolution = 2.0 * Double(8 * 8 * 8 * 9 * 8)
        #expect((6 * convolution..<6.5 * convolution).contains(program.flops))
    }
}
