import CKernels
import COneDNN
import Execution
import Graphs

/// A primitive of oneDNN, destroyed with the program that uses it.
final class OneDNNPrimitive {
    let handle: OpaquePointer
    init(_ handle: OpaquePointer) { self.handle = handle }
    deinit { limn_onednn_destroy(handle) }
}

/// What packs or unpacks the filters of a primitive, which it keeps alive.
private final class OneDNNReorder {
    private let handle: OpaquePointer?
    private let primitive: OneDNNPrimitive

    init(of primitive: OneDNNPrimitive, unpacks: Bool) {
        handle = limn_onednn_reorder_create(primitive.handle, unpacks ? 1 : 0)
        self.primitive = primitive
    }

    deinit { limn_onednn_reorder_destroy(handle) }

    /// Returns the status; 1 is lack of memory.
    func run(_ from: UnsafeMutableRawPointer, _ to: UnsafeMutableRawPointer) -> Int {
        handle.map { Int(limn_onednn_reorder_run($0, from, to)) } ?? 1
    }
}

/// A packed filter of one program.
struct PackedFilter: Hashable {
    let node: Int
    let layout: String
}

/// What tells one primitive of a program from another: the bytes of its description.
struct PrimitiveKey: Hashable {
    private let isProduct: Bool
    private let bytes: [UInt8]

    init(convolution: limn_onednn_convolution) {
        isProduct = false
        bytes = withUnsafeBytes(of: convolution) { Array($0) }
    }

    init(product: limn_onednn_matmul) {
        isProduct = true
        bytes = withUnsafeBytes(of: product) { Array($0) }
    }
}

enum ConvolutionKind: Int32 {
    case forward = 0
    case inputGradient = 1
    case filterGradient = 2
}

extension CPUCompiler {
    // MARK: Convolution

