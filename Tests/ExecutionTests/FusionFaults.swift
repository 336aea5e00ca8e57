import Execution
import Graphs

extension Fusion {
    /// What is wrong with the plan, worked out from the graph by the definitions and not by the plan's own functions.
    /// Empty where every loop can run: no unit (a loop, or a node alone) waits for itself, none mixes shapes or sides of
    /// the pause, none is too long, and the schedule has each unit once, after what it reads.
    func faults(in graph: Graph, outputs: Set<Int>, firstStage: Set<Int>) -> [String] {
        let live = graph.nodes.indices.filter { isLive[$0] }
        var faults: [String] = []
        func require(_ condition: Bool, _ fault: @autoclosure () -> String) { if !condition { faults.append(fault()) } }

        // Units and what they read.
        func unit(_ id: Int) -> Int { loop[id].map { -1 - $0 } ?? id }
        var needs: [Int: Set<Int>] = [:]
        for id in live {
            for input in inputs[id] {
                require(isLive[input], "\(id) reads \(input), which is not computed")
                if unit(input) != unit(id) { needs[unit(id), default: []].insert(unit(input)) }
            }
            needs[unit(id), default: []].formUnion([])
        }

        // No cycles: units are taken away as soon as everything they need is gone.
        var left = needs
        while let ready = left.first(where: { $0.value.allSatisfy { left[$0] == nil } })?.key { left[ready] = nil }
        require(left.isEmpty, "units that wait for each other: \(left.keys.sorted())")

        for (index, loopMembers) in members.enumerated() where !loopMembers.isEmpty {
            require(loopMembers == loopMembers.sorted(), "loop \(index) is not in order")
            require(loopMembers.allSatisfy { loop[$0] == index }, "loop \(index) has members of others")
            require(loopMembers.count <= Fusion.memberLimit, "loop \(index) has \(loopMembers.count) members")
            require(
                Set(loopMembers.map { isFirstStage[$0] }).count == 1, "loop \(index) runs on both sides of the pause")
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

        // What the firstStage outputs depend on is firstStage, and nothing else.
        var expected = Set<Int>()
        var stack = Array(firstStage)
        while let id = stack.popLast() { if expected.insert(id).inserted { stack += graph.nodes[id].inputs } }
        for id in live { require(isFirstStage[id] == expected.contains(id), "\(id) is on the wrong side of the pause") }

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
