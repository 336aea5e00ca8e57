/// The derivatives of a scalar with respect to each of `variables`, by reverse-mode differentiation (Griewank and Walther,
/// "Evaluating Derivatives", chapter 3). They are traced as further nodes of the graph and can be differentiated again.
///
/// - Parameters:
///   - loss: a tensor of one element, or of several whose sum is differentiated.
///   - variables: float32 tensors of the same graph: inputs, parameters or intermediate results.
/// - Returns: one tensor per variable, of the same shape; zeros if the loss does not depend on it.
public func gradients(of loss: Tensor, withRespectTo variables: [Tensor]) -> [Tensor] {
    let graph = loss.graph
    for variable in variables {
        precondition(
            variable.node.operation.elementType == .float32, "\(variable.node.operation.name) is not differentiable")
    }
    // Only nodes on a path from a variable to the loss are differentiated: the generator's phase, for instance, traces no
    // filter gradients of the discriminator.
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
        let contributions = node.operation.pullback(cotangent, inputs: inputs, output: output)
        precondition(
            contributions.count == inputs.count,
            "\(node.operation.name): \(contributions.count) derivatives for \(inputs.count) inputs")
        for (input, contribution) in zip(inputs, contributions) {
            guard depends[input.id], let contribution else { continue }
            precondition(
                contribution.shape == input.shape,
                "\(node.operation.name): derivative of shape \(contribution.shape) for \(input.shape)")
            cotangents[input.id] = cotangents[input.id].map { $0 + contribution } ?? contribution
        }
    }
    return variables.map { cotangents[$0.id] ?? graph.fill(0, $0.shape) }
}

/// The identity, treated as a constant by `gradients(of:withRespectTo:)`.
package struct StopGradient: Operation {
    package func shape(of inputs: [Shape]) -> Shape { inputs[0] }
    package func pullback(_ cotangent: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [nil] }
}

extension Tensor {
    /// The same value, treated as a constant by `gradients(of:withRespectTo:)`.
    public func stoppingGradient() -> Tensor { graph.apply(StopGradient(), [self]) }
}