    mutating func emitConvolution(
        _ id: Int, _ geometry: ConvolutionGeometry, _ kind: ConvolutionKind
    ) throws(ExecutionError) {
        let node = graph.nodes[id]
        let shapes = node.inputs.map { graph.nodes[$0].shape }
        // Input, filter and output of the convolution this node belongs to.
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
        // Fewer spatial dimensions are three with leading extents of 1.
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
        let operandType = productOperands
        if kind == .filterGradient, limn_filter_gradient_suits(&shape, operandType.rawValue) != 0 {
            emitFilterGradient(id, name, flops, shape, operandType)
            return
        }
        if kind == .forward, let epilogue = epilogue(of: id, geometry) {
            // The convolution runs where the loop would have.
            epilogues[epilogue.loop] = epilogue
            return
        }
        if device.library == .oneDNN, try emitOneDNN(id, name, flops, geometry, kind, input, filter, output) { return }
        let a = operand(node.inputs[0], as: .float32)
        let b = operand(node.inputs[1], as: .float32)
        let home = allocate(id)
        let direct = home.storage == .float32 ? home : allocate(count: node.shape.count, .float32)
        let threads = Int32(device.threads)
        let isDepthwise = limn_depthwise_suits(&shape, kind.rawValue) != 0
        let floats =
            isDepthwise ? limn_depthwise_scratch(&shape) : limn_convolution_scratch(&shape, kind.rawValue, threads)
        let scratch = floats * MemoryLayout<Float>.stride
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
        if direct.buffer != home.buffer { emitConversion(from: direct, to: home, count: node.shape.count) }
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

    mutating func emitConversion(from: Place, to: Place, count: Int) {
        let threads = Int32(device.threads)
        emit("convert", bytes: Double(count * 6), reads: [from], writes: [to]) { at in
            let (target, source) = (at(to), at(from))
            return {
                limn_convert(target, to.storage.rawValue, source, from.storage.rawValue, count, threads)
                return 0
            }
        }
    }

    /// Emits a convolution through oneDNN; false when the library has no such primitive.
    private mutating func emitOneDNN(
        _ id: Int, _ name: (operation: String, shapes: String), _ flops: Double, _ geometry: ConvolutionGeometry,
        _ kind: ConvolutionKind, _ input: Shape, _ filter: Shape, _ output: Shape
    ) throws(ExecutionError) -> Bool {
        let node = graph.nodes[id]
        let operandType = productOperands
        var description = description(
            geometry, kind, input, filter, output, result: kind == .filterGradient ? Storage.float32 : storage(id))
        guard let primitive = convolutionPrimitive(&description) else { return false }
        let handle = primitive.handle
        let a = operand(node.inputs[0], as: operandType)
        let scratch = limn_onednn_scratch_size(handle)
        if kind == .filterGradient {
            let b = operand(node.inputs[1], as: operandType)
            let result = allocate(id)
            let isPlain = limn_onednn_filter_is_plain(handle) != 0
            let packed = isPlain ? result : allocate(bytes: limn_onednn_filter_size(handle), .float32)
            emit(name.operation, name.shapes, flops: flops, reads: [a, b], writes: [packed], scratch: scratch) { at in
                let (x, y, out, memory) = (at(a), at(b), at(packed), at.scratch)
                return { Int(limn_onednn_convolution_run(handle, x, y, nil, out, memory)) }
            }
            guard !isPlain else { return true }
            let reorder = OneDNNReorder(of: primitive, unpacks: true)
            emit("unpack filter", "\(filter)", bytes: Double(filter.count * 8), reads: [packed], writes: [result]) {
                at in
                let (from, to) = (at(packed), at(result))
                return { reorder.run(from, to) }
            }
            return true
        }
        let b = try packedFilter(node.inputs[1], for: primitive, filter)
        let result = allocate(id)
        let bytes = traffic(input, output, a, result, kind)
        emit(
            name.operation, name.shapes, flops: flops, bytes: bytes, reads: [a, b], writes: [result], scratch: scratch
        ) {
            at in
            let (x, w, out, memory) = (at(a), at(b), at(result), at.scratch)
            return { Int(limn_onednn_convolution_run(handle, x, w, nil, out, memory)) }
        }
        return true
    }

    /// Bytes of images that a convolution or its input gradient reads and writes; filters are small beside them.
    func traffic(_ input: Shape, _ output: Shape, _ from: Place, _ to: Place, _ kind: ConvolutionKind) -> Double {
        let (read, written) = kind == .forward ? (input, output) : (output, input)
        return Double(read.count * from.storage.size + written.count * to.storage.size)
    }

    /// How operands of convolutions are kept.
    var productOperands: Storage { device.precision == .bfloat16 ? .bfloat16 : .float32 }

    /// A convolution, or one of its gradients, in oneDNN's terms.
    /// - Parameter result: how its result is kept.
    func description(
        _ geometry: ConvolutionGeometry, _ kind: ConvolutionKind, _ input: Shape, _ filter: Shape, _ output: Shape,
        result: Storage
    ) -> limn_onednn_convolution {
        var description = limn_onednn_convolution()
        description.kind = kind.rawValue
        description.spatial = Int32(geometry.stride.count)
        description.batch = Int64(input[0])
        description.in_channels = Int64(input[-1])
        description.out_channels = Int64(output[-1])
        description.groups = Int64(geometry.groups)
        func spatial(_ values: some Sequence<Int>) -> (Int64, Int64, Int64) {
            let all = values.map { Int64($0) } + [0, 0]
            return (all[0], all[1], all[2])
        }
        description.input = spatial(input.dimensions[1..<input.rank - 1])
        description.output = spatial(output.dimensions[1..<output.rank - 1])
        description.filter = spatial(filter.dimensions[1..<filter.rank - 1])
        description.stride = spatial(geometry.stride)
        description.pad_low = spatial(geometry.padLow)
        description.pad_high = spatial(geometry.padHigh)
        description.input_type = (kind == .inputGradient ? result : productOperands).rawValue
        description.output_type = (kind == .forward ? result : productOperands).rawValue
        description.filter_type = (kind == .filterGradient ? .float32 : productOperands).rawValue
        return description
    }

    /// A filter in the layout a primitive wants, packed once a run for all that agree on it.
    mutating func packedFilter(
        _ id: Int, for primitive: OneDNNPrimitive, _ filter: Shape
    ) throws(ExecutionError) -> Place {
        let handle = primitive.handle
        if limn_onednn_filter_is_plain(handle) != 0 { return operand(id, as: .float32) }
        let layout = String(cString: limn_onednn_filter_key(handle))
        let key = PackedFilter(node: canonical[id], layout: layout)
        if let packed = packedFilters[key] { return packed }
        let reorder = OneDNNReorder(of: primitive, unpacks: false)
        let packed = try emitPacked(
            "pack filter", "\(filter)", layout: layout, of: id, bytes: limn_onednn_filter_size(handle),
            traffic: filter.count * 6, run: reorder.run)
        packedFilters[key] = packed
        return packed
    }

    // MARK: Matrix products

    /// A product with a frozen parameter, [m×k]·[n×k]ᵀ, as the 1×1 convolution it equals: its filter is packed once, in
    /// the precision wanted of it. False where that is not what the product is.
    mutating func emitFrozenProduct(_ id: Int, _ product: MatrixProduct) throws(ExecutionError) -> Bool {
        let node = graph.nodes[id]
        guard let frozen = parameters.frozen, device.library == .oneDNN, node.shape.rank == 2, !product.transposeA,
            product.transposeB, let weight = graph.nodes[canonical[node.inputs[1]]].operation as? Parameter,
            frozen.slices[weight.path] != nil
        else { return false }
        let (m, n, k) = (node.shape[0], node.shape[1], graph.nodes[node.inputs[0]].shape[1])
        var description = limn_onednn_convolution()
        description.kind = ConvolutionKind.forward.rawValue
        description.spatial = 1
        (description.batch, description.groups) = (1, 1)
        (description.in_channels, description.out_channels) = (Int64(k), Int64(n))
        description.input = (Int64(m), 0, 0)
        description.output = (Int64(m), 0, 0)
        description.filter = (1, 0, 0)
        description.stride = (1, 0, 0)
        let type: Storage = frozen.precision == .bfloat16 ? .bfloat16 : .float32
        (description.input_type, description.filter_type) = (type.rawValue, type.rawValue)
        description.output_type = Storage.float32.rawValue
        guard let primitive = convolutionPrimitive(&description) else { return false }
        let handle = primitive.handle
        let b = try packedFilter(node.inputs[1], for: primitive, [n, 1, k])
        let a = operand(node.inputs[0], as: type)
        let c = allocate(id)
        let flops = 2 * Double(m * n) * Double(k)
        let scratch = limn_onednn_scratch_size(handle)
        emit("product", "\(m)×\(k)·\(k)×\(n)", flops: flops, reads: [a, b], writes: [c], scratch: scratch) { at in
            let (x, w, out, memory) = (at(a), at(b), at(c), at.scratch)
            return { Int(limn_onednn_convolution_run(handle, x, w, nil, out, memory)) }
        }
        return true
    }

    /// The primitive of a description, made once a program; nil when the library has no such one.
    mutating func convolutionPrimitive(_ description: inout limn_onednn_convolution) -> OneDNNPrimitive? {
        let key = PrimitiveKey(convolution: description)
        if let known = primitives[key] { return known }
        var message = [CChar](repeating: 0, count: 256)
        guard let handle = limn_onednn_convolution_create(&description, &message, message.count) else { return nil }
        let primitive = OneDNNPrimitive(handle)
        primitives[key] = primitive
        return primitive
    }

    mutating func emitMatrixProduct(_ id: Int, _ product: MatrixProduct) {
        let node = graph.nodes[id]
        let a = operand(node.inputs[0], as: .float32)
        let b = operand(node.inputs[1], as: .float32)
        let c = allocate(id)
        let k = product.inner(graph.nodes[node.inputs[0]].shape)
        let (m, n) = (node.shape[-2], node.shape[-1])
        let batch = node.shape.rank == 3 ? node.shape[0] : 1
        let flops = 2 * Double(batch * m * n) * Double(k)
        let shapes = "\(batch)×\(m)×\(k)·\(k)×\(n)"
        let threads = Int32(device.threads)
        if device.library == .oneDNN, batch * m * n * k > 65536 {
            var description = limn_onednn_matmul()
            description.batch = Int64(batch)
            description.m = Int64(m)
            description.n = Int64(n)
            description.k = Int64(k)
            description.a_batch = Int64(batch)
            description.b_batch = Int64(batch)
            description.transpose_a = product.transposeA ? 1 : 0
            description.transpose_b = product.transposeB ? 1 : 0
            let key = PrimitiveKey(product: description)
            var message = [CChar](repeating: 0, count: 256)
            if let primitive = primitives[key]
                ?? limn_onednn_matmul_create(&description, &message, message.count).map(OneDNNPrimitive.init)
            {
                primitives[key] = primitive
                let handle = primitive.handle
                emit(
                    "product", shapes, flops: flops, reads: [a, b], writes: [c],
                    scratch: limn_onednn_scratch_size(handle)
                ) { at in
                    let (x, y, z, memory) = (at(a), at(b), at(c), at.scratch)
                    return { Int(limn_onednn_matmul_run(handle, x, y, z, memory)) }
                }
                return
            }
        }
        emit("product", shapes, flops: flops, reads: [a, b], writes: [c]) { at in
            let (x, y) = (
                UnsafePointer(at(a).assumingMemoryBound(to: Float.self)),
                UnsafePointer(at(b).assumingMemoryBound(to: Float.self))
            )
            let z = at(c).assumingMemoryBound(to: Float.self)
            return {
                limn_matrix_product(
                    x, y, z, Int64(batch), Int64(m), Int64(n), Int64(k), product.transposeA ? 1 : 0,
                    product.transposeB ? 1 : 0, threads)
                return 0
            }
        }
    }
}
