import CKernels
import COneDNN
import Execution
import Graphs

/// Turns one graph into steps over an arena: nodes are visited in the fused schedule, each emits its kernel calls,
/// and when the lifetimes of all values are known the arena is laid out and the calls are bound to addresses.
struct CPUCompiler {
    /// How a value's elements are kept in memory.
    enum Storage: Int32 {
        case float32 = 0
        case bfloat16 = 1
        case int32 = 2
        var size: Int { self == .bfloat16 ? 2 : 4 }
    }

    /// Where a value lies: in a planned buffer or at a fixed address.
    struct Place {
        var buffer: Int
        var byteOffset = 0
        var storage: Storage
    }

    private struct Buffer {
        var size: Int
        var fixed: UnsafeMutableRawPointer?
        var first: Int
        var last: Int
    }

    private struct PendingStep {
        let operation: String
        let shapes: String
        let flops: Double
        let bytes: Double
        let bind: (Addresses) -> () -> Int
    }

    /// Addresses of places once the arena is laid out.
    struct Addresses {
        let base: [UnsafeMutableRawPointer]
        let scratch: UnsafeMutableRawPointer
        func callAsFunction(_ place: Place) -> UnsafeMutableRawPointer { base[place.buffer] + place.byteOffset }
    }

    let graph: Graph
    let device: CPUDevice
    let fusion: Fusion
    let canonical: [Int]
    private let outputs: Outputs
    let parameters: ParameterMap
    /// Packed copies of trained parameters that all shards share; nil if this program makes its own.
    let packing: WeightPacking?
    /// Whether the steps being emitted belong to the second stage.
    private(set) var isSecondStage = false

    private var buffers: [Buffer] = []
    private var pending: [PendingStep] = []
    private var places: [Int: Place] = [:]
    private var converted: [Int: Place] = [:]
    private var scratchBytes = 0
    /// Gradients and other values of a parameter's shape, which always stay float32.
    private let isWeightLike: [Bool]
    /// Nodes that the caller reads: float32 too.
    private let outputNodes: Set<Int>
    /// Kept alive by the program.
    var owned: [AnyObject] = []
    /// Loops that a convolution before them computes as it stores its results, by number.
    var epilogues: [Int: Epilogue] = [:]
    /// Filters as a primitive wants them, by node and layout.
    var packedFilters: [PackedFilter: Place] = [:]
    var primitives: [PrimitiveKey: OneDNNPrimitive] = [:]

    init(
        _ graph: Graph, device: CPUDevice, outputs: Outputs, parameters: ParameterMap, packing: WeightPacking?
    ) {
        self.graph = graph
        self.packing = packing
        self.device = device
        self.outputs = outputs
        self.parameters = parameters
        canonical = Fusion.resolvingStopGradients(graph)
        let canonical = canonical
        let firstStage = Set(outputs.firstStage.values.map { canonical[$0.id] })
        outputNodes = firstStage.union(
            (Array(outputs.results.values) + outputs.writes.map(\.tensor)).map { canonical[$0.id] })
        fusion = Fusion(graph, outputs: outputNodes, firstStage: firstStage)
        var weightLike = [Bool](repeating: false, count: graph.nodes.count)
        for (id, node) in graph.nodes.enumerated() {
            switch node.operation {
            case is Parameter, is ConvolutionFilterGradient, is Scatter, is DoublingFilter, is DoublingFilterGradient:
                weightLike[id] = true
            case is Elementwise, is StopGradient, is Reshape:
                weightLike[id] = node.inputs.contains {
                    weightLike[$0] && graph.nodes[$0].shape.count == node.shape.count
                }
            default: break
            }
        }
        isWeightLike = weightLike
    }

    mutating func compile() throws(ExecutionError) -> CPUProgram {
        for (tensor, destination) in outputs.writes {
            precondition(tensor.shape.count == destination.count, "\(tensor.shape) into \(destination.count) values")
        }
        preassignWrites()
        let order = fusion.schedule()
        let half = order.firstIndex { !fusion.isFirstStage[$0] } ?? order.count
        for id in order[..<half] { try emit(id) }
        let firstStage = outputs.firstStage.mapValues { operand($0.id, as: .float32) }
        let split = pending.count
        isSecondStage = !firstStage.isEmpty
        for id in order[half...] { try emit(id) }
        emitPendingWrites()
        return try finish(firstStage: firstStage, split: split)
    }

    // MARK: Values and steps

