import CKernels
import COneDNN
import Execution
import Graphs

extension CPUCompiler {
    /// Emits a convolution or one of its gradients through oneDNN.
    /// - Returns: false, without effect, if the library has no such primitive.
    mutating func emitOneDNN(_ convolution: ConvolutionNode) throws(ExecutionError) -> Bool {
        let (id, kind) = (convolution.id, convolution.kind)
        let (input, filter, output) = (convolution.input, convolution.filter, convolution.output)
        let node = graph.nodes[id]
        let operandType = policy.convolutionOperands
        var description = description(
            convolution.geometry, kind, input, filter, output,
            result: kind == .filterGradient ? Storage.float32 : policy.storage(of: id))
        guard let primitive = convolutionPrimitive(&description) else { return false }
        let handle = primitive.handle
        let a = operand(node.inputs[0], as: operandType)
        let scratch = limn_onednn_scratch_size(handle)
        if kind == .filterGradient {
            let b = operand(node.inputs[1], as: operandType)
            let result = allocate(id)
            let isPlain = limn_onednn_filter_is_plain(handle) != 0
            let packed = isPlain ? result : allocate(bytes: limn_onednn_filter_size(handle), .float32)
            emit(
                convolution.operation, convolution.shapes, flops: convolution.flops, reads: [a, b], writes: [packed],
                scratch: scratch
            ) { at in
                let (x, y, out, memory) = (at(a), at(b), at(packed), at.scratch)
                return { Int(limn_onednn_convolution_run(handle, x, y, nil, out, memory)) }
            }
            guard !isPlain else { return true }
            let reorder = try OneDNNReorder(of: primitive, unpacks: true)
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
            convolution.operation, convolution.shapes, flops: convolution.flops, bytes: bytes, reads: [a, b],
            writes: [result], scratch: scratch
        ) {
            at in
            let (x, w, out, memory) = (at(a), at(b), at(result), at.scratch)
            return { Int(limn_onednn_convolution_run(handle, x, w, nil, out, memory)) }
        }
        return true
    }

    /// Bytes of activations that a convolution or its input gradient reads and writes, without the filter, which is small.
    func traffic(_ input: Shape, _ output: Shape, _ from: Location, _ to: Location, _ kind: ConvolutionKind) -> Double {
        let (read, written) = kind == .forward ? (input, output) : (output, input)
        return Double(read.count * from.storage.size + written.count * to.storage.size)
    }

    /// The description of a convolution, or of one of its gradients, for oneDNN.
    /// - Parameter result: the storage of its result.
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
        description.input_type = (kind == .inputGradient ? result : policy.convolutionOperands).rawValue
        description.output_type = (kind == .forward ? result : policy.convolutionOperands).rawValue
        description.filter_type = (kind == .filterGradient ? .float32 : policy.convolutionOperands).rawValue
        return description
    }

    /// A filter in the layout that a primitive requires; primitives with the same layout share it.
    mutating func packedFilter(
        _ id: Int, for primitive: OneDNNPrimitive, _ filter: Shape
    ) throws(ExecutionError) -> Location {
        let handle = primitive.handle
        if limn_onednn_filter_is_plain(handle) != 0 { return operand(id, as: .float32) }
        let layout = String(cString: limn_onednn_filter_key(handle))
        let key = PackedFilter(node: canonical[id], layout: layout)
        if let packed = packedFilters[key] { return packed }
        let reorder = try OneDNNReorder(of: primitive, unpacks: false)
        let packed = try emitPacked(
            "pack filter", "\(filter)", layout: layout, of: id, bytes: limn_onednn_filter_size(handle),
            traffic: filter.count * 6, run: reorder.run)
        packedFilters[key] = packed
        return packed
    }

    /// The primitive of a description, created once per program; nil if the library has none.
    mutating func convolutionPrimitive(_ description: inout limn_onednn_convolution) -> OneDNNPrimitive? {
        let key = PrimitiveKey(convolution: description)
        if let known = primitives[key] { return known }
        guard let handle = limn_onednn_convolution_create(&description) else { return nil }
        let primitive = OneDNNPrimitive(handle)
        primitives[key] = primitive
        return primitive
    }
}
