import CKernels
import Execution
import Graphs

/// The limit that the CPU backend passes to `Fusion`.
let memberLimit = Int(LIMN_LOOP_MEMBERS)

extension Fusion {
    /// Violated invariants, derived from the graph alone and not from functions of `Fusion`. Empty if every loop can run: no
    /// unit (a loop, or a node outside loops) depends on itself, none mixes shapes or stages, none is too long, and the
    /// schedule contains each unit once, after all that it reads.
    func faults(in graph: Graph, outputs: Set<Int>, firstStage: Set<Int>) -> [String] {
        let live = graph.nodes.indices.filter { isLive[$0] }
        var faults: [String] = []
        func require(_ condition: Bool, _ fault: @autoclosure () -> String) { if !condition { faults.append(fault()) } }

        // Units and their dependencies.
        func unit(_ id: Int) -> Int { loop[id].map { -1 - $0 } ?? id }
        var needs: [Int: Set<Int>] = [:]
        for id in live {
            for input in inputs[id] {
                require(isLive[input], "\(id) reads \(input), which is not computed")
                if unit(input) != unit(id) { needs[unit(id), default: []].insert(unit(input)) }
            }
            needs[unit(id), default: []].formUnion([])
        }

        // No cycles: units are removed as soon as everything they need is removed.
        var left = needs
        while let ready = left.first(where: { $0.value.allSatisfy { left[$0] == nil } })?.key { left[ready] = nil }
        require(left.isEmpty, "units that wait for each other: \(left.keys.sorted())")

        for (index, loopMembers) in members.enumerated() where !loopMembers.isEmpty {
            require(loopMembers == loopMembers.sorted(), "loop \(index) is not in order")
            require(loopMembers.allSatisfy { loop[$0] == index }, "loop \(index) has members of others")
            require(loopMembers.count <= memberLimit, "loop \(index) has \(loopMembers.count) members")
            require(
                Set(loopMembers.map { isFirstStage[$0] }).count == 1, "loop \(index) mixes both stages")
            for id in loopMembers {
                let node = graph.nodes[id]
                let isReduction = node.operation is Sum || node.operation is Maximum
                let extent = isReduction ? graph.nodes[node.inputs[0]].shape : node.shape
                require(extent == shapes[index], "\(id) runs over \(extent), its loop over \(shapes[index])")
                let readers = live.filter { inputs[$0].contains(id) && loop[$0] == index }
                require(!isReduction || readers.isEmpty, "\(readers) read the unfinished reduction \(id)")
            }
        }
        for id in live { require(loop[id].map { members[$0].contains(id) } ?? true, "\(id) is missing from its loop") }

        // The first stage is the outputs of the first stage and all that they depend on, and nothing else.
        var expected = Set<Int>()
        var stack = Array(firstStage)
        while let id = stack.popLast() { if expected.insert(id).inserted { stack += graph.nodes[id].inputs } }
        for id in live { require(isFirstStage[id] == expected.contains(id), "\(id) is in the wrong stage") }

        // The schedule.
        let order = schedule()
        let positions = Dictionary(order.enumerated().map { (unit($1), $0) }) { first, _ in first }
        require(positions.count == order.count, "a unit is scheduled twice")
        require(Set(positions.keys) == Set(needs.keys), "the schedule has other units than the graph")
        for (unit, needed) in needs {
            for other in needed where (positions[other] ?? .max) > (positions[unit] ?? -1) {
                faults.append("unit \(unit) is scheduled before \(other), which it reads")
            }
        }
        let sides = order.map { isFirstStage[$0] }
        require(sides == sides.sorted { $0 && !$1 }, "something late is scheduled before something firstStage")
        return faults
    }
}