    /// The storage of a node's value: activations of convolutions may be bfloat16, all else is float32.
    func storage(_ id: Int) -> Storage {
        let node = graph.nodes[id]
        if node.operation.elementType == .int32 { return .int32 }
        guard device.precision == .bfloat16, !isWeightLike[id], !outputNodes.contains(id), node.shape.rank >= 4 else {
            return .float32
        }
        if node.operation is Input || node.operation is Sum || node.operation is Maximum { return .float32 }
        let channels = node.shape[-1]
        let positions = node.shape.count / channels / node.shape[0]
        return channels >= 8 && positions > 1 ? .bfloat16 : .float32
    }

    /// A new buffer for a node's value, or the place it was promised.
    mutating func allocate(_ id: Int) -> Place {
        if let place = places[id] { return place }
        let place = allocate(count: graph.nodes[id].shape.count, storage(id))
        places[id] = place
        return place
    }

    mutating func allocate(count: Int, _ storage: Storage) -> Place {
        allocate(bytes: count * storage.size, storage)
    }

    mutating func allocate(bytes: Int, _ storage: Storage) -> Place {
        buffers.append(Buffer(size: bytes, fixed: nil, first: pending.count, last: pending.count))
        return Place(buffer: buffers.count - 1, storage: storage)
    }

    /// Where a node's value lies, following reshapes; the value must have been emitted.
    func place(of id: Int) -> Place {
        guard let place = places[canonical[id]] else { preconditionFailure("value \(id) is read before it is made") }
        return place
    }

    /// The value in the wanted storage, converted once where it is kept otherwise.
    mutating func operand(_ id: Int, as storage: Storage) -> Place {
        let id = canonical[id]
        let home = place(of: id)
        if home.storage == storage { return home }
        if let copy = converted[id], copy.storage == storage { return copy }
        let count = graph.nodes[id].shape.count
        let copy = allocate(count: count, storage)
        let threads = Int32(device.threads)
        emit("convert", bytes: Double(count * 6), reads: [home], writes: [copy]) { at in
            let (to, from) = (at(copy), at(home))
            return {
                limn_convert(to, copy.storage.rawValue, from, home.storage.rawValue, count, threads)
                return 0
            }
        }
        converted[id] = copy
        return copy
    }

    /// Adds a step. Lifetimes of `reads` and `writes` are stretched to it.
    mutating func emit(
        _ operation: String, _ shapes: String = "", flops: Double = 0, bytes: Double = 0, reads: [Place],
        writes: [Place], scratch: Int = 0, bind: @escaping (Addresses) -> () -> Int
    ) {
        for place in reads + writes {
            buffers[place.buffer].last = pending.count
            buffers[place.buffer].first = min(buffers[place.buffer].first, pending.count)
        }
        scratchBytes = max(scratchBytes, scratch)
        pending.append(PendingStep(operation: operation, shapes: shapes, flops: flops, bytes: bytes, bind: bind))
    }

    // MARK: Nodes

