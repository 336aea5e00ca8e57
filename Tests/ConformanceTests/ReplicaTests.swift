import Execution
import Graphs
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
