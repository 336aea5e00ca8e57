import CKernels
import Execution
import Graphs

/// Compiles one graph to kernel calls on one arena. Nodes are visited in the order of the fused schedule, and each emits its
/// steps; when the lifetimes of all values are known, the arena is laid out and the steps are bound to addresses.
struct CPUCompiler {
    /// Where a value is stored.
    struct Location {
        /// Index of its allocation.
        var buffer: Int
        var byteOffset = 0
        var storage: Storage
    }

    /// Memory for one or several values, in the arena unless its address is fixed.
    struct Allocation {
        var size: Int
        var fixed: UnsafeMutableRawPointer?
        /// The first and the last step that uses it.
        var first: Int
        var last: Int
    }

    /// A step whose addresses are not known yet.
    struct PendingStep {
        let operation: String
        let shapes: String
        let flops: Double
        let bytes: Double
        let bind: (Addresses) -> () -> Int
    }

    /// The addresses of locations, once the arena is laid out.
    struct Addresses {
        let base: [UnsafeMutableRawPointer]
        let scratch: UnsafeMutableRawPointer
        func callAsFunction(_ location: Location) -> UnsafeMutableRawPointer {
            base[location.buffer] + location.byteOffset
        }
    }

    let graph: Graph
    let device: CPUDevice
    let fusion: Fusion
    let policy: PrecisionPolicy
    /// For each node the one that holds its value: itself, or the operand of a `StopGradient`.
    let canonical: [Int]
    let outputs: Outputs
    let parameters: ParameterMap
    /// Packed copies of trained parameters that all shards share; nil if this program makes its own.
    let packing: WeightPacking?
    /// Whether the steps being emitted belong to the second stage.
    private(set) var isSecondStage = false
    /// Nodes that the program returns or writes to buffers.
    private let outputNodes: Set<Int>

    var allocations: [Allocation] = []
    var pending: [PendingStep] = []
    var scratchBytes = 0
    /// The most threads that call OpenBLAS at a time.
    var productThreads = 0
    /// The location of each emitted value, and of those whose destination is fixed in advance.
    var locations: [Int: Location] = [:]
    /// Values converted to another storage than their own.
    private var converted: [Int: Location] = [:]
    /// Nodes that must be computed in place at the destination of an output.
    var preassigned: Set<Int> = []
    /// Where output writes are made, by index: in advance, for those that need no copy because their node is preassigned.
    var writeLocations: [Int: Location] = [:]
    /// Objects that the program keeps alive.
    var owned: [AnyObject] = []
    /// Loops that the preceding convolution computes as it stores its results, by index.
    var epilogues: [Int: Epilogue] = [:]
    var packedFilters: [PackedFilter: Location] = [:]
    var primitives: [PrimitiveKey: OneDNNPrimitive] = [:]

    init(
        _ graph: Graph, device: CPUDevice, outputs: Outputs, parameters: ParameterMap, packing: WeightPacking?
    ) {
        self.graph = graph
        self.packing = packing
        self.device = device
        self.outputs = outputs
        self.parameters = parameters
        let canonical = Fusion.resolvingStopGradients(graph)
        self.canonical = canonical
        let firstStage = Set(outputs.firstStage.values.map { canonical[$0.id] })
        outputNodes = firstStage.union(
            (Array(outputs.results.values) + outputs.writes.map(\.tensor)).map { canonical[$0.id] })
        fusion = Fusion(
            graph, outputs: outputNodes, firstStage: firstStage, memberLimit: Int(LIMN_LOOP_MEMBERS))
        policy = PrecisionPolicy(device.precision, graph: graph, outputs: outputNodes)
    }

    mutating func compile() throws(ExecutionError) -> CPUProgram {
        for (tensor, destination) in outputs.writes {
            precondition(tensor.shape.count == destination.count, "\(tensor.shape) into \(destination.count) values")
        }
        preassignWrites()
        let order = fusion.schedule(first: outputs.largeWritesFirst ? largeWrites() : [])
        let firstOfSecondStage = order.firstIndex { !fusion.isFirstStage[$0] } ?? order.count
        for id in order[..<firstOfSecondStage] { try emit(id) }
        let firstStage = outputs.firstStage.mapValues { operand($0.id, as: .float32) }
        let split = pending.count
        isSecondStage = !firstStage.isEmpty
        for id in order[firstOfSecondStage...] { try emit(id) }
        copyRemainingWrites()
        return try finish(firstStage: firstStage, split: split)
    }

    /// Whether the program returns a node's value or writes it to a buffer.
    func isOutput(_ id: Int) -> Bool { outputNodes.contains(id) }

    // MARK: Values and steps

    /// Memory for a node's value: new, or the destination that was assigned in advance.
    mutating func allocate(_ id: Int) -> Location {
        preassigned.remove(id)
        if let location = locations[id] { return location }
        let location = allocate(count: graph.nodes[id].shape.count, policy.storage(of: id))
        locations[id] = location
        return location
    }

    mutating func allocate(count: Int, _ storage: Storage) -> Location {
        allocate(bytes: count * storage.size, storage)
    }

    mutating func allocate(bytes: Int, _ storage: Storage) -> Location {
        allocations.append(Allocation(size: bytes, fixed: nil, first: pending.count, last: pending.count))
        return Location(buffer: allocations.count - 1, storage: storage)
    }

    /// The location of a node's value, which must have been emitted.
    func location(of id: Int) -> Location {
        guard let location = locations[canonical[id]] else {
            preconditionFailure("value \(id) is read before it is computed")
        }
        return location
    }

    /// A node's value in the given storage; at most one conversion is emitted per value.
    mutating func operand(_ id: Int, as storage: Storage) -> Location {
        let id = canonical[id]
        let original = location(of: id)
        if original.storage == storage { return original }
        if let copy = converted[id], copy.storage == storage { return copy }
        let count = graph.nodes[id].shape.count
        let copy = allocate(count: count, storage)
        emitConversion(from: original, to: copy, count: count)
        converted[id] = copy
        return copy
    }

    /// Emits a conversion of `count` elements between storages.
    mutating func emitConversion(from source: Location, to target: Location, count: Int) {
        let threads = Int32(device.threads)
        let bytes = Double(count * (source.storage.size + target.storage.size))
        emit("convert", bytes: bytes, reads: [source], writes: [target]) { at in
            let (to, from) = (at(target), at(source))
            return {
                limn_convert(to, target.storage.rawValue, from, source.storage.rawValue, count, threads)
                return 0
            }
        }
    }

    /// Adds a step and extends the lifetimes of all that it reads and writes.
    /// - Parameters:
    ///   - operation, shapes: name the kernel in profiles and errors.
    ///   - bytes: read and written; 0 if not counted.
    ///   - scratch: bytes of scratch memory, which all steps share.
    ///   - bind: given the addresses, returns the call; that returns 0 or the status of a failure.
    mutating func emit(
        _ operation: String, _ shapes: String = "", flops: Double = 0, bytes: Double = 0, reads: [Location],
        writes: [Location], scratch: Int = 0, bind: @escaping (Addresses) -> () -> Int
    ) {
        for location in reads + writes {
            allocations[location.buffer].last = pending.count
            allocations[location.buffer].first = min(allocations[location.buffer].first, pending.count)
        }
        scratchBytes = max(scratchBytes, scratch)
        pending.append(PendingStep(operation: operation, shapes: shapes, flops: flops, bytes: bytes, bind: bind))
    }
}
