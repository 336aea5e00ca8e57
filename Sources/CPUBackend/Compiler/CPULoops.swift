import CKernels
import Execution
import Graphs

/// What a fused loop computes, in numbered slots: it loads operands, executes instructions, and stores or reduces results.
struct LoopBody {
    /// An operand that is read from memory into a slot.
    struct Load {
        let location: CPUCompiler.Location
        let strides: Strides
        let slot: Int
    }

    /// A result that is stored.
    struct Store {
        let location: CPUCompiler.Location
        let slot: Int
    }

    /// A result that is reduced over the dimensions in which its strides are 0.
    struct Reduction {
        let location: CPUCompiler.Location
        let strides: Strides
        /// Elements of what remains.
        let count: Int
        let slot: Int
        /// Whether it is the maximum rather than the sum.
        let isMaximum: Bool
    }

    /// An operand: equal operands share a slot.
    private enum Operand: Hashable {
        case value(Int, Strides)
        case constant(Float)
    }

    let shape: Shape
    /// The nodes that the loop computes.
    let members: Set<Int>
    var slots: SlotAllocator
    var instructions: [limn_instruction] = []
    private(set) var loads: [Load] = []
    var stores: [Store] = []
    var reductions: [Reduction] = []
    private var operandSlots: [Operand: Int] = [:]

    /// An empty loop over `shape` for the nodes `members`, whose values get `slots`.
    init(over shape: Shape, members: [Int], slots: SlotAllocator) {
        self.shape = shape
        self.members = Set(members)
        self.slots = slots
    }

    /// The slot of a node's value that is read from memory.
    mutating func load(_ id: Int, strides: Strides, from location: CPUCompiler.Location) -> Int {
        let operand = Operand.value(id, strides)
        if let slot = operandSlots[operand] { return slot }
        let slot = slots.reserve()
        loads.append(Load(location: location, strides: strides, slot: slot))
        operandSlots[operand] = slot
        return slot
    }

    /// The slot of a constant.
    mutating func constant(_ value: Float) -> Int {
        let operand = Operand.constant(value)
        if let slot = operandSlots[operand] { return slot }
        let slot = slots.reserve()
        instructions.append(
            limn_instruction(opcode: Int32(LIMN_FILL.rawValue), result: Int32(slot), a: 0, b: 0, p: value, q: 0))
        operandSlots[operand] = slot
        return slot
    }
}

extension CPUCompiler {
    /// Emits the fused loop of `members`, node ids in ascending order, over `shape`.
    mutating func emitLoop(_ members: [Int], over shape: Shape) {
        var body = LoopBody(
            over: shape, members: members,
            slots: SlotAllocator(graph: graph, canonical: canonical, members: members))
        for id in members { add(id, to: &body) }
        emitLoop(body)
    }

    /// Adds a member's instruction or reduction to its loop, and the store of its value if it is needed outside.
    private mutating func add(_ id: Int, to body: inout LoopBody) {
        let node = graph.nodes[id]
        if Fusion.isReduction(node.operation) {
            let from = slot(of: node.inputs[0], in: &body)
            body.reductions.append(
                LoopBody.Reduction(
                    location: allocate(id), strides: broadcastStrides(node.shape), count: node.shape.count, slot: from,
                    isMaximum: node.operation is Maximum))
            body.slots.release(operandsOf: id)
            return
        }
        let isStored = isOutput(id) || fusion.consumers[id].contains { !body.members.contains($0) }
        let result: Int
        if let elementwise = node.operation as? Elementwise {
            let operands = node.inputs.map { slot(of: $0, in: &body) }
            result = body.slots.assign(id, isStored: isStored)
            body.instructions.append(elementwise.function.instruction(result: result, operands: operands))
            body.slots.release(operandsOf: id)
        } else {
            result = slot(of: id, in: &body)
        }
        if isStored { body.stores.append(LoopBody.Store(location: allocate(id), slot: result)) }
    }

