import CPUBackend
import Execution
import Graphs
import RandomStreams
import Testing

extension Conformance {
    /// Batches divided into shards, and programs of two stages.
    @Suite struct ShardTests {
        @Test func countsDivideTheBatchAndLeaveNoHalfIdle() {
            func count(_ batch: Int, _ threads: Int, groupsOf group: Int = 1) -> Int {
                CPUDevice(library: .openBLAS, threads: threads, precision: .float32)
                    .shardCount(forBatch: batch, groupsOf: group)
            }
            #expect(count(32, 2) == 2)
            #expect(count(33, 2) == 1)
            #expect(count(1, 2) == 1)
            #expect(count(30, 4) == 3)
            #expect(count(31, 4) == 1)
            #expect(count(2, 8) == 1)
            // In pairs.
            #expect(count(32, 8, groupsOf: 2) == 8)
            #expect(count(24, 4, groupsOf: 2) == 4)
            #expect(count(10, 2, groupsOf: 2) == 1)
            #expect(count(12, 2, groupsOf: 2) == 2)
        }

        /// One shard of relu(x ⋆ w) · 2 + y; the convolution can be a first stage.
        private func trace(_ rows: Int) -> (firstStage: Tensor, result: Tensor) {
            let graph = Graph()
            let x = graph.input("x", [rows, 6, 6, 8])
            let h = x.convolution(graph.input("w", [16, 3, 3, 8]), .init(padding: 1)).relu()
            return (h, h * 2 + graph.input("y", [rows, 6, 6, 16]))
        }

        @Test(arguments: TestDevice.allCases) func shardsComputeWhatOneProgramComputes(_ target: TestDevice) throws {
            let device = try target.device()
            var test = Case()
            _ = (test.input([4, 6, 6, 8]), test.input([16, 3, 3, 8]), test.input([4, 6, 6, 16]))
            let (x, w, y) = (test.values["x0"]!, test.values["x1"]!, test.values["x2"]!)
            let whole = trace(4)
            let alone = try device.compile(Outputs(results: ["result": whole.result]), parameters: [:])
                .run(["x": x, "w": w, "y": y])
            for count in [1, 2, 4] {
                // The filter is not divided: every shard gets all of it.
                let filters = [HostArray](repeating: w, count: count).reduce(into: [Float]()) {
                    if case .floats(let values) = $1 { $0 += values }
                }
                let program = try device.compile(shards: count, parameters: [:]) { _ in
                    let part = trace(4 / count)
                    return Outputs(results: ["result": part.result], firstStage: ["h": part.firstStage])
                }
                // The first stage must not need the input of the second.
                let started = try program.begin(["x": x, "w": .floats(filters)])
                guard case .floats(let h)? = started.outputs["h"] else {
                    Issue.record("no first stage")
                    continue
                }
                #expect(h.count == 4 * 6 * 6 * 16)
                #expect(h.allSatisfy { $0 >= 0 })
                let joined = try started.finish(["y": y])["result"]
                let expected = alone["result"].map(Double.init)
                #expect(firstDifference(joined, expected, target.tolerance) == nil)
                guard case .floats(let addend) = y else { continue }
                let remade = zip(h, addend).map { Double($0 * 2 + $1) }
                #expect(firstDifference(joined, remade, target.tolerance) == nil)
            }
        }

