import Graphs
import Layers
import Models

/// Translates a traced computation to ONNX operators, operation by operation.
///
/// ONNX broadcasts the operands of elementwise operators and Limn does not, so a `Broadcast` or `Fill` becomes a node only where
/// another operation reads it. Images are NHWC in Limn and NCHW in ONNX's convolutions, which get a transposition on either
/// side; ONNX Runtime moves and cancels these.
package struct GraphTranslation {
    /// The graph appended to.
    package var onnx: ONNXGraph
    let graph: SymbolicGraph
    let parameters: NetworkArrays
    /// The ONNX values of the computation's inputs, by name.
    private let inputs: [String: String]
    private let sizes: BatchSizes
    /// The ONNX value of each node translated so far.
    private var values: [Int: String] = [:]

    /// - Parameters:
    ///   - onnx: the graph to append to.
    ///   - parameters: the parameters by path.
    ///   - inputs: the ONNX values of the computation's inputs, by name.
    package init(
        _ graph: SymbolicGraph, into onnx: ONNXGraph, parameters: NetworkArrays, inputs: [String: String],
        sizes: BatchSizes
    ) {
        self.graph = graph
        self.onnx = onnx
        self.parameters = parameters
        self.inputs = inputs
        self.sizes = sizes
    }

    /// Translates all nodes that the results depend on.
    /// - Returns: the ONNX value of each result, by name.
    /// - Throws: `UntranslatedOperation`.
    package mutating func results() throws(UntranslatedOperation) -> [String: String] {
        var isNeeded = Set(graph.results.values)
        for id in graph.nodes.indices.reversed() where isNeeded.contains(id) {
            isNeeded.formUnion(graph.nodes[id].inputs)
        }
        for id in graph.nodes.indices where isNeeded.contains(id) && !isFolded(id) { _ = try value(of: id) }
        var results: [String: String] = [:]
        for (name, id) in graph.results { results[name] = try value(of: id) }
        return results
    }

    /// Whether the operations that read a node may take what it was made of instead.
    private func isFolded(_ id: Int) -> Bool {
        switch graph.nodes[id].operation {
        case is Broadcast, is Fill, is Parameter, is DoublingFilter: true
        default: false
        }
    }

    /// The ONNX value of a node, in its full shape.
    mutating func value(of id: Int) throws(UntranslatedOperation) -> String {
        if let known = values[id] { return known }
        let value = try translated(id)
        values[id] = value
        return value
    }

    private mutating func translated(_ id: Int) throws(UntranslatedOperation) -> String {
        let node = graph.nodes[id]
        switch node.operation {
        case let input as Input:
            guard let value = inputs[input.inputName] else { preconditionFailure("no input \(input.inputName)") }
            return value
        case let parameter as Parameter:
            guard let array = parameters[parameter.path] else { preconditionFailure("no array \(parameter.path)") }
            return onnx.array(parameter.path, array.shape) { array.values }
        case let fill as Fill: return onnx.apply("Expand", [onnx.number(fill.value), shape(node.extents)])
        case is Broadcast: return onnx.apply("Expand", [try value(of: node.inputs[0]), shape(node.extents)])
        case is StopGradient: return try value(of: node.inputs[0])
        case is Reshape:
            return onnx.apply("Reshape", [try value(of: node.inputs[0]), reshaping(node.extents)])
        case let elementwise as Elementwise: return try translated(elementwise.function, node)
        case let sum as Sum:
            return onnx.apply(
                "ReduceSum", [try value(of: node.inputs[0]), onnx.integers(sum.axes)], ["keepdims": .integer(1)])
        case let maximum as Maximum:
            return onnx.apply(
                "ReduceMax", [try value(of: node.inputs[0])],
                ["axes": .integers(maximum.axes), "keepdims": .integer(1)])
        case let transpose as Transpose:
            return onnx.apply("Transpose", [try value(of: node.inputs[0])], ["perm": .integers(transpose.order)])
        case let slice as Slice:
            let start = onnx.integers([slice.start])
            let end = onnx.apply("Add", [start, sizes.value(of: node.extents[slice.axis], in: &onnx)])
            return onnx.apply("Slice", [try value(of: node.inputs[0]), start, end, onnx.integers([slice.axis])])
        case let concatenation as Concatenate:
            return onnx.apply("Concat", try allValues(node), ["axis": .integer(concatenation.axis)])
        case is Gather: return onnx.apply("Gather", try allValues(node), ["axis": .integer(0)])
        case let product as MatrixProduct: return try translated(product, node)
        case let upsampling as Upsample:
            let factors = node.extents.indices.map {
                0 < $0 && $0 < node.extents.count - 1 ? Float(upsampling.factor) : 1
            }
            let scales = onnx.array("scales \(factors)", [factors.count]) { factors }
            return onnx.apply(
                "Resize", [try value(of: node.inputs[0]), "", scales],
                [
                    "mode": .text("nearest"), "nearest_mode": .text("floor"),
                    "coordinate_transformation_mode": .text("asymmetric"),
                ])
        case let convolution as ConvolutionForward:
            return try convolved("Conv", node, convolution.geometry)
        case let convolution as ConvolutionInputGradient:
            return try convolved("ConvTranspose", node, convolution.geometry)
        default: throw UntranslatedOperation(name: node.operation.name)
        }
    }

    private mutating func allValues(_ node: SymbolicGraph.Node) throws(UntranslatedOperation) -> [String] {
        var result: [String] = []
        for input in node.inputs { result.append(try value(of: input)) }
        return result
    }

    // MARK: Shapes

    /// A shape as an int64 vector.
    private mutating func shape(_ extents: [Extent]) -> String { sizes.shape(extents, in: &onnx) }

    /// The target of a reshape, in which -1 stands for one extent that is not fixed.
    private mutating func reshaping(_ extents: [Extent]) -> String {
        extents.count { $0.fixed == nil } == 1 ? onnx.integers(extents.map { $0.fixed ?? -1 }) : shape(extents)
    }

    // MARK: Elementwise operations

    private mutating func translated(_ function: Elementwise.Function, _ node: SymbolicGraph.Node)
        throws(UntranslatedOperation) -> String
    {
        let x = try operands(of: node)
        func apply(_ type: String, _ more: String..., attributes: [String: ONNXGraph.Attribute] = [:]) -> String {
            onnx.apply(type, x + more, attributes)
        }
        switch function {
        case .scale(let factor): return apply("Mul", onnx.number(factor))
        case .offset(let value): return apply("Add", onnx.number(value))
        case .pow(let power): return apply("Pow", onnx.number(power))
        case .clamp(let low, let high): return apply("Clip", onnx.number(low), onnx.number(high))
        case .leakyReLU(0): return apply("Relu")
        case .leakyReLU(let slope): return apply("LeakyRelu", attributes: ["alpha": .float(slope)])
        case .exp: return apply("Exp")
        case .log: return apply("Log")
        case .sqrt: return apply("Sqrt")
        case .reciprocal: return apply("Reciprocal")
        case .tanh: return apply("Tanh")
        case .sigmoid: return apply("Sigmoid")
        case .softplus: return apply("Softplus")
        case .erf: return apply("Erf")
        case .add: return apply("Add")
        case .subtract: return apply("Sub")
        case .multiply: return apply("Mul")
        case .divide: return apply("Div")
        case .between, .leakyReLUGradient: throw UntranslatedOperation(name: "\(function)")
        }
    }

    /// The operands of an elementwise operation, without their broadcasts where the operator's own gives the same shape.
    private mutating func operands(of node: SymbolicGraph.Node) throws(UntranslatedOperation) -> [String] {
        let isComplete = node.extents.indices.allSatisfy { axis in
            node.extents[axis].fixed == 1
                || node.inputs.contains { extents(beforeBroadcast: $0)?[axis] == node.extents[axis] }
        }
        var result: [String] = []
        for input in node.inputs {
            result.append(
                try isComplete || !result.isEmpty ? value(beforeBroadcast: input) : value(of: input))
        }
        return result
    }

    /// The extents of what a node repeats; nil for a single number.
    private func extents(beforeBroadcast id: Int) -> [Extent]? {
        switch graph.nodes[id].operation {
        case is Fill: nil
        case is Broadcast: graph.nodes[graph.nodes[id].inputs[0]].extents
        default: graph.nodes[id].extents
        }
    }

    /// The ONNX value of what a node repeats.
    private mutating func value(beforeBroadcast id: Int) throws(UntranslatedOperation) -> String {
        switch graph.nodes[id].operation {
        case let fill as Fill: onnx.number(fill.value)
        case is Broadcast: try value(of: graph.nodes[id].inputs[0])
        default: try value(of: id)
        }
    }

    // MARK: Products

    private mutating func translated(_ product: MatrixProduct, _ node: SymbolicGraph.Node)
        throws(UntranslatedOperation) -> String
    {
        var operands = try allValues(node)
        guard node.extents.count == 3 else {
            return onnx.apply(
                "Gemm", operands,
                ["transA": .integer(product.transposeA ? 1 : 0), "transB": .integer(product.transposeB ? 1 : 0)])
        }
        for (index, isTransposed) in [product.transposeA, product.transposeB].enumerated() where isTransposed {
            operands[index] = onnx.apply("Transpose", [operands[index]], ["perm": .integers([0, 2, 1])])
        }
        return onnx.apply("MatMul", operands)
    }
}

/// An operation that has no translation.
package struct UntranslatedOperation: Error {
    /// What it is.
    package let name: String
}
