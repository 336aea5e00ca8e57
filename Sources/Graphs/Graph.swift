/// What a node computes: the rule for its shape and the rule for its derivative.
///
/// Operations are values: tracing an equal operation on equal inputs again returns the existing node. Common
/// subexpressions are therefore computed once, such as the features of a real batch that the hinge loss, the
/// mismatched-caption loss and the gradient penalty all use.
package protocol Operation: Hashable, Sendable {
    /// The shape of the result. Inputs of unsuitable shapes are a programming error and fail a precondition.
    func shape(of inputs: [Shape]) -> Shape

    /// The vector–Jacobian product (VJP): given `cotangent`, the derivative of a scalar with respect to `output`, its
    /// derivative with respect to each input. `nil` stands for zero, for inputs that are integers or of which the
    /// output is a piecewise constant function; an operation without a derivative calls `hasNoDerivative()`. The rule consists of
    /// operations on tensors and can itself be differentiated.
    func pullback(_ cotangent: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?]

    /// The type of the result's elements; float32 of all operations but an integer input.
    var elementType: ElementType { get }

    /// Whether the elements of operand `index` must be int32; they must be float32 otherwise.
    func isIndex(operand index: Int) -> Bool
}

extension Operation {
    package var elementType: ElementType { .float32 }
    package func isIndex(operand index: Int) -> Bool { false }

    /// The name in error messages.
    package var name: String { String(describing: Self.self) }

    /// Stops the program when an operation that has no derivative is differentiated.
    package func hasNoDerivative() -> Never {
        preconditionFailure("\(name) has no derivative; put stoppingGradient() behind it to treat it as a constant")
    }
}

/// A traced computation that a device compiles: a list of nodes, each after its inputs and before its consumers.
///
/// Not `Sendable`: one thread traces a graph.
public final class Graph {
    /// One value of the computation.
    package struct Node {
        package let operation: any Operation
        package let inputs: [Int]
        package let shape: Shape
    }

    private struct Key: Hashable {
        let operation: AnyHashable
        let inputs: [Int]
    }

    package private(set) var nodes: [Node] = []
    private var known: [Key: Int] = [:]

    /// An empty graph.
    public init() {}

    /// The result of `operation` on `inputs`: a new node, or the equal node that exists already.
    package func apply(_ operation: some Operation, _ inputs: [Tensor] = []) -> Tensor {
        for (index, input) in inputs.enumerated() {
            precondition(input.graph === self, "operands belong to different graphs")
            let isInteger = input.node.operation.elementType == .int32
            precondition(
                isInteger == operation.isIndex(operand: index),
                "operand \(index) of \(operation.name) must be \(isInteger ? "float32" : "int32")")
        }
        let key = Key(operation: AnyHashable(operation), inputs: inputs.map(\.id))
        if let id = known[key] { return Tensor(graph: self, id: id) }
        let shape = operation.shape(of: inputs.map(\.shape))
        nodes.append(Node(operation: operation, inputs: key.inputs, shape: shape))
        known[key] = nodes.count - 1
        return Tensor(graph: self, id: nodes.count - 1)
    }

    /// A named value that is passed to each run.
    public func input(_ name: String, _ shape: Shape, _ type: ElementType = .float32) -> Tensor {
        apply(Input(inputName: name, shape: shape, elementType: type))
    }

    /// A learned value, read from the parameter buffer at `path`.
    package func parameter(_ path: String, _ shape: Shape) -> Tensor { apply(Parameter(path: path, shape: shape)) }

    /// A tensor whose elements are all `value`.
    public func fill(_ value: Float, _ shape: Shape) -> Tensor { apply(Fill(value: value, shape: shape)) }
}

/// A handle to a node of a graph.
public struct Tensor {
    package let graph: Graph
    package let id: Int

    package var node: Graph.Node { graph.nodes[id] }

    /// The extents.
    public var shape: Shape { node.shape }
}

/// A value that is passed to each run.
package struct Input: Operation {
    package let inputName: String
    package let shape: Shape
    package let elementType: ElementType
    package func shape(of inputs: [Shape]) -> Shape { shape }
    package func pullback(_ cotangent: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [] }
}

/// A learned value.
package struct Parameter: Operation {
    package let path: String
    package let shape: Shape
    package func shape(of inputs: [Shape]) -> Shape { shape }
    package func pullback(_ cotangent: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [] }
}

/// A constant.
package struct Fill: Operation {
    package let value: Float
    package let shape: Shape
    package func shape(of inputs: [Shape]) -> Shape { shape }
    package func pullback(_ cotangent: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [] }
}
