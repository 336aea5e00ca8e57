import Glibc
import Graphs
import Testing

/// Reproducible values: sin(i + phase).
func waves(_ count: Int, phase: Double = 0) -> [Double] { (0..<count).map { sin(Double($0) + phase) } }

/// Compares the derivative of Σ `weights` · `tensor` by each of `variables` (inputs or parameters, by name) with
/// central differences, all in float64 through the reference interpreter.
func expectDerivatives(
    of tensor: Tensor, by variables: [String: Tensor], at values: [String: [Double]], step: Double = 1e-5,
    tolerance: Double = 1e-7, _ name: String = "", location: SourceLocation = #_sourceLocation
) {
    let weights = tensor.graph.input("weights", tensor.shape)
    var values = values
    values["weights"] = waves(tensor.shape.count, phase: 0.5)
    let scalar = (tensor * weights).sum()
    func evaluate(_ values: [String: [Double]]) -> Double {
        var reference = Reference(values)
        return reference(scalar)[0]
    }
    let names = variables.keys.sorted()
    let derivatives = gradients(of: scalar, withRespectTo: names.compactMap { variables[$0] })
    var reference = Reference(values)
    for (variable, derivative) in zip(names, derivatives) {
        let found = reference(derivative)
        guard let elements = values[variable] else { continue }
        let size = found.reduce(1) { max($0, abs($1)) }
        for index in elements.indices {
            var moved = values
            moved[variable]?[index] = elements[index] + step
            let above = evaluate(moved)
            moved[variable]?[index] = elements[index] - step
            let expected = (above - evaluate(moved)) / (2 * step)
            #expect(
                abs(found[index] - expected) <= tolerance * size,
                "\(name) by \(variable)[\(index)]: \(found[index]), differences give \(expected)",
                sourceLocation: location)
        }
    }
}

/// The operations that tensors depend on.
func operations(behind tensors: [Tensor]) -> [any Graphs.Operation] {
    var needed = Set(tensors.map(\.id))
    guard let graph = tensors.first?.graph, let last = needed.max() else { return [] }
    for id in stride(from: last, through: 0, by: -1) where needed.contains(id) {
        needed.formUnion(graph.nodes[id].inputs)
    }
    return needed.sorted().map { graph.nodes[$0].operation }
}
