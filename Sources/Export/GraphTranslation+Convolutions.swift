import Graphs

extension GraphTranslation {
    /// A convolution, or with the operator `ConvTranspose` its input gradient.
    mutating func convolved(_ type: String, _ node: SymbolicGraph.Node, _ geometry: ConvolutionGeometry)
        throws(UntranslatedOperation) -> String
    {
        let rank = node.extents.count
        let x = onnx.apply(
            "Transpose", [try value(of: node.inputs[0])], ["perm": .integers([0, rank - 1] + Array(1..<rank - 1))])
        var attributes: [String: ONNXGraph.Attribute] = [
            "strides": .integers(geometry.stride), "pads": .integers(geometry.padLow + geometry.padHigh),
            "group": .integer(geometry.groups),
        ]
        if type == "ConvTranspose" {
            let (small, kernel) = (graph.nodes[node.inputs[0]].extents, graph.nodes[node.inputs[1]].extents)
            attributes["output_padding"] = .integers(
                geometry.stride.indices.map { axis in
                    let (input, output) = (small[axis + 1].factor, node.extents[axis + 1].factor)
                    let full = (input - 1) * geometry.stride[axis] + kernel[axis + 1].factor
                    return output - (full - geometry.padLow[axis] - geometry.padHigh[axis])
                })
        }
        let y = onnx.apply(type, [x, try filter(node.inputs[1])], attributes)
        return onnx.apply("Transpose", [y], ["perm": .integers([0] + Array(2..<rank) + [1])])
    }

    /// The filter of a convolution, a parameter or its `DoublingFilter`, with its channels before its spatial extents.
    private mutating func filter(_ id: Int) throws(UntranslatedOperation) -> String {
        let node = graph.nodes[id]
        let isDoubling = node.operation is DoublingFilter
        let source = isDoubling ? graph.nodes[node.inputs[0]] : node
        guard let parameter = source.operation as? Parameter, let array = parameters[parameter.path] else {
            throw UntranslatedOperation(name: "convolution with a computed filter")
        }
        let shape = node.extents.map(\.factor)
        return onnx.array(
            "\(parameter.path) \(isDoubling ? "unfolded" : "transposed")",
            [shape[0], shape[shape.count - 1]] + shape[1..<shape.count - 1]
        ) {
            let filter = isDoubling ? doublingFilter(array.values, shape: array.shape) : array.values
            return channelsFirst(filter, shape: shape)
        }
    }
}

/// Values [n, spatial…, channels] in the order [n, channels, spatial…].
private func channelsFirst(_ values: [Float], shape: [Int]) -> [Float] {
    let channels = shape[shape.count - 1]
    let positions = shape[1..<shape.count - 1].reduce(1, *)
    return [Float](unsafeUninitializedCapacity: values.count) { result, count in
        for index in 0..<values.count {
            let (row, channel) = index.quotientAndRemainder(dividingBy: channels)
            let (n, position) = row.quotientAndRemainder(dividingBy: positions)
            result[(n * channels + channel) * positions + position] = values[index]
        }
        count = values.count
    }
}

/// The `DoublingFilter` [C×4×4×O] of a filter [O×3×3×C]: each tap is the sum of those taps that read the same pixel.
private func doublingFilter(_ w: [Float], shape: [Int]) -> [Float] {
    let (outputs, inputs) = (shape[0], shape[3])
    let taps = [[2], [1, 2], [0, 1], [0]]
    var v = [Float](repeating: 0, count: inputs * 16 * outputs)
    for row in 0..<4 {
        for column in 0..<4 {
            for (y, x) in taps[row].flatMap({ y in taps[column].map { (y, $0) } }) {
                for o in 0..<outputs {
                    for c in 0..<inputs {
                        v[((c * 4 + row) * 4 + column) * outputs + o] += w[((o * 3 + y) * 3 + x) * inputs + c]
                    }
                }
            }
        }
    }
    return v
}
