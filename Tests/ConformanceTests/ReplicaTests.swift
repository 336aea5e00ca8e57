import Execution
import Graphs
import RandomStreams
import Testing

extension Conformance {
    /// A batch divided among programs, and programs that pause.
    @Suite struct ReplicaTests {
        @Test func countsDivideTheBatchAndLeaveNoHalfIdle() {
            func count(_ batch: Int, _ threads: Int) -> Int {
                Replicas.count(
                    batch: batch, device: CPUDevice(library: .openBLAS, threads: threads, precision: .float32))
            }
            #expect(count(32, 2) == 2)
            #expect(count(33, 2) == 1)
            #expect(count(1, 2) == 1)
            #expect(count(30, 4) == 3)
            #expect(count(31, 4) == 1)
            #expect(count(2, 8) == 1)
        }

        /// What each part of four rows makes of x: relu(x ⋆ w) + y, the first term early.
        private func draw(_ rows: Int) -> (early: Tensor, result: Tensor) {
            let graph = Graph()
            let x = graph.input("x", [rows, 6, 6, 8])
            let h = x.convolution(graph.input("w", [16, 3, 3, 8]), .init(padding: 1)).relu()
            return (h, h * 2 + graph.input("y", [rows, 6, 6, 16]))
        }

        @Test(arguments: TestDevice.allCases) func partsMakeWhatTheWholeMakes(_ target: TestDevice) throws {
            let device = try target.device()
            var test = Case()
            _ = (test.input([4, 6, 6, 8]), test.input([16, 3, 3, 8]), test.input([4, 6, 6, 16]))
            let (x, w, y) = (test.values["x0"]!, test.values["x1"]!, test.values["x2"]!)
            let whole = draw(4)
            let alone = try device.compile(Outputs(results: ["result": whole.result]), parameters: [:])
                .run(["x": x, "w": w, "y": y])
            for count in [1, 2, 4] {
                // The filter is not divided: every part is given all of it.
                let filters = [HostArray](repeating: w, count: count).reduce(into: [Float]()) {
                    if case .floats(let values) = $1 { $0 += values }
                }
                let replicas = try Replicas(count, on: device, parameters: [:]) { _ in
                    let part = draw(4 / count)
                    return Outputs(results: ["result": part.result], early: ["h": part.early])
                }
                // The second half's input is not there yet, and a wrong one does not reach the first half.
                let early = try replicas.begin(["x": x, "w": .floats(filters)])
                #expect(early["h"]?.count == 4 * 6 * 6 * 16)
                #expect(early["h"]?.allSatisfy { $0 >= 0 } == true)
                let joined = try replicas.finish(["y": y]).flatMap { $0["result"] ?? [] }
                let expected = (alone["result"] ?? []).map(Double.init)
                #expect(firstDifference(joined, expected, target.tolerance) == nil)
                guard case .floats(let addend) = y, let h = early["h"] else { continue }
                let remade = zip(h, addend).map { Double($0 * 2 + $1) }
                #expect(firstDifference(joined, remade, target.tolerance) == nil)
            }
        }

        /// What replicas share is made of the parameters: anew for every run, and after the pause of what they are by then.
        @Test(arguments: TestDevice.allCases) func parametersMayChangeBetweenHalvesAndRuns(_ target: TestDevice) throws
        {
            let device = try target.device()
            var test = Case()
            _ = test.input([4, 6, 6, 16])
            let x = test.values["x0"]!
            let paths = ["a": Shape([16, 3, 3, 16]), "b": [16, 3, 3, 16], "c": [16, 3, 3, 16]]
            let buffer = FlatBuffer(count: 3 * 2304)
            let slices = Dictionary(
                uniqueKeysWithValues: paths.keys.sorted().enumerated().map {
                    ($1, BufferSlice(buffer, offset: 2304 * $0, count: 2304))
                })
            // a is wanted before the pause and after it, b and c after it; all three have one layout.
            func draw(_ rows: Int) -> Outputs {
                let graph = Graph()
                let filters = paths.keys.sorted().map { graph.parameter($0, paths[$0]!) }
                let h = graph.input("x", [rows, 6, 6, 16]).convolution(filters[0], .init(padding: 1))
                let y = h.convolution(filters[1], .init(padding: 1)).doubledConvolution(filters[2])
                let dx = gradients(of: y * y, withRespectTo: [h])[0]
                return Outputs(results: ["y": y, "dx": dx], early: ["h": h])
            }
            let replicas = try Replicas(2, on: device, parameters: ParameterMap(slices)) { _ in draw(2) }
            let alone = try Replicas(1, on: device, parameters: ParameterMap(slices)) { _ in draw(4) }
            var random = RandomStream(seed: 5, purpose: "filters")
            for _ in 0..<2 {
                buffer.values = random.normals(buffer.count).map { $0 / 12 }
                let early = [try replicas.begin(["x": x]), try alone.begin(["x": x])].map { $0["h"] ?? [] }
                #expect(firstDifference(early[0], early[1].map(Double.init), target.tolerance) == nil)
                buffer.values = Array(buffer.values[..<2304]) + random.normals(2 * 2304).map { $0 / 12 }
                let (parts, whole) = (try replicas.finish([:]), try alone.finish([:])[0])
                for name in ["y", "dx"] {
                    let joined = parts.flatMap { $0[name] ?? [] }
                    let wrong = firstDifference(joined, (whole[name] ?? []).map(Double.init), target.tolerance)
                    #expect(wrong == nil, "\(name) on \(target.rawValue)")
                }
            }
        }

        @Test func runsAreDeterministic() throws {
            let device = CPUDevice(threads: 2)
            var test = Case(seed: 3)
            _ = (test.input([4, 6, 6, 8]), test.input([2, 16, 3, 3, 8]), test.input([4, 6, 6, 16]))
            let values = ["x": test.values["x0"]!, "w": test.values["x1"]!, "y": test.values["x2"]!]
            let replicas = try Replicas(2, on: device, parameters: [:]) { _ in
                Outputs(results: ["result": draw(2).result])
            }
            let first = try replicas.run(values)
            for _ in 0..<20 { #expect(try replicas.run(values) == first) }
        }
    }
}
