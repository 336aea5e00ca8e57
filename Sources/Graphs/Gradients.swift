/// The derivatives of a scalar by each of `variables`, in reverse mode (Griewank and Walther, "Evaluating
/// Derivatives", ch. 3): nodes are added to the graph, so the result can be differentiated again.
///
/// - Parameters:
///   - loss: a tensor of one element; or of several, when the derivative of their sum is wanted.
///   - variables: any tensors of the same graph, not only inputs and parameters.
/// - Returns: one tensor per variable, of its shape; zeros where the loss does not depend on it.
public func gradients(of loss: Tensor, withRespectTo variables: [Tensor]) -> [Tensor] {
    let graph = loss.graph
    // Only what lies on a path from a variable to the loss takes part: the generator's turn asks for no filter
    // gradients of the discriminator, and so none are computed.
    var depends = [Bool](repeating: false, count: loss.id + 1)
    for variable in variables where variable.id <= loss.id { depends[variable.id] = true }
    for id in 0...loss.id where !depends[id] { depends[id] = graph.nodes[id].inputs.contains { depends[$0] } }

    var cotangents: [Int: Tensor] = [loss.id: graph.fill(1, loss.shape)]
    for id in stride(from: loss.id, through: 0, by: -1) where depends[id] {
        guard let cotangent = cotangents[id] else { continue }
        let node = graph.nodes[id]
        guard node.inputs.contains(where: { depends[$0] }) else { continue }
        let output = Tensor(graph: graph, id: id)
        let inputs = node.inputs.map { Tensor(graph: graph, id: $0) }
        for (input, contribution) in zip(inputs, node.operation.pullback(cotangent, inputs: inputs, output: output)) {
            guard depends[input.id], let contribution else { continue }
            precondition(
                contribution.shape == input.shape,
                "\(node.operation.name): derivative of shape \(contribution.shape) for \(input.shape)")
            cotangents[input.id] = cotangents[input.id].map { $0 + contribution } ?? contribution
        }
    }
    return variables.map { cotangents[$0.id] ?? graph.fill(0, $0.shape) }
}

/// The value itself, through which no derivative flows.
package struct StopGradient: Operation {
    package func shape(of inputs: [Shape]) -> Shape { inputs[0] }
    package func pullback(_ cotangent: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [nil] }
}

extension Tensor {
    /// The same value as a constant: derivatives stop here.
    public func stoppingGradient() -> Tensor { graph.apply(StopGradient(), [self]) }
}
