import CKernels
import Execution
import Graphs

/// A convolution or one of its gradients; the raw values are those of CKernels and COneDNN.
enum ConvolutionKind: Int32 {
    case forward = 0
    case inputGradient = 1
    case filterGradient = 2
}

/// A node that is a convolution or one of its gradients.
struct ConvolutionNode {
    let id: Int
    let geometry: ConvolutionGeometry
    let kind: ConvolutionKind
    /// Shapes of the convolution itself, of which the node is the result or a gradient.
    let input: Shape
    let filter: Shape
    let output: Shape

    init(_ id: Int, _ geometry: ConvolutionGeometry, _ kind: ConvolutionKind, in graph: Graph) {
        (self.id, self.geometry, self.kind) = (id, geometry, kind)
        let node = graph.nodes[id]
        let operands = node.inputs.map { graph.nodes[$0].shape }
        switch kind {
        case .forward: (input, filter, output) = (operands[0], operands[1], node.shape)
        case .inputGradient: (input, filter, output) = (node.shape, operands[1], operands[0])
        case .filterGradient: (input, filter, output) = (operands[0], node.shape, operands[1])
        }
    }

    /// The operation and the shapes that name the kernel in profiles and errors.
    var operation: String { "convolution \(kind)" }
    var shapes: String { "\(input) \(filter)" }
    var flops: Double { 2 * Double(output.count) * Double(filter.count / filter[0]) }

    /// The description for Limn's own kernels. They take three spatial dimensions; missing ones have extent 1 and come first.
    var kernelShape: limn_convolution {
        let lead = 3 - geometry.stride.count
        func spatial(_ values: [Int], filler: Int) -> (Int64, Int64, Int64) {
            let all = [Int](repeating: filler, count: lead) + values
            return (Int64(all[0]), Int64(all[1]), Int64(all[2]))
        }
        var shape = limn_convolution()
        shape.batch = Int64(input[0])
        shape.in_channels = Int64(input[-1])
        shape.out_channels = Int64(output[-1])
        shape.groups = Int64(geometry.groups)
        shape.input = spatial(Array(input.dimensions[1..<input.rank - 1]), filler: 1)
        shape.output = spatial(Array(output.dimensions[1..<output.rank - 1]), filler: 1)
        shape.filter = spatial(Array(filter.dimensions[1..<filter.rank - 1]), filler: 1)
        shape.stride = spatial(geometry.stride, filler: 1)
        shape.pad_low = spatial(geometry.padLow, filler: 0)
        return shape
    }
}

extension CPUCompiler {
    /// Emits a convolution or one of its gradients with the fastest kernel that supports it: Limn's own filter gradient, oneDNN
    /// (with the following bias and activation if possible), Limn's depthwise kernel, or im2col with OpenBLAS.
    mutating func emitConvolution(
        _ id: Int, _ geometry: ConvolutionGeometry, _ kind: ConvolutionKind
    ) throws(ExecutionError) {
        let convolution = ConvolutionNode(id, geometry, kind, in: graph)
        var shape = convolution.kernelShape
        let operandType = policy.convolutionOperands
        if kind == .filterGradient, limn_filter_gradient_suits(&shape, operandType.rawValue) != 0 {
            emitFilterGradient(convolution, operandType)
            return
        }
        if kind == .forward, let epilogue = epilogue(of: id, geometry) {
            // Emitted in place of the loop, when all operands of the loop are available.
            epilogues[epilogue.loop] = epilogue
            return
        }
        if device.library == .oneDNN, try emitOneDNN(convolution) { return }
        emitFloat32(convolution)
    }

    /// Emits a convolution or one of its gradients with float32 operands: with the depthwise kernel if it suits, else with im2col
    /// and OpenBLAS.
    private mutating func emitFloat32(_ convolution: ConvolutionNode) {
        let (id, kind) = (convolution.id, convolution.kind)
        var shape = convolution.kernelShape
        let node = graph.nodes[id]
        let a = operand(node.inputs[0], as: .float32)
        let b = operand(node.inputs[1], as: .float32)
        let result = allocate(id)
        let direct = result.storage == .float32 ? result : allocate(count: node.shape.count, .float32)
        let threads = Int32(device.threads)
        let isDepthwise = limn_depthwise_suits(&shape, kind.rawValue) != 0
        let floats =
            isDepthwise ? limn_depthwise_scratch(&shape) : limn_convolution_scratch(&shape, kind.rawValue, threads)
        let scratch = floats * MemoryLayout<Float>.stride
        if !isDepthwise { productThreads = max(productThreads, device.threads) }
        let bytes = Double((convolution.input.count + convolution.output.count) * MemoryLayout<Float>.stride)
        emit(
            convolution.operation, convolution.shapes, flops: convolution.flops, bytes: bytes, reads: [a, b],
            writes: [direct], scratch: scratch
        ) {
            [shape] at in
            let (x, y) = (
                UnsafePointer(at(a).assumingMemoryBound(to: Float.self)),
                UnsafePointer(at(b).assumingMemoryBound(to: Float.self))
            )
            let (out, memory) = (
                at(direct).assumingMemoryBound(to: Float.self), at.scratch.assumingMemoryBound(to: Float.self)
            )
            return {
                withUnsafePointer(to: shape) {
                    if isDepthwise {
                        limn_depthwise($0, kind.rawValue, x, y, out, memory, threads)
                    } else {
                        limn_convolution_run($0, kind.rawValue, x, y, out, memory, threads)
                    }
                }
                return 0
            }
        }
        if direct.buffer != result.buffer { emitConversion(from: direct, to: result, count: node.shape.count) }
    }

    /// Emits a filter gradient with Limn's own kernel, with operands stored as `type`.
    private mutating func emitFilterGradient(_ convolution: ConvolutionNode, _ type: Storage) {
        var shape = convolution.kernelShape
        let node = graph.nodes[convolution.id]
        let (a, b) = (operand(node.inputs[0], as: type), operand(node.inputs[1], as: type))
        let result = allocate(convolution.id)
        let threads = Int32(device.threads)
        let scratch = limn_filter_gradient_scratch(&shape, type.rawValue, threads) * MemoryLayout<Float>.stride
        emit(
            convolution.operation, convolution.shapes, flops: convolution.flops, reads: [a, b], writes: [result],
            scratch: scratch
        ) {
            [shape] at in
            let (x, dy) = (at(a), at(b))
            let (out, memory) = (
                at(result).assumingMemoryBound(to: Float.self), at.scratch.assumingMemoryBound(to: Float.self)
            )
            return {
                withUnsafePointer(to: shape) { limn_filter_gradient($0, type.rawValue, x, dy, out, memory, threads) }
                return 0
            }
        }
    }
}
