import Graphs

/// Assigns nodes to fused loops. Elementwise operations join the loop of their consumers if it runs over the same shape, and
/// reductions join the loop that computes their operand, so that a chain is one pass over memory. Broadcasts and fills cost
/// a loop nothing: they only change how it reads an operand. Fusion never creates a cycle between loops.
package struct Fusion {
    /// The operands that each live node reads from memory or from its own loop: `StopGradient` is skipped, and in loops so are
    /// broadcasts (their source is read) and fills (nothing is read).
    package let inputs: [[Int]]
    /// The live consumers of each node.
    package let consumers: [[Int]]
    package let isLive: [Bool]
    /// Whether a node belongs to the program's first stage: its outputs, and all that they depend on.
    package let isFirstStage: [Bool]
    /// The loop of each node; nil for nodes outside loops.
    package private(set) var loop: [Int?]
    /// Members of each loop, ascending; empty when it was merged into another.
    package private(set) var members: [[Int]] = []
    package private(set) var shapes: [Shape] = []

    private let graph: Graph
    /// The most members of a loop. A loop keeps one tile per live value, and all tiles should stay in the first-level cache.
    private let memberLimit: Int

    /// - Parameters:
    ///   - outputs: nodes that the program must compute, `firstStage` among them.
    ///   - firstStage: the outputs of the first stage.
    ///   - memberLimit: the most operations that the backend's loop kernel can fuse.
    package init(_ graph: Graph, outputs: Set<Int>, firstStage: Set<Int> = [], memberLimit: Int) {
        self.graph = graph
        self.memberLimit = memberLimit
        let canonical = Fusion.resolvingStopGradients(graph)
        var live = [Bool](repeating: false, count: graph.nodes.count)
        for id in outputs { live[canonical[id]] = true }
        var inputs = [[Int]](repeating: [], count: graph.nodes.count)
        var consumers = [[Int]](repeating: [], count: graph.nodes.count)
        for id in stride(from: graph.nodes.count - 1, through: 0, by: -1) where live[id] {
            inputs[id] = Fusion.operands(id, graph, canonical)
            for input in Set(inputs[id]) {
                live[input] = true
                consumers[input].append(id)
            }
        }
        (self.inputs, self.consumers, self.isLive) = (inputs, consumers, live)
        var isFirstStage = [Bool](repeating: false, count: graph.nodes.count)
        for id in firstStage { isFirstStage[id] = true }
        for id in stride(from: graph.nodes.count - 1, through: 0, by: -1) where isFirstStage[id] {
            // Include broadcasts and fills, which `inputs` skips.
            for input in graph.nodes[id].inputs { isFirstStage[canonical[input]] = true }
        }
        self.isFirstStage = isFirstStage
        loop = [Int?](repeating: nil, count: graph.nodes.count)
        for id in stride(from: graph.nodes.count - 1, through: 0, by: -1)
        where live[id] && Fusion.isFusable(graph.nodes[id].operation) {
            assign(id)
        }
        for index in members.indices { members[index].sort() }
    }

    package static func resolvingStopGradients(_ graph: Graph) -> [Int] {
        var canonical = Array(0..<graph.nodes.count)
        for (id, node) in graph.nodes.enumerated() where node.operation is StopGradient {
            canonical[id] = canonical[node.inputs[0]]
        }
        return canonical
    }

    private static func operands(_ id: Int, _ graph: Graph, _ canonical: [Int]) -> [Int] {
        let node = graph.nodes[id]
        let inputs = node.inputs.map { canonical[$0] }
        guard node.operation is Elementwise || isReduction(node.operation) else { return inputs }
        return inputs.compactMap { input in
            let operand = graph.nodes[input]
            if operand.operation is Fill { return nil }
            return operand.operation is Broadcast ? canonical[operand.inputs[0]] : input
        }
    }

    package static func isReduction(_ operation: any Operation) -> Bool { operation is Sum || operation is Maximum }

    private static func isFusable(_ operation: any Operation) -> Bool {
        operation is Elementwise || operation is Broadcast || operation is Fill || isReduction(operation)
    }

    /// The shape that a node's loop iterates over: its own, or its operand's for a reduction.
    private func iterationShape(_ id: Int) -> Shape {
        let node = graph.nodes[id]
        return Fusion.isReduction(node.operation) ? graph.nodes[node.inputs[0]].shape : node.shape
    }

    /// Assigns a node whose consumers are all assigned already.
    private mutating func assign(_ id: Int) {
        let shape = iterationShape(id)
        // Consumers of a reduction need its final value, so it cannot run in their loop.
        if !Fusion.isReduction(graph.nodes[id].operation) {
            var candidates: [Int] = []
            for consumer in consumers[id] {
                if let index = loop[consumer], shapes[index] == shape, !candidates.contains(index) {
                    candidates.append(index)
                }
            }
            candidates = candidates.filter { canJoin(id, $0) }
            if let first = candidates.first {
                var target = first
                for other in candidates.dropFirst() where canMerge(target, other) { target = merge(target, other) }
                if canJoin(id, target) {
                    members[target].append(id)
                    loop[id] = target
                    return
                }
            }
        }
        members.append([id])
        shapes.append(shape)
        loop[id] = members.count - 1
    }

    /// Whether a node can join a loop. The loop will then run before the node's other consumers, so none of them may lead into it.
    private func canJoin(_ id: Int, _ index: Int) -> Bool {
        guard members[index].count < memberLimit, isFirstStage[members[index][0]] == isFirstStage[id] else {
            return false
        }
        return consumers[id].allSatisfy { loop[$0] == index || !reaches(from: $0, loop: index) }
    }

    private func canMerge(_ a: Int, _ b: Int) -> Bool {
        members[a].count + members[b].count < memberLimit
            && isFirstStage[members[a][0]] == isFirstStage[members[b][0]] && !leads(a, to: b) && !leads(b, to: a)
    }

    private mutating func merge(_ a: Int, _ b: Int) -> Int {
        for id in members[b] { loop[id] = a }
        members[a] += members[b]
        members[b] = []
        return a
    }

    /// Whether there is a path from loop `a` to loop `b`.
    private func leads(_ a: Int, to b: Int) -> Bool {
        for member in members[a] {
            for consumer in consumers[member] where loop[consumer] != a {
                if loop[consumer] == b || reaches(from: consumer, loop: b) { return true }
            }
        }
        return false
    }

    /// Whether there is a path from `start`, through whole loops, to a loop.
    private func reaches(from start: Int, loop target: Int) -> Bool {
        var seenNodes = Set<Int>()
        var seenLoops = Set<Int>()
        var stack = [start]
        while let id = stack.popLast() {
            if let index = loop[id] {
                if index == target { return true }
                guard seenLoops.insert(index).inserted else { continue }
                for member in members[index] { stack += consumers[member].filter { loop[$0] != index } }
            } else if seenNodes.insert(id).inserted {
                stack += consumers[id]
            }
        }
        return false
    }

    /// Node ids in topological order: each loop and each node outside loops comes after all that it reads, and the first stage
    /// before the second. Of each loop only its last member appears.
    /// - Parameter first: outputs that are computed, in this order, before the other nodes of their stage.
    package func schedule(first: [Int] = []) -> [Int] {
        var order: [Int] = []
        var done = Set<Int>()
        func representative(_ id: Int) -> Int { loop[id].map { members[$0][members[$0].count - 1] } ?? id }
        let live = isLive.indices.filter { isLive[$0] }
        for root in live.filter({ isFirstStage[$0] }) + first + live {
            // An explicit stack, because graphs are thousands of nodes deep.
            var stack = [(id: representative(root), opened: false)]
            while let (id, opened) = stack.popLast() {
                if done.contains(id) { continue }
                if opened {
                    done.insert(id)
                    order.append(id)
                    continue
                }
                stack.append((id, true))
                let unit = loop[id].map { members[$0] } ?? [id]
                for input in unit.flatMap({ inputs[$0] }) {
                    let needed = representative(input)
                    if needed != id && !done.contains(needed) { stack.append((needed, false)) }
                }
            }
        }
        return order
    }
}
