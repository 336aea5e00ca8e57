import Execution
import Graphs

/// Element types of values in a program's memory.
enum Storage: Int32 {
    // The raw values are CKernels' LIMN_FLOAT32, LIMN_BFLOAT16 and LIMN_INT32.
    case float32 = 0
    case bfloat16 = 1
    case int32 = 2

    /// Bytes of one element.
    var size: Int { self == .bfloat16 ? 2 : 4 }
}

/// Chooses the element type in which each value of a program is stored.
///
/// In a bfloat16 program, a value is bfloat16 if it is an activation of a convolution: an image of at least 8 channels and more
/// than one position. Everything else stays float32:
/// - values of a parameter's shape: gradients of filters, and what is computed from them and from filters;
/// - inputs and outputs of the program, which the host reads and writes;
/// - sums and maxima, whose rounding errors would add up in later steps;
/// - vectors and small images (logits, statistics, affines, pixels), whose traffic is negligible.
///
/// Indices are int32. In a float32 program all other values are float32.
struct PrecisionPolicy {
    /// How the operands of convolutions are stored.
    let convolutionOperands: Storage
    private let graph: Graph
    private let outputs: Set<Int>
    private let hasParameterShape: [Bool]

    /// - Parameter outputs: nodes that the program returns or writes to buffers.
    init(_ precision: Precision, graph: Graph, outputs: Set<Int>) {
        convolutionOperands = precision == .bfloat16 ? .bfloat16 : .float32
        self.graph = graph
        self.outputs = outputs
        var hasParameterShape = [Bool](repeating: false, count: graph.nodes.count)
        for (id, node) in graph.nodes.enumerated() {
            switch node.operation {
            case is Parameter, is ConvolutionFilterGradient, is Scatter, is DoublingFilter, is DoublingFilterGradient:
                hasParameterShape[id] = true
            case is Elementwise, is StopGradient, is Reshape:
                hasParameterShape[id] = node.inputs.contains {
                    hasParameterShape[$0] && graph.nodes[$0].shape.count == node.shape.count
                }
            default: break
            }
        }
        self.hasParameterShape = hasParameterShape
    }

    /// How the value of a node is stored.
    func storage(of id: Int) -> Storage {
        let node = graph.nodes[id]
        if node.operation.elementType == .int32 { return .int32 }
        guard convolutionOperands == .bfloat16, !hasParameterShape[id], !outputs.contains(id), node.shape.rank >= 4,
            !(node.operation is Input), !Fusion.isReduction(node.operation)
        else { return .float32 }
        let channels = node.shape[-1]
        let positions = node.shape.count / channels / node.shape[0]
        return channels >= 8 && positions > 1 ? .bfloat16 : .float32
    }
}
