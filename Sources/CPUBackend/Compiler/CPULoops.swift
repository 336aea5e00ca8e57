import CKernels
import Execution
import Graphs

/// The tables that describe a fused loop to its kernel, at fixed addresses.
private final class LoopTables {
    let instructions: UnsafeMutablePointer<limn_instruction>
    let loads: UnsafeMutablePointer<limn_load>
    let stores: UnsafeMutablePointer<limn_store>
    let reductions: UnsafeMutablePointer<limn_reduction>
    let loop: UnsafeMutablePointer<limn_loop>

    init(
        instructions: [limn_instruction], loads: [limn_load], stores: [limn_store], reductions: [limn_reduction],
        loop: limn_loop
    ) {
        self.instructions = fixedTable(instructions)
        self.loads = fixedTable(loads)
        self.stores = fixedTable(stores)
        self.reductions = fixedTable(reductions)
        self.loop = fixedTable([loop])
        self.loop.pointee.instructions = UnsafePointer(self.instructions)
        self.loop.pointee.loads = UnsafePointer(self.loads)
        self.loop.pointee.stores = UnsafePointer(self.stores)
        self.loop.pointee.reductions = UnsafePointer(self.reductions)
    }

    deinit {
        instructions.deallocate()
        loads.deallocate()
        stores.deallocate()
        reductions.deallocate()
        loop.deallocate()
    }
}

/// The values at a fixed address. The caller deallocates them.
func fixedTable<T>(_ values: [T]) -> UnsafeMutablePointer<T> {
    let pointer = UnsafeMutablePointer<T>.allocate(capacity: max(values.count, 1))
    pointer.initialize(from: values, count: values.count)
    return pointer
}

/// Strides of one operand over a loop's dimensions, in elements.
private typealias Strides = [Int]

/// An operand of a fused loop: equal operands share a slot.
private enum LoopOperand: Hashable {
    case value(Int, Strides)
    case constant(Float)
}

extension CPUCompiler {
    /// Emits the fused loop of `members`, node ids in ascending order, over `shape`.
    mutating func emitLoop(_ members: [Int], over shape: Shape) {
        let inside = Set(members)
        var slots = SlotAllocator(graph: graph, canonical: canonical, members: members)
        var reads: [(location: Location, strides: Strides, slot: Int)] = []
        var instructions: [limn_instruction] = []
        var loadSlots: [LoopOperand: Int] = [:]

        func load(_ id: Int, strides: Strides) -> Int {
            let key = LoopOperand.value(id, strides)
            if let slot = loadSlots[key] { return slot }
            let slot = slots.reserve()
            reads.append((location(of: id), strides, slot))
            loadSlots[key] = slot
            return slot
        }
        func slot(of input: Int) -> Int {
            let id = canonical[input]
            let node = graph.nodes[id]
            if inside.contains(id), let slot = slots[id] { return slot }
            if let fill = node.operation as? Fill {
                let key = LoopOperand.constant(fill.value)
                if let slot = loadSlots[key] { return slot }
                let slot = slots.reserve()
                instructions.append(
                    limn_instruction(
                        opcode: Int32(LIMN_FILL.rawValue), result: Int32(slot), a: 0, b: 0, p: fill.value, q: 0))
                loadSlots[key] = slot
                return slot
            }
            if node.operation is Broadcast {
                let source = canonical[node.inputs[0]]
                let from = graph.nodes[source].shape
                return load(source, strides: zip(from.dimensions, from.strides).map { $0 == 1 ? 0 : $1 })
            }
            return load(id, strides: shape.strides)
        }

        var writes: [(location: Location, slot: Int)] = []
        var sums: [(location: Location, strides: Strides, count: Int, slot: Int, maximum: Bool)] = []
        for id in members {
            let node = graph.nodes[id]
            if Fusion.isReduction(node.operation) {
                let strides = zip(node.shape.dimensions, node.shape.strides).map { $0 == 1 ? 0 : $1 }
                let from = slot(of: node.inputs[0])
                sums.append((allocate(id), strides, node.shape.count, from, node.operation is Maximum))
                slots.release(operandsOf: id)
                continue
            }
            let result: Int
            if let elementwise = node.operation as? Elementwise {
                let operands = node.inputs.map { slot(of: $0) }
                result = slots.assign(id, isStored: isStored(id, inside))
                instructions.append(elementwise.function.instruction(result: result, operands: operands))
                slots.release(operandsOf: id)
            } else {
                result = slot(of: id)
            }
            if isStored(id, inside) { writes.append((allocate(id), result)) }
        }
        emitLoop(shape, slots: slots.count, instructions, reads, writes, sums)
    }

    /// Whether a member's value is needed outside its loop.
    private func isStored(_ id: Int, _ inside: Set<Int>) -> Bool {
        isOutput(id) || fusion.consumers[id].contains { !inside.contains($0) }
    }

