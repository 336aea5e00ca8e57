/// A node's meaning: the shape rule, and beside it the rule of its derivative.
///
/// Operations are values: two nodes with equal operations and equal inputs are one node, so common subexpressions
/// (the features of a real batch that serve its hinge, its mismatch and its penalty) are shared as they are drawn.
public protocol Operation: Hashable, Sendable {
    /// The result's shape; stops with a message when the inputs do not fit, which is an error of the program's author.
    func shape(of inputs: [Shape]) -> Shape

    /// What `cotangent`, the derivative of some scalar by `output`, contributes to the derivative by each input.
    /// `nil` means that no derivative flows there. Written in tensors, so that it can be differentiated again.
    func pullback(_ cotangent: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?]

    /// The type of the result's elements.
    var elementType: ElementType { get }
}

extension Operation {
    /// Most operations make float32.
    public var elementType: ElementType { .float32 }

    /// The operation's name as profiles and errors print it.
    package var name: String { String(describing: Self.self) }
}

/// A computation drawn once and compiled by a device: nodes in an order in which inputs come before their users.
///
/// A graph belongs to one thread: the type is deliberately not `Sendable`.
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

    /// The tensor of `operation` applied to `inputs`, drawn now or found among the nodes that are there already.
    package func apply(_ operation: some Operation, _ inputs: [Tensor] = []) -> Tensor {
        for input in inputs { precondition(input.graph === self, "operands belong to different graphs") }
        let key = Key(operation: AnyHashable(operation), inputs: inputs.map(\.id))
        if let id = known[key] { return Tensor(graph: self, id: id) }
        let shape = operation.shape(of: inputs.map(\.shape))
        nodes.append(Node(operation: operation, inputs: key.inputs, shape: shape))
        known[key] = nodes.count - 1
        return Tensor(graph: self, id: nodes.count - 1)
    }

    /// A value given anew at each run, by name.
    public func input(_ name: String, _ shape: Shape, _ type: ElementType = .float32) -> Tensor {
        apply(Input(inputName: name, shape: shape, elementType: type))
    }

    /// A learnt value, read from the parameter buffer where `path` lies.
    package func parameter(_ path: String, _ shape: Shape) -> Tensor { apply(Parameter(path: path, shape: shape)) }

    /// A tensor whose elements are all `value`.
    public func fill(_ value: Float, _ shape: Shape) -> Tensor { apply(Fill(value: value, shape: shape)) }
}

/// A handle on a node of a graph.
public struct Tensor {
    package let graph: Graph
    package let id: Int

    package var node: Graph.Node { graph.nodes[id] }

    /// The extents.
    public var shape: Shape { node.shape }
}

/// A value given at each run.
package struct Input: Operation {
    package let inputName: String
    package let shape: Shape
    package let elementType: ElementType
    package func shape(of inputs: [Shape]) -> Shape { shape }
    package func pullback(_ cotangent: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] { [] }
}

/// A learnt value.
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