    private mutating func emit(_ id: Int) throws(ExecutionError) {
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
            places[id] = allocate(count: input.shape.count, storage(id))
        case let parameter as Parameter:
            guard let slice = parameters[parameter.path] else { throw .missingParameter(parameter.path) }
            precondition(
                slice.count == parameter.shape.count, "\(parameter.path): \(slice.count) values for \(parameter.shape)")
            places[id] = fixed(slice)
        case is Reshape:
            places[id] = place(of: node.inputs[0])
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

    /// Makes a node's value another name for memory that is there already.
    mutating func alias(_ id: Int, to place: Place) { places[id] = place }

    private mutating func fixed(_ slice: BufferSlice) -> Place {
        fixed(UnsafeMutableRawPointer(slice.pointer), owner: slice.buffer)
    }

    private mutating func fixed(_ address: UnsafeMutableRawPointer, owner: AnyObject) -> Place {
        owned.append(owner)
        buffers.append(Buffer(size: 0, fixed: address, first: 0, last: 0))
        return Place(buffer: buffers.count - 1, storage: .float32)
    }

    /// The parameter that a node is, or is the unfolded filter of.
    private func origin(_ id: Int) -> (parameter: String, isUnfolded: Bool)? {
        let node = graph.nodes[canonical[id]]
        if let parameter = node.operation as? Parameter { return (parameter.path, false) }
        guard node.operation is DoublingFilter, let from = origin(node.inputs[0]), !from.isUnfolded else { return nil }
        return (from.parameter, true)
    }

    /// The packed copies of a parameter that more than this program reads.
    private func sharedPacking(of path: String) -> WeightPacking? {
        parameters.isFrozen(path) ? parameters.frozen?.packing : packing
    }

    /// The place of what a kernel computes from `source` alone: shared packed memory if `source` comes from a parameter,
    /// otherwise a buffer of this program.
    /// - Parameters:
    ///   - layout: tells the result from other layouts of `source`.
    ///   - place: the place to fill; nil is new memory.
    mutating func emitPacked(
        _ operation: String, _ shapes: String, layout: String, of source: Int, bytes: Int, traffic: Int,
        place: Place? = nil, run: @escaping (_ from: UnsafeMutableRawPointer, _ to: UnsafeMutableRawPointer) -> Int
    ) throws(ExecutionError) -> Place {
        let from = operand(source, as: .float32)
        if place == nil, let origin = origin(source), let packing = sharedPacking(of: origin.parameter),
            let address = buffers[from.buffer].fixed
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
        let to = place ?? allocate(bytes: bytes, .float32)
        emit(operation, shapes, bytes: Double(traffic), reads: [from], writes: [to]) { at in
            let (read, write) = (at(from), at(to))
            return { run(read, write) }
        }
        return to
    }

    // MARK: Outputs

    func isOutput(_ id: Int) -> Bool { outputNodes.contains(id) }

    private var promised: Set<Int> = []

    /// Values that a step of their own makes are written straight to their destination.
    private mutating func preassignWrites() {
        for (index, write) in outputs.writes.enumerated() {
            let id = canonical[write.tensor.id]
            let operation = graph.nodes[id].operation
            if operation is Reshape || operation is Parameter || operation is Input || operation is Slice
                || places[id] != nil
            {
                continue
            }
            places[id] = fixed(write.destination)
            promised.insert(index)
        }
    }

    private mutating func emitPendingWrites() {
        for (index, write) in outputs.writes.enumerated() where !promised.contains(index) {
            let from = operand(write.tensor.id, as: .float32)
            let to = fixed(write.destination)
            let count = write.destination.count
            emit("copy", bytes: Double(count * 8), reads: [from], writes: [to]) { at in
                let (target, source) = (at(to), at(from))
                return {
                    limn_convert(target, 0, source, 0, count, 1)
                    return 0
                }
            }
        }
    }

    private mutating func finish(firstStage: [String: Place], split: Int) throws(ExecutionError) -> CPUProgram {
        for place in firstStage.values { buffers[place.buffer].last = max(buffers[place.buffer].last, split) }
        var results: [String: (Place, Shape)] = [:]
        for (name, tensor) in outputs.results {
            let place = operand(tensor.id, as: .float32)
            buffers[place.buffer].last = Int.max
            results[name] = (place, tensor.shape)
        }
        var inputs: [String: (Place, Shape, ElementType, isSecondStage: Bool)] = [:]
        for (id, node) in graph.nodes.enumerated() where fusion.isLive[id] {
            guard let input = node.operation as? Input, let place = places[id] else { continue }
            buffers[place.buffer].first = -1
            inputs[input.inputName] = (
                place, input.shape, input.elementType, !outputs.firstStage.isEmpty && !fusion.isFirstStage[id]
            )
        }
        let planned = buffers.indices.filter { buffers[$0].fixed == nil }
        let plan = MemoryPlan(
            planned.map { .init(size: buffers[$0].size, first: buffers[$0].first, last: buffers[$0].last) })
        let arena = try AlignedMemory(bytes: plan.size)
        let scratch = try AlignedMemory(bytes: scratchBytes)
        var base = buffers.map { $0.fixed ?? arena.pointer }
        for (index, offset) in zip(planned, plan.offsets) { base[index] = arena.pointer + offset }
        let at = Addresses(base: base, scratch: scratch.pointer)
        return CPUProgram(
            steps: pending.map {
                CPUProgram.Step(
                    operation: $0.operation, shapes: $0.shapes, flops: $0.flops, bytes: $0.bytes, run: $0.bind(at))
            },
            split: outputs.firstStage.isEmpty ? pending.count : split,
            inputs: inputs.mapValues { .init(pointer: at($0.0), shape: $0.1, type: $0.2, isSecondStage: $0.3) },
            firstStage: Dictionary(
                uniqueKeysWithValues: firstStage.map {
                    ($0, .init(pointer: at($1), shape: outputs.firstStage[$0]?.shape ?? [], type: .float32))
                }),
            results: results.mapValues { .init(pointer: at($0.0), shape: $0.1, type: .float32) },
            owned: owned + [arena, scratch] + Array(primitives.values), memory: plan.size + scratchBytes,
            configureThreads: { [threads = Int32(device.threads)] in limn_onednn_set_threads(threads) })
    }
}