    private mutating func emitLoop(
        _ shape: Shape, slots: Int, _ instructions: [limn_instruction],
        _ reads: [(location: Location, strides: Strides, slot: Int)], _ writes: [(location: Location, slot: Int)],
        _ sums: [(location: Location, strides: Strides, count: Int, slot: Int, maximum: Bool)]
    ) {
        precondition(
            reads.count <= Int(LIMN_LOOP_OPERANDS) && slots <= Int(LIMN_LOOP_SLOTS),
            "a fused loop of \(reads.count) operands and \(slots) slots")
        let strides = reads.map(\.strides) + sums.map(\.strides) + [shape.strides]
        let (extents, collapsed) = collapse(shape.dimensions, strides)
        var loop = limn_loop()
        loop.rank = Int32(extents.count)
        loop.slots = Int32(slots)
        loop.instruction_count = Int32(instructions.count)
        loop.load_count = Int32(reads.count)
        loop.store_count = Int32(writes.count)
        loop.reduction_count = Int32(sums.count)
        loop.count = Int64(shape.count)
        withUnsafeMutableBytes(of: &loop.extents) { fill($0, with: extents) }
        let dense = collapsed[collapsed.count - 1]
        let loads = zip(reads, collapsed).map { read, strides in
            var load = limn_load()
            load.type = read.location.storage.rawValue
            load.slot = Int32(read.slot)
            load.dense = strides == dense ? 1 : 0
            withUnsafeMutableBytes(of: &load.strides) { fill($0, with: strides) }
            (load.period, load.repeats) = periodicity(extents, strides)
            return load
        }
        let reductions = zip(sums, collapsed.dropFirst(reads.count)).map { sum, strides in
            var reduction = limn_reduction()
            reduction.slot = Int32(sum.slot)
            reduction.maximum = sum.maximum ? 1 : 0
            reduction.count = Int64(sum.count)
            withUnsafeMutableBytes(of: &reduction.strides) { fill($0, with: strides) }
            (reduction.period, reduction.repeats) = periodicity(extents, strides)
            return reduction
        }
        let stores = writes.map { limn_store(data: nil, type: $0.location.storage.rawValue, slot: Int32($0.slot)) }
        let tables = LoopTables(
            instructions: instructions, loads: loads, stores: stores, reductions: reductions, loop: loop)
        owned.append(tables)
        let threads = Int32(device.threads)
        let scratch = limn_loop_scratch(tables.loop, threads) * MemoryLayout<Float>.stride
        let traffic = (reads.map(\.location) + writes.map(\.location)).reduce(0) { $0 + shape.count * $1.storage.size }
        let (readLocations, writeLocations, sumLocations) = (
            reads.map(\.location), writes.map(\.location), sums.map(\.location)
        )
        emit(
            sums.isEmpty ? "loop" : "loop with sums", "\(shape), \(instructions.count) instructions",
            flops: Double(instructions.count * shape.count), bytes: Double(traffic), reads: readLocations,
            writes: writeLocations + sumLocations, scratch: scratch
        ) { at in
            for (index, location) in readLocations.enumerated() {
                tables.loads[index].data = UnsafeRawPointer(at(location))
            }
            for (index, location) in writeLocations.enumerated() { tables.stores[index].data = at(location) }
            for (index, location) in sumLocations.enumerated() {
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

private func fill(_ target: UnsafeMutableRawBufferPointer, with values: [Int]) {
    for (index, value) in values.enumerated() {
        target.storeBytes(of: Int64(value), toByteOffset: index * 8, as: Int64.self)
    }
}

/// Merges adjacent dimensions that every operand traverses with one stride, and drops those of extent 1.
private func collapse(_ dimensions: [Int], _ operands: [Strides]) -> (extents: [Int], strides: [Strides]) {
    var extents: [Int] = []
    var strides = [Strides](repeating: [], count: operands.count)
    for axis in dimensions.indices where dimensions[axis] > 1 {
        let joins =
            !extents.isEmpty
            && operands.indices.allSatisfy {
                strides[$0][extents.count - 1] == operands[$0][axis] * dimensions[axis]
            }
        if joins { extents[extents.count - 1] *= dimensions[axis] } else { extents.append(dimensions[axis]) }
        for index in operands.indices {
            if joins {
                strides[index][extents.count - 1] = operands[index][axis]
            } else {
                strides[index].append(operands[index][axis])
            }
        }
    }
    precondition(extents.count <= Int(LIMN_MAX_RANK), "a loop over \(extents.count) dimensions")
    return extents.isEmpty ? ([1], operands.map { _ in [1] }) : (extents, strides)
}

/// The broadcast pattern of an operand's innermost dimensions: `period` consecutive elements, read `repeats` times; (0, 0) if
/// there is none.
private func periodicity(_ extents: [Int], _ strides: Strides) -> (Int64, Int64) {
    var period = 1
    var axis = extents.count - 1
    while axis >= 0, strides[axis] == period {
        period *= extents[axis]
        axis -= 1
    }
    var repeats = 1
    while axis >= 0, strides[axis] == 0 {
        repeats *= extents[axis]
        axis -= 1
    }
    return repeats == 1 ? (0, 0) : (Int64(period), Int64(repeats))
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
