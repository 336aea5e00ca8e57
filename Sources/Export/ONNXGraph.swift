import Files

/// A graph of ONNX operators (https://onnx.ai/onnx/operators), built node by node. Values are identified by name.
///
/// Equal nodes and equal constants are one, so callers need not remember what they have built.
package struct ONNXGraph {
    /// An attribute of a node.
    package enum Attribute: Hashable {
        case integer(Int)
        case integers([Int])
        case float(Float)
        case text(String)
    }

    /// The type of a value's elements, as in `TensorProto.DataType`.
    package enum ElementType: Int {
        case float32 = 1
        case int32 = 6
        case int64 = 7
        case bool = 9
    }

    /// An extent of an input or output.
    package enum Dimension {
        case fixed(Int)
        /// Any extent, equal for all dimensions of this name.
        case any(String)
    }

    private struct Key: Hashable {
        let type: String
        let inputs: [String]
        let attributes: [String: Attribute]
    }

    private var nodes: [ProtobufMessage] = []
    private var initializers: [ProtobufMessage] = []
    private var inputs: [ProtobufMessage] = []
    private var outputs: [ProtobufMessage] = []
    private var known: [Key: String] = [:]
    private var names: Set<String> = []

    /// An empty graph.
    package init() {}

    /// The first result of a node.
    /// - Parameter inputs: names of values; "" leaves out an optional one.
    package mutating func apply(_ type: String, _ inputs: [String], _ attributes: [String: Attribute] = [:]) -> String {
        let key = Key(type: type, inputs: inputs, attributes: attributes)
        if let name = known[key] { return name }
        let name = "\(type)_\(nodes.count)"
        known[key] = name
        append(type, inputs, attributes, output: name)
        return name
    }

    private mutating func append(
        _ type: String, _ inputs: [String], _ attributes: [String: Attribute], output: String
    ) {
        var node = ProtobufMessage()
        for input in inputs { node.append(1, input) }
        node.append(2, output)
        node.append(3, output)
        node.append(4, type)
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            node.append(5, ONNXGraph.attribute(name, value))
        }
        nodes.append(node)
    }

    private static func attribute(_ name: String, _ value: Attribute) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.append(1, name)
        switch value {
        case .float(let number):
            message.append(2, number)
            message.append(20, 1)
        case .integer(let number):
            message.append(3, number)
            message.append(20, 2)
        case .text(let text):
            message.append(4, text)
            message.append(20, 3)
        case .integers(let numbers):
            for number in numbers { message.append(8, number) }
            message.append(20, 7)
        }
        return message
    }

    /// A constant int64 vector.
    mutating func integers(_ values: [Int]) -> String {
        table("integers " + values.map(String.init).joined(separator: " "), values)
    }

    /// A constant int64 vector with a name of its own.
    mutating func table(_ name: String, _ values: [Int]) -> String {
        initializer(name, .int64, [values.count]) { tensor in
            tensor.append(9, values.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) })
        }
    }

    /// A constant int64 scalar.
    mutating func integer(_ value: Int) -> String {
        initializer("integer \(value)", .int64, []) { tensor in
            tensor.append(9, withUnsafeBytes(of: Int64(value).littleEndian, Array.init))
        }
    }

    /// A constant float32 scalar.
    mutating func number(_ value: Float) -> String {
        array("number \(value)", []) { [value] }
    }

    /// A constant float32 array of this name.
    /// - Parameter values: returns the values in row-major order when the file is written.
    mutating func array(_ name: String, _ shape: [Int], _ values: @escaping () -> [Float]) -> String {
        initializer(name, .float32, shape) { tensor in
            tensor.append(9, count: shape.reduce(1, *), floats: values)
        }
    }

    private mutating func initializer(
        _ name: String, _ type: ElementType, _ shape: [Int], _ data: (inout ProtobufMessage) -> Void
    ) -> String {
        guard names.insert(name).inserted else { return name }
        var tensor = ProtobufMessage()
        for extent in shape { tensor.append(1, extent) }
        tensor.append(2, type.rawValue)
        tensor.append(8, name)
        data(&tensor)
        initializers.append(tensor)
        return name
    }

    /// Declares an input.
    package mutating func input(_ name: String, _ type: ElementType, _ shape: [Dimension]) -> String {
        inputs.append(ONNXGraph.description(name, type, shape))
        return name
    }

    /// Declares a float32 output with the value `value`.
    package mutating func output(_ name: String, _ shape: [Dimension], _ value: String) {
        append("Identity", [value], [:], output: name)
        outputs.append(ONNXGraph.description(name, .float32, shape))
    }

    /// A `ValueInfoProto`.
    private static func description(_ name: String, _ type: ElementType, _ shape: [Dimension]) -> ProtobufMessage {
        var (extents, tensor, kind, value) =
            (ProtobufMessage(), ProtobufMessage(), ProtobufMessage(), ProtobufMessage())
        for dimension in shape {
            var extent = ProtobufMessage()
            switch dimension {
            case .fixed(let size): extent.append(1, size)
            case .any(let name): extent.append(2, name)
            }
            extents.append(1, extent)
        }
        tensor.append(1, type.rawValue)
        tensor.append(2, extents)
        kind.append(1, tensor)
        value.append(1, name)
        value.append(2, kind)
        return value
    }

    /// The graph as a `ModelProto` for version 17 of the operators, which ONNX 1.12 (2022) introduced.
    /// - Parameter metadata: entries of `metadata_props`.
    package func model(named name: String, producer: String, metadata: [(key: String, value: String)])
        -> ProtobufMessage
    {
        var graph = ProtobufMessage()
        for node in nodes { graph.append(1, node) }
        graph.append(2, name)
        for initializer in initializers { graph.append(5, initializer) }
        for input in inputs { graph.append(11, input) }
        for output in outputs { graph.append(12, output) }
        var (model, operators) = (ProtobufMessage(), ProtobufMessage())
        model.append(1, 8)
        model.append(2, producer)
        model.append(7, graph)
        operators.append(1, "")
        operators.append(2, 17)
        model.append(8, operators)
        for (key, value) in metadata {
            var entry = ProtobufMessage()
            entry.append(1, key)
            entry.append(2, value)
            model.append(14, entry)
        }
        return model
    }
}
