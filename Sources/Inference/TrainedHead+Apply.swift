import Execution
import Graphs
import Layers
import Models
import Networks

extension TrainedHead {
    /// Applies the head to `vectors`, [rows × inputs] of the pretrained encoder: [rows × embedding].
    /// - Throws: `ParameterMismatch` if the arrays are not those of such a head.
    package func callAsFunction(_ vectors: [Float], device: any Device) throws -> [Float] {
        let (graph, store) = (Graph(), ParameterStore())
        let (inputs, batch) = (configuration.inputs, 256)
        let head = ProjectionHead(ParameterScope(graph, store), configuration)
        let values = try store.allocate(on: device)
        try store.load(arrays, into: values)
        let program = try device.compile(
            Outputs(results: ["vectors": head(graph.input("rows", [batch, inputs]))]),
            parameters: ParameterMap(store.slices(of: values)))
        var result: [Float] = []
        for start in stride(from: 0, to: vectors.count, by: batch * inputs) {
            var rows = Array(vectors[start..<min(start + batch * inputs, vectors.count)])
            let count = rows.count / inputs
            rows += [Float](repeating: 0, count: batch * inputs - rows.count)
            result += try program.run(["rows": .floats(rows)])["vectors"][..<(count * configuration.embedding)]
        }
        return result
    }
}
