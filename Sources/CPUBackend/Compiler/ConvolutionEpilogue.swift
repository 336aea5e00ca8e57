import COneDNN
import Execution
import Graphs

/// A bias and an activation that a convolution applies as it stores its results. This replaces a loop over the results: one
/// pass over memory instead of two, and one rounding.
struct Epilogue {
    /// Index of the loop that it replaces.
    let loop: Int
    /// The convolution's node.
    let convolution: Int
    /// The node of the bias, one value per channel; nil without one.
    let bias: Int?
    /// The node whose value is stored.
    let result: Int
    let primitive: OneDNNPrimitive
}

extension CPUCompiler {
    /// The epilogue that replaces the loop after the convolution `id`; nil if the loop must run by itself.
    ///
    /// The loop must compute `x + bias`, an activation, or both, and nothing else; it must be the only consumer of the convolution
    /// and have its shape. For NaN, oneDNN's clamp and ReLU return a bound, where loops return NaN.
    mutating func epilogue(of id: Int, _ geometry: ConvolutionGeometry) -> Epilogue? {
        guard device.library == .oneDNN, !isOutput(id), fusion.consumers[id].count == 1,
            let loop = fusion.loop[fusion.consumers[id][0]]
        else { return nil }
        let node = graph.nodes[id]
        let members = fusion.members[loop]
        guard let first = members.first, let result = members.last, members.count <= 2,
            fusion.consumers[id] == [first], graph.nodes[result].shape == node.shape
        else { return nil }
        var bias: Int?
        var isActivated = members.count == 2
        if let added = biasAdded(by: first, to: id, channels: node.shape[-1]) {
            bias = added
            // The sum must have no other consumer.
            guard members.count == 1 || (!isOutput(first) && fusion.consumers[first] == [result]) else { return nil }
        } else {
            guard members.count == 1 else { return nil }
            isActivated = true
        }
        let (input, filter) = (graph.nodes[node.inputs[0]].shape, graph.nodes[node.inputs[1]].shape)
        var description = description(geometry, .forward, input, filter, node.shape, result: policy.storage(of: result))
        description.has_bias = bias == nil ? 0 : 1
        if isActivated {
            switch (graph.nodes[result].operation as? Elementwise)?.function {
            case .clamp(let low, let high):
                (description.activation, description.low, description.high) = (Int32(LIMN_CONV_CLAMP), low, high)
            case .leakyReLU(let slope):
                (description.activation, description.low) = (Int32(LIMN_CONV_LEAKY_RELU), slope)
            default: return nil
            }
        }
        guard let primitive = convolutionPrimitive(&description) else { return nil }
        return Epilogue(loop: loop, convolution: id, bias: bias, result: result, primitive: primitive)
    }

    /// The node of the bias, one value per channel, if `sum` adds one to the convolution `id`; nil otherwise.
    private func biasAdded(by sum: Int, to id: Int, channels: Int) -> Int? {
        let node = graph.nodes[sum]
        guard case .add? = (node.operation as? Elementwise)?.function else { return nil }
        let operands = node.inputs.map { canonical[$0] }
        guard let other = operands.first(where: { $0 != id }), operands.contains(id),
            graph.nodes[other].operation is Broadcast
        else { return nil }
        let source = canonical[graph.nodes[other].inputs[0]]
        let shape = graph.nodes[source].shape
        return shape.count == channels && shape[-1] == channels ? source : nil
    }

    /// Emits a convolution with its epilogue.
    mutating func emitEpilogue(_ epilogue: Epilogue) throws(ExecutionError) {
        let node = graph.nodes[epilogue.convolution]
        let (input, filter) = (graph.nodes[node.inputs[0]].shape, graph.nodes[node.inputs[1]].shape)
        let handle = epilogue.primitive.handle
        let a = operand(node.inputs[0], as: policy.convolutionOperands)
        let b = try packedFilter(node.inputs[1], for: epilogue.primitive, filter)
        let bias = epilogue.bias.map { operand($0, as: .float32) }
        let result = allocate(epilogue.result)
        emit(
            "convolution \(ConvolutionKind.forward)", "\(input) \(filter)",
            flops: 2 * Double(node.shape.count) * Double(filter.count / filter[0]),
            bytes: traffic(input, node.shape, a, result, .forward), reads: [a, b] + (bias.map { [$0] } ?? []),
            writes: [result], scratch: limn_onednn_scratch_size(handle)
        ) { at in
            let (x, w, out, memory) = (at(a), at(b), at(result), at.scratch)
            let added = bias.map { UnsafeRawPointer(at($0)) }
            return { Int(limn_onednn_convolution_run(handle, x, w, added, out, memory)) }
        }
    }
}
