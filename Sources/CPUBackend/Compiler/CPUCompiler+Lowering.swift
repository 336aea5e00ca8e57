import CKernels
import Execution
import Graphs

extension CPUCompiler {
    /// Emits the steps that compute a node, or the fused loop of which it is the last member.
    mutating func emit(_ id: Int) throws(ExecutionError) {
        if let index = fusion.loop[id] {
            if let epilogue = epilogues[index] {
                try emitEpilogue(epilogue)
            } else {
                emitLoop(fusion.members[index], over: fusion.shapes[index])
            }
            return
        }
        let node = graph.nodes[id]
        switch node.operation {
        case let input as Input:
            locations[id] = allocate(count: input.shape.count, policy.storage(of: id))
        case let parameter as Parameter:
            guard let slice = parameters[parameter.path] else { throw .missingParameter(parameter.path) }
            precondition(
                slice.count == parameter.shape.count, "\(parameter.path): \(slice.count) values for \(parameter.shape)")
            alias(id, to: fixed(slice))
        case is Reshape:
            alias(id, to: location(of: node.inputs[0]))
        case let convolution as ConvolutionForward:
            try emitConvolution(id, convolution.geometry, .forward)
        case let gradient as ConvolutionInputGradient:
            try emitConvolution(id, gradient.geometry, .inputGradient)
        case let gradient as ConvolutionFilterGradient:
            try emitConvolution(id, gradient.geometry, .filterGradient)
        case let product as MatrixProduct:
            if try emitFrozenProduct(id, product) { break }
            emitMatrixProduct(id, product)
        case let upsample as Upsample:
            emitResampling(id, factor: upsample.factor, up: true)
        case let pool as SumPool:
            emitResampling(id, factor: pool.factor, up: false)
        case is Gather, is Scatter:
            emitRows(id)
        case is Resize, is ResizeGradient:
            emitResize(id)
        case let translate as Translate:
            emitTranslate(id, translate)
        case let slice as Slice:
            emitSlice(id, slice)
        case let pad as Pad:
            emitPad(id, pad)
        case let concatenate as Concatenate:
            emitConcatenate(id, concatenate)
        case is DoublingFilter, is DoublingFilterGradient:
            try emitDoublingFilter(id)
        case let transpose as Transpose:
            emitTranspose(id, transpose)
        default:
            throw .unsupported(operation: node.operation.name, device: device.summary)
        }
    }

    /// Places a node's value in memory that holds it already.
    mutating func alias(_ id: Int, to location: Location) {
        precondition(!preassigned.contains(id), "an output write of \(graph.nodes[id].operation.name) would be lost")
        locations[id] = location
    }

    /// The location of a slice of a buffer.
    mutating func fixed(_ slice: BufferSlice) -> Location {
        fixed(UnsafeMutableRawPointer(slice.pointer), owner: slice.buffer)
    }

    private mutating func fixed(_ address: UnsafeMutableRawPointer, owner: AnyObject) -> Location {
        owned.append(owner)
        allocations.append(Allocation(size: 0, fixed: address, first: 0, last: 0))
        return Location(buffer: allocations.count - 1, storage: .float32)
    }

    // MARK: Packed parameters

    /// The parameter that a node reads, directly or through its unfolded filter (`DoublingFilter`); nil for other nodes.
    private func origin(_ id: Int) -> (parameter: String, isUnfolded: Bool)? {
        let node = graph.nodes[canonical[id]]
        if let parameter = node.operation as? Parameter { return (parameter.path, false) }
        guard node.operation is DoublingFilter, let source = origin(node.inputs[0]), !source.isUnfolded else {
            return nil
        }
        return (source.parameter, true)
    }

    /// The packed copies of a parameter that this program shares with others; nil if there are none.
    private func sharedPacking(of path: String) -> WeightPacking? {
        parameters.isFrozen(path) ? parameters.frozen?.packing : packing
    }

    /// Emits a kernel whose result depends on `source` alone. If `source` comes from a parameter, the result is packed memory
    /// that other programs share; otherwise it is memory of this program.
    /// - Parameters:
    ///   - layout: distinguishes this result from others of the same source.
    ///   - bytes: size of the result.
    ///   - traffic: bytes that the kernel reads and writes.
    ///   - location: where the result is written; nil allocates memory, shared if possible.
    ///   - run: the kernel; returns 0 or the status of a failure.
    /// - Returns: the location of the result.
    mutating func emitPacked(
        _ operation: String, _ shapes: String, layout: String, of source: Int, bytes: Int, traffic: Int,
        location: Location? = nil,
        run: @escaping (_ from: UnsafeMutableRawPointer, _ to: UnsafeMutableRawPointer) -> Int
    ) throws(ExecutionError) -> Location {
        let from = operand(source, as: .float32)
        if location == nil, let origin = origin(source), let packing = sharedPacking(of: origin.parameter),
            let address = allocations[from.buffer].fixed
        {
            let read = address + from.byteOffset
            let key = WeightPacking.Key(layout: layout, parameter: origin.parameter, isUnfolded: origin.isUnfolded)
            let memory = try packing.packed(key, bytes: bytes, isSecondStage: isSecondStage) { to in
                CPUProgram.Step(operation: operation, shapes: shapes, flops: 0, bytes: Double(traffic)) {
                    run(read, to)
                }
            }
            return fixed(memory.pointer, owner: memory)
        }
        let to = location ?? allocate(bytes: bytes, .float32)
        emit(operation, shapes, bytes: Double(traffic), reads: [from], writes: [to]) { at in
            let (read, write) = (at(from), at(to))
            return { run(read, write) }
        }
        return to
    }
}