    /// The slot of a value in a loop: of a member that was added before, of a constant, or of an operand in memory.
    private func slot(of input: Int, in body: inout LoopBody) -> Int {
        let id = canonical[input]
        let node = graph.nodes[id]
        if body.members.contains(id), let slot = body.slots[id] { return slot }
        if let fill = node.operation as? Fill { return body.constant(fill.value) }
        if node.operation is Broadcast {
            let source = canonical[node.inputs[0]]
            return body.load(
                source, strides: broadcastStrides(graph.nodes[source].shape), from: location(of: source))
        }
        return body.load(id, strides: body.shape.strides, from: location(of: id))
    }

    private mutating func emitLoop(_ body: LoopBody) {
        precondition(
            body.loads.count <= Int(LIMN_LOOP_OPERANDS) && body.slots.count <= Int(LIMN_LOOP_SLOTS),
            "a fused loop of \(body.loads.count) operands and \(body.slots.count) slots")
        let tables = LoopTables(body)
        owned.append(tables)
        let threads = Int32(device.threads)
        let scratch = limn_loop_scratch(tables.loop, threads) * MemoryLayout<Float>.stride
        let reads = body.loads.map(\.location)
        let writes = body.stores.map(\.location)
        let sums = body.reductions.map(\.location)
        let (count, instructions) = (body.shape.count, body.instructions.count)
        let traffic = (reads + writes).reduce(0) { $0 + count * $1.storage.size }
        emit(
            sums.isEmpty ? "loop" : "loop with sums", "\(body.shape), \(instructions) instructions",
            flops: Double(instructions * count), bytes: Double(traffic), reads: reads, writes: writes + sums,
            scratch: scratch
        ) { at in
            for (index, location) in reads.enumerated() { tables.loads[index].data = UnsafeRawPointer(at(location)) }
            for (index, location) in writes.enumerated() { tables.stores[index].data = at(location) }
            for (index, location) in sums.enumerated() {
                tables.reductions[index].data = at(location).assumingMemoryBound(to: Float.self)
            }
            let memory = at.scratch.assumingMemoryBound(to: Float.self)
            return {
                limn_loop_run(tables.loop, threads, memory)
                return 0
            }
        }
    }
}

/// Strides over a loop of a value that is broadcast to the loop's shape, or reduced from it: 0 where its extent is 1.
private func broadcastStrides(_ shape: Shape) -> Strides {
    zip(shape.dimensions, shape.strides).map { $0 == 1 ? 0 : $1 }
}

extension Elementwise.Function {
    fileprivate func instruction(result: Int, operands: [Int]) -> limn_instruction {
        let (opcode, p, q): (limn_opcode, Float, Float) =
            switch self {
            case .scale(let factor): (LIMN_SCALE, factor, 0)
            case .offset(let value): (LIMN_OFFSET, value, 0)
            case .pow(let exponent): (LIMN_POWER, exponent, 0)
            case .exp: (LIMN_EXP, 0, 0)
            case .log: (LIMN_LOG, 0, 0)
            case .sqrt: (LIMN_SQRT, 0, 0)
            case .reciprocal: (LIMN_RECIPROCAL, 0, 0)
            case .tanh: (LIMN_TANH, 0, 0)
            case .sigmoid: (LIMN_SIGMOID, 0, 0)
            case .softplus: (LIMN_SOFTPLUS, 0, 0)
            case .erf: (LIMN_ERF, 0, 0)
            case .leakyReLU(let slope): (LIMN_LEAKY_RELU, slope, 0)
            case .clamp(let low, let high): (LIMN_CLAMP, low, high)
            case .between(let low, let high): (LIMN_BETWEEN, low, high)
            case .add: (LIMN_ADD, 0, 0)
            case .subtract: (LIMN_SUBTRACT, 0, 0)
            case .multiply: (LIMN_MULTIPLY, 0, 0)
            case .divide: (LIMN_DIVIDE, 0, 0)
            case .leakyReLUGradient(let slope): (LIMN_LEAKY_RELU_GRADIENT, slope, 0)
            }
        return limn_instruction(
            opcode: Int32(opcode.rawValue), result: Int32(result), a: Int32(operands[0]),
            b: Int32(operands.last ?? operands[0]), p: p, q: q)
    }
}