        /// Packed parameters that shards share are packed again at each run, and for the second stage from the values at that time.
        @Test(arguments: TestDevice.allCases) func parametersMayChangeBetweenStagesAndRuns(_ target: TestDevice) throws
        {
            let device = try target.device()
            var test = Case()
            _ = test.input([4, 6, 6, 16])
            let x = test.values["x0"]!
            let paths = ["a": Shape([16, 3, 3, 16]), "b": [16, 3, 3, 16], "c": [16, 3, 3, 16]]
            let buffer = try CPUDevice().makeBuffer(count: 3 * 2304)
            let slices = Dictionary(
                uniqueKeysWithValues: paths.keys.sorted().enumerated().map {
                    ($1, BufferSlice(buffer, offset: 2304 * $0, count: 2304))
                })
            // Both stages read a, the second reads b and c; all three have one layout.
            func outputs(_ rows: Int) -> Outputs {
                let graph = Graph()
                let filters = paths.keys.sorted().map { graph.parameter($0, paths[$0]!) }
                let h = graph.input("x", [rows, 6, 6, 16]).convolution(filters[0], .init(padding: 1))
                let y = h.convolution(filters[1], .init(padding: 1)).upsampledConvolution(filters[2])
                let dx = gradients(of: y * y, withRespectTo: [h])[0]
                return Outputs(results: ["y": y, "dx": dx], firstStage: ["h": h])
            }
            let program = try device.compile(shards: 2, parameters: ParameterMap(slices)) { _ in outputs(2) }
            let alone = try device.compile(shards: 1, parameters: ParameterMap(slices)) { _ in outputs(4) }
            var random = RandomStream(seed: 5, purpose: "filters")
            for _ in 0..<2 {
                buffer.values = random.normals(buffer.count).map { $0 / 12 }
                let started = try program.begin(["x": x])
                let startedAlone = try alone.begin(["x": x])
                let (h, hAlone) = (floats(started.outputs["h"]), floats(startedAlone.outputs["h"]))
                #expect(firstDifference(h, hAlone.map(Double.init), target.tolerance) == nil)
                buffer.values = Array(buffer.values[..<2304]) + random.normals(2 * 2304).map { $0 / 12 }
                let results = try started.finish([:])
                let whole = try startedAlone.finish([:])
                for name in ["y", "dx"] {
                    let wrong = firstDifference(results[name], whole[name].map(Double.init), target.tolerance)
                    #expect(wrong == nil, "\(name) on \(target.rawValue)")
                }
            }
        }

        /// An input as long as one shard's input is given to every shard whole; any other is divided.
        @Test(arguments: TestDevice.allCases) func anInputOfAShardsLengthIsNotDivided(_ target: TestDevice) throws {
            var random = RandomStream(seed: 7, purpose: "rows")
            let (rows, all) = (random.normals(4 * 5), random.normals(4 * 5))
            for count in [1, 2, 4] {
                let program = try target.device().compile(shards: count, parameters: [:]) { _ in
                    let graph = Graph()
                    let own = graph.input("rows", [4 / count, 5])
                    return Outputs(results: [
                        "products": own.matmul(graph.input("all", [4, 5]), otherTransposed: true), "rows": own * 1.5,
                    ])
                }
                let results = try program.run(["rows": .floats(rows), "all": .floats(all)])
                #expect(results["rows"] == rows.map { $0 * 1.5 })
                let expected = (0..<16).map { index -> Double in
                    let (row, column) = (5 * (index / 4), 5 * (index % 4))
                    return (0..<5).reduce(0) { sum, k in sum + Double(rows[row + k]) * Double(all[column + k]) }
                }
                let found = results["products"]
                #expect(firstDifference(found, expected, target.tolerance) == nil, "\(count) shards")
            }
        }

