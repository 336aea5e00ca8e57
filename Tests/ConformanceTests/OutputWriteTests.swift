import CPUBackend
import Execution
import Graphs
import RandomStreams
import Testing

extension Conformance {
    /// Outputs whose nodes have no memory of their own must still reach their destinations.
    @Suite struct OutputWriteTests {
        private static let shape: Shape = [16, 3, 3, 16]

        /// A network that convolves with the unfolded filter of parameter `w`, and tensors to be written: the unfolded filter,
        /// a parameter, an input, a reshape and a slice of each kind, and one tensor twice.
        private func trace(rows: Int) -> (results: [String: Tensor], writes: [(name: String, tensor: Tensor)]) {
            let graph = Graph()
            let w = graph.parameter("w", OutputWriteTests.shape)
            let x = graph.input("x", [rows, 4, 4, 16])
            let y = x.upsampledConvolution(w)
            let unfolded = graph.apply(DoublingFilter(), [w])
            let folded = graph.apply(DoublingFilterGradient(), [unfolded * 2])
            return (
                ["y": y],
                [
                    ("unfolded filter", unfolded), ("folded filter", folded), ("parameter", w), ("input", x),
                    ("reshape", y.reshaped([y.shape.count])), ("slice", x.slice(axis: 0, start: 0, count: 1)),
                    ("convolution", y), ("the same convolution", y),
                ]
            )
        }

        @Test(arguments: TestDevice.allCases, [(1, false), (1, true), (2, false), (2, true)])
        func everyOutputIsWritten(_ target: TestDevice, _ setting: (shards: Int, isFrozen: Bool)) throws {
            let device = try target.device()
            var random = RandomStream(seed: 3, purpose: "outputs")
            let w = try device.makeBuffer(count: OutputWriteTests.shape.count)
            let slices = ["w": BufferSlice(w, offset: 0, count: w.count)]
            w.values = random.normals(w.count).map { $0 / 12 }
            let parameters =
                setting.isFrozen ? ParameterMap(frozen: FrozenParameters(slices)) : ParameterMap(slices)
            let rows = 2 / setting.shards
            var buffers: [[any Buffer]] = []
            let program = try device.compile(shards: setting.shards, parameters: parameters) { _ in
                let (results, writes) = trace(rows: rows)
                let destinations = try writes.map { try device.makeBuffer(count: $0.tensor.shape.count) }
                buffers.append(destinations)
                return Outputs(
                    results: results,
                    writes: zip(writes, destinations).map { ($0.tensor, BufferSlice($1, offset: 0, count: $1.count)) })
            }
            for _ in 0..<2 {
                // A trained parameter may change between runs.
                if !setting.isFrozen { w.values = random.normals(w.count).map { $0 / 12 } }
                let x = random.normals(2 * 4 * 4 * 16)
                _ = try program.run(["x": .floats(x)])
                for shard in 0..<setting.shards {
                    let part = x[(shard * x.count / setting.shards)..<((shard + 1) * x.count / setting.shards)]
                    var reference = Reference(["x": part.map(Double.init), "w": w.values.map(Double.init)])
                    for (write, buffer) in zip(trace(rows: rows).writes, buffers[shard]) {
                        let wrong = firstDifference(buffer.values, reference(write.tensor), target.tolerance)
                        #expect(wrong == nil, "\(write.name), shard \(shard), on \(target.rawValue)")
                    }
                }
            }
        }

        /// Of a backward pass, the gradient of the first layer's large filter is otherwise the last.
        @Test(arguments: [false, true]) func largeGradientsCanComeFirst(_ largeWritesFirst: Bool) throws {
            let device = CPUDevice(precision: .float32)
            let graph = Graph()
            let shapes: [Shape] = [[64, 64], [2, 64], [2, 2]]
            let parameters = shapes.enumerated().map { graph.parameter("w\($0)", $1) }
            let y = parameters.reduce(graph.input("x", [4, 64])) { $0.matmul($1, otherTransposed: true).tanh() }
            let buffer = try device.makeBuffer(count: shapes.reduce(0) { $0 + $1.count })
            var outputs = Outputs()
            outputs.largeWritesFirst = largeWritesFirst
            var (slices, offset): ([String: BufferSlice], Int) = ([:], 0)
            for (index, gradient) in gradients(of: y.sum(along: [0, 1]), withRespectTo: parameters).enumerated() {
                slices["w\(index)"] = BufferSlice(buffer, offset: offset, count: shapes[index].count)
                outputs.writes.append((gradient, BufferSlice(buffer, offset: offset, count: shapes[index].count)))
                offset += shapes[index].count
            }
            let program = try device.compile(outputs, parameters: ParameterMap(slices))
            #expect(program.writes.map(\.count) == (largeWritesFirst ? [64 * 64, 4, 128] : [4, 128, 64 * 64]))
        }
    }
}
