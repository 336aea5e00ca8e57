import Execution
import Graphs

/// Assigns slots, each one tile of memory, to the values of a loop. A value occupies a slot from its computation to its last
/// use in the loop.
struct SlotAllocator {
    private(set) var count = 0
    private var free: [Int] = []
    private var owner: [Int: Int] = [:]
    private var remainingUses: [Int: Int] = [:]
    private let graph: Graph
    private let canonical: [Int]

    init(graph: Graph, canonical: [Int], members: [Int]) {
        (self.graph, self.canonical) = (graph, canonical)
        for member in members {
            for input in Set(graph.nodes[member].inputs.map { canonical[$0] }) { remainingUses[input, default: 0] += 1 }
        }
    }

    subscript(id: Int) -> Int? { owner[id] }

    /// A slot that is never reused, for an operand: the kernel caches operands in their slots, or reads them in place.
    mutating func reserve() -> Int {
        count += 1
        return count - 1
    }

    /// The slot of a member's result; a stored result keeps it to the end of the tile.
    mutating func assign(_ id: Int, isStored: Bool) -> Int {
        let slot = free.popLast() ?? reserve()
        owner[id] = slot
        if isStored { remainingUses[id, default: 0] += 1 }
        return slot
    }

    /// Frees the slots of operands of which `id` was the last use.
    mutating func release(operandsOf id: Int) {
        for input in Set(graph.nodes[id].inputs.map({ canonical[$0] })) {
            guard let slot = owner[input], let left = remainingUses[input] else { continue }
            // A reduction reads its tile after all instructions have run.
            if Fusion.isReduction(graph.nodes[id].operation) { continue }
            remainingUses[input] = left - 1
            if left == 1 { free.append(slot) }
        }
    }
}
