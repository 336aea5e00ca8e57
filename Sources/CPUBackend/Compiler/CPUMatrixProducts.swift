import CKernels
import COneDNN
import Execution
import Graphs

extension CPUCompiler {
    /// Emits a product with a frozen parameter, [m×k]·[n×k]ᵀ, as the 1×1 convolution that it equals: its filter is packed once,
    /// in the precision of `FrozenParameters`.
    /// - Returns: false, without effect, for other products and without oneDNN.
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

    /// Emits a product of matrices [m×k]·[k×n] or of a batch of them, each optionally transposed.
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
        // A call of oneDNN costs more than a small product.
        if device.library == .oneDNN, batch * m * n * k > 65536 {
            var description = limn_onednn_matmul()
            description.batch = Int64(batch)
            description.m = Int64(m)
            description.n = Int64(n)
            description.k = Int64(k)
            description.transpose_a = product.transposeA ? 1 : 0
            description.transpose_b = product.transposeB ? 1 : 0
            let key = PrimitiveKey(product: description)
            if let primitive = primitives[key] ?? limn_onednn_matmul_create(&description).map(OneDNNPrimitive.init) {
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
        productThreads = max(productThreads, Int(limn_matrix_product_threads(Int64(batch * m * n * k), threads)))
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
