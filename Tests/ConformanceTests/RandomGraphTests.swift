import CPUBackend
import Execution
import Graphs
import Testing

extension Conformance {
    /// Whole graphs against the reference: finds errors in scheduling, fusion, the reuse of tiles and the layout of the arena.
    @Suite struct RandomGraphTests {
        static let batches = 24
        static let graphsPerBatch = 10

        /// A compiled random graph with the buffers it reads and writes.
        private struct Compiled {
            let program: any Executable
            let written: any Buffer

            init(_ drawn: RandomGraph, on device: CPUDevice, largeWritesFirst: Bool = false) throws {
                let parameters = try CPUDevice().makeBuffer(count: drawn.parameterCount)
                parameters.values = drawn.parameters.flatMap(\.values)
                let slices = drawn.parameters.map {
                    ($0.path, BufferSlice(parameters, offset: $0.offset, count: $0.values.count))
                }
                let written = try CPUDevice().makeBuffer(count: drawn.writtenCount)
                let writes = drawn.writes.map {
                    (
                        tensor: $0.tensor,
                        destination: BufferSlice(written, offset: $0.offset, count: $0.tensor.shape.count)
                    )
                }
                self.written = written
                var outputs = Outputs(results: drawn.results, writes: writes)
                outputs.largeWritesFirst = largeWritesFirst
                program = try device.compile(
                    outputs,
                    parameters: ParameterMap(Dictionary(uniqueKeysWithValues: slices)))
            }

            /// Bits of all results and of all written values.
            func run(_ values: [String: HostArray]) throws -> [String: [UInt32]] {
                written.values = [Float](repeating: .nan, count: written.count)
                var bits = try program.run(values).shards[0].mapValues { $0.map(\.bitPattern) }
                bits["written"] = written.values.map(\.bitPattern)
                return bits
            }
        }

        /// Whether values agree in Euclidean norm, with an absolute tolerance of a hundredth of the usual size for values that
        /// cancel.
        private static func error(_ found: ArraySlice<UInt32>, _ expected: [Double]) -> Double {
            var difference = 0.0
            var size = 0.0
            for (bits, wanted) in zip(found, expected) {
                let value = Double(Float(bitPattern: bits))
                difference += (value - wanted) * (value - wanted)
                size += wanted * wanted
            }
            let result = (difference / (size + 1e-4 * Double(expected.count))).squareRoot()
            return result.isFinite ? result : .infinity
        }

        @Test(arguments: 0..<batches) func meaning(_ batch: Int) throws {
            let devices = TestDevice.allCases.compactMap { name in name.available.map { (name, $0) } }
            for seed in batch * RandomGraphTests.graphsPerBatch..<(batch + 1) * RandomGraphTests.graphsPerBatch {
                let drawn = RandomGraph(seed: UInt64(seed))
                var inputs = drawn.values.mapValues(\.doubles)
                for parameter in drawn.parameters { inputs[parameter.path] = parameter.values.map(Double.init) }
                var reference = Reference(inputs)
                for (name, device) in devices {
                    let found = try Compiled(drawn, on: device).run(drawn.values)
                    for (result, tensor) in drawn.results {
                        let error = RandomGraphTests.error((found[result] ?? [])[...], reference(tensor))
                        #expect(
                            error < name.deepTolerance, "graph \(seed), \(result) \(tensor.shape) on \(name.rawValue)")
                    }
                    for (tensor, offset) in drawn.writes {
                        let part = (found["written"] ?? [])[offset..<offset + tensor.shape.count]
                        let error = RandomGraphTests.error(part, reference(tensor))
                        #expect(
                            error < name.deepTolerance,
                            "graph \(seed), \(tensor.shape) written at \(offset) on \(name.rawValue)")
                    }
                }
            }
        }

        /// Runs do not depend on earlier ones, and each gives the same bytes with any number of threads and in any order of writes.
        @Test(arguments: TestDevice.allCases) func repetition(_ target: TestDevice) throws {
            let device = try target.device()
            for seed in 0..<60 {
                let drawn = RandomGraph(seed: UInt64(seed))
                let others = drawn.values.mapValues { value in
                    guard case .floats(let elements) = value else { return value }
                    return .floats(elements.map { $0 * -0.5 + 0.1 })
                }
                let program = try Compiled(drawn, on: device)
                let first = try program.run(drawn.values)
                let second = try program.run(others)
                #expect(try program.run(drawn.values) == first, "graph \(seed) again")
                #expect(try Compiled(drawn, on: device).run(drawn.values) == first, "graph \(seed) compiled again")
                let reordered = try Compiled(drawn, on: device, largeWritesFirst: true).run(drawn.values)
                #expect(reordered == first, "graph \(seed) with large writes first")
                #expect(try Compiled(drawn, on: device).run(others) == second, "graph \(seed) with other inputs")
            }
        }
    }
}
