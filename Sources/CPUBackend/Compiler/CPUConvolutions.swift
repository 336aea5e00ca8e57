import CKernels
import Execution
import Graphs

/// A convolution or one of its gradients; the raw values are those of CKernels and COneDNN.
enum ConvolutionKind: Int32 {
    case forward = 0
    case inputGradient = 1
    case filterGradient = 2
}

extension CPUCompiler {
    /// Emits a convolution or one of its gradients with the fastest kernel that supports it: Limn's own filter gradient, oneDNN
    /// (with the following bias and activation if possible), Limn's depthwise kernel, or im2col with OpenBLAS.
    mutating func emitConvolution(
        _ id: Int, _ geometry: ConvolutionGeometry, _ kind: ConvolutionKind
    ) throws(ExecutionError) {
        let node = graph.nodes[id]
        let shapes = node.inputs.map { graph.nodes[$0].shape }
        // Shapes of the convolution itself, of which this node is the result or a gradient.
        let (input, filter, output): (Shape, Shape, Shape) =
            switch kind {
            case .forward: (shapes[0], shapes[1], node.shape)
            case .inputGradient: (node.shape, shapes[1], shapes[0])
            case .filterGradient: (shapes[0], node.shape, shapes[1])
            }
        let flops = 2 * Double(output.count) * Double(filter.count / filter[0])
        let name = (operation: "convolution \(kind)", shapes: "\(input) \(filter)")
        var shape = limn_convolution()
        shape.batch = Int64(input[0])
        shape.in_channels = Int64(input[-1])
        shape.out_channels = Int64(output[-1])
        shape.groups = Int64(geometry.groups)
        // Kernels take three spatial dimensions; missing ones have extent 1 and come first.
        let lead = 3 - geometry.stride.count
        func spatial(_ values: [Int], filler: Int) -> (Int64, Int64, Int64) {
            let all = [Int](repeating: filler, count: lead) + values
            return (Int64(all[0]), Int64(all[1]), Int64(all[2]))
        }
        shape.input = spatial(Array(input.dimensions[1..<input.rank - 1]), filler: 1)
        shape.output = spatial(Array(output.dimensions[1..<output.rank - 1]), filler: 1)
        shape.filter = spatial(Array(filter.dimensions[1..<filter.rank - 1]), filler: 1)
        shape.stride = spatial(geometry.stride, filler: 1)
        shape.pad_low = spatial(geometry.padLow, filler: 0)
        let operandType = policy.convolutionOperands
        if kind == .filterGradient, limn_filter_gradient_suits(&shape, operandType.rawValue) != 0 {
            emitFilterGradient(id, name, flops, shape, operandType)
            return
        }
        if kind == .forward, let epilogue = epilogue(of: id, geometry) {
            // Emitted in place of the loop, when all operands of the loop are available.
            epilogues[epilogue.loop] = epilogue
            return
        }
        if device.library == .oneDNN, try emitOneDNN(id, name, flops, geometry, kind, input, filter, output) { return }
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
        let bytes = Double((input.count + output.count) * MemoryLayout<Float>.stride)
        emit(
            name.operation, name.shapes, flops: flops, bytes: bytes, reads: [a, b], writes: [direct], scratch: scratch
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

    private mutating func emitFilterGradient(
        _ id: Int, _ name: (operation: String, shapes: String), _ flops: Double, _ shape: limn_convolution,
        _ type: Storage
    ) {
        var shape = shape
        let node = graph.nodes[id]
        let (a, b) = (operand(node.inputs[0], as: type), operand(node.inputs[1], as: type))
        let result = allocate(id)
        let threads = Int32(device.threads)
        let scratch = limn_filter_gradient_scratch(&shape, type.rawValue, threads) * MemoryLayout<Float>.stride
        emit(name.operation, name.shapes, flops: flops, reads: [a, b], writes: [result], scratch: scratch) {
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