        /// A frozen and a trained filter in one program, as in training a generator through a frozen network.
        @Test(arguments: TestDevice.allCases, [1, 2])
        func frozenParametersArePackedOnceAndTrainedOnesAtEachRun(_ target: TestDevice, _ count: Int) throws {
            let device = try target.device()
            let shape: Shape = [16, 3, 3, 16]
            var random = RandomStream(seed: 11, purpose: "filters")
            let (trained, pretrained) = (
                try CPUDevice().makeBuffer(count: shape.count), try CPUDevice().makeBuffer(count: shape.count)
            )
            pretrained.values = random.normals(shape.count).map { $0 / 12 }
            let frozen = FrozenParameters(["frozen": BufferSlice(pretrained, offset: 0, count: shape.count)])
            let parameters = ParameterMap(
                ["trained": BufferSlice(trained, offset: 0, count: shape.count)], frozen: frozen)
            let gradient = try CPUDevice().makeBuffer(count: shape.count)
            func trace(_ rows: Int) -> (graph: Graph, y: Tensor, filter: Tensor) {
                let graph = Graph()
                let filter = graph.parameter("trained", shape)
                let h = graph.input("x", [rows, 6, 6, 16]).convolution(filter, .init(padding: 1))
                return (graph, h.convolution(graph.parameter("frozen", shape), .init(padding: 1)), filter)
            }
            let program = try device.compile(shards: count, parameters: parameters) { shard in
                let (_, y, filter) = trace(4 / count)
                let slope = gradients(of: (y * y).sum(), withRespectTo: [filter])[0]
                return Outputs(
                    results: ["y": y],
                    writes: shard == 0 ? [(slope, BufferSlice(gradient, offset: 0, count: shape.count))] : [])
            }
            let x = random.normals(4 * 6 * 6 * 16)
            let (_, y, filter) = trace(4)
            let (_, own, ownFilter) = trace(4 / count)
            let slope = gradients(of: (own * own).sum(), withRespectTo: [ownFilter])[0]
            var outputs: [[Float]] = []
            for _ in 0..<2 {
                trained.values = random.normals(shape.count).map { $0 / 12 }
                let found = try program.run(["x": .floats(x)])["y"]
                let filters = [
                    "trained": trained.values.map(Double.init), "frozen": pretrained.values.map(Double.init),
                ]
                var whole = Reference(filters.merging(["x": x.map(Double.init)]) { $1 })
                #expect(firstDifference(found, whole(y), target.tolerance) == nil)
                var first = Reference(filters.merging(["x": x.prefix(x.count / count).map(Double.init)]) { $1 })
                // Sums over all positions of products that are each rounded.
                #expect(firstDifference(gradient.values, first(slope), 4 * target.tolerance) == nil)
                outputs.append(found)
            }
            #expect(outputs[0] != outputs[1])
            _ = filter

            // Each program packs the trained filter in a step of its own; the frozen filter is not packed by a step.
            let steps = try program.profile(["x": .floats(x)]).map(\.operation)
            #expect(steps.count { $0.hasPrefix("convolution filterGradient") } == 1)
            #expect(steps.count { $0.hasPrefix("convolution inputGradient") } == 1, "none of the input")
            guard device.library == .oneDNN else { return }
            #expect(frozen.memory > 0)
            // Without frozen parameters both filters are packed by steps.
            let every = ParameterMap([
                "trained": BufferSlice(trained, offset: 0, count: shape.count),
                "frozen": BufferSlice(pretrained, offset: 0, count: shape.count),
            ])
            let unfrozen = try device.compile(shards: 1, parameters: every) { _ in Outputs(results: ["y": trace(4).y]) }
            let mixed = try device.compile(shards: 1, parameters: parameters) { _ in Outputs(results: ["y": trace(4).y])
            }
            func packings(_ program: any Executable) throws -> Int {
                try program.profile(["x": .floats(x)]).count { $0.operation == "pack filter" }
            }
            #expect(try packings(unfrozen) == 2)
            #expect(try packings(mixed) == 1)
            // Packed copies of frozen parameters are shared by programs; later changes of the values have no effect.
            let memory = frozen.memory
            let before = try mixed.run(["x": .floats(x)])
            pretrained.values = [Float](repeating: 0, count: shape.count)
            #expect(try mixed.run(["x": .floats(x)]) == before)
            #expect(frozen.memory == memory)
        }

        /// Products with a frozen matrix, in float32 and in bfloat16.
        @Test(arguments: TestDevice.allCases, Precision.allCases)
        func productsWithFrozenMatrices(_ target: TestDevice, _ precision: Precision) throws {
            let device = try target.device()
            var random = RandomStream(seed: 13, purpose: "matrix")
            let matrix = try CPUDevice().makeBuffer(count: 24 * 32)
            matrix.values = random.normals(matrix.count).map { $0 / 6 }
            let frozen = FrozenParameters(
                ["frozen": BufferSlice(matrix, offset: 0, count: matrix.count)], precision: precision)
            let graph = Graph()
            let y = graph.input("x", [8, 32]).matmul(graph.parameter("frozen", [24, 32]), otherTransposed: true)
            let program = try device.compile(Outputs(results: ["y": y + 1]), parameters: ParameterMap(frozen: frozen))
            let x = random.normals(8 * 32)
            var reference = Reference(["x": x.map(Double.init), "frozen": matrix.values.map(Double.init)])
            let tolerance = precision == .bfloat16 ? TestDevice.oneDNNBFloat16.tolerance : target.tolerance
            let found = try program.run(["x": .floats(x)])["y"]
            #expect(firstDifference(found, reference(y + 1), tolerance) == nil)
        }

        @Test func runsAreDeterministic() throws {
            let device = CPUDevice(threads: 2)
            var test = Case(seed: 3)
            _ = (test.input([4, 6, 6, 8]), test.input([2, 16, 3, 3, 8]), test.input([4, 6, 6, 16]))
            let values = ["x": test.values["x0"]!, "w": test.values["x1"]!, "y": test.values["x2"]!]
            let program = try device.compile(shards: 2, parameters: [:]) { _ in
                Outputs(results: ["result": trace(2).result])
            }
            let first = try program.run(values)
            for _ in 0..<20 { #expect(try program.run(values) == first) }
        }
    }
}
