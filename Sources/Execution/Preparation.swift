/// What all replicas of a program want of the parameters in another form: filters as a primitive reads them. It is made
/// once a run for all of them, each thread making some, before they start.
final class Preparation {
    /// What is made of one parameter, in order.
    private struct Unit {
        var steps: [Program.Step] = []
        /// Whether it is first wanted after the pause.
        let isLate: Bool
        var bytes: Double { steps.reduce(0) { $0 + $1.bytes } }
    }

    /// The steps of one thread, before the pause and after it.
    struct Share {
        fileprivate(set) var early: [Program.Step] = []
        fileprivate(set) var late: [Program.Step] = []

        func steps(of half: Program.Half) -> [Program.Step] {
            switch half {
            case .first: early
            case .second: late
            case .both: early + late
            }
        }
    }

    private var units: [String: Unit] = [:]
    /// Whether parameters stay as they are, so that each thing is made the moment it is asked for, and never again.
    let isFrozen: Bool

    init(isFrozen: Bool = false) { self.isFrozen = isFrozen }
    private var memories: [String: DeviceMemory] = [:]

    /// Bytes of all that is made.
    var bytes: Int { memories.values.reduce(0) { $0 + $1.bytes } }

    /// The memory of what is made by a name; `step` makes the step that fills it, unless somebody has asked before.
    /// - Parameters:
    ///   - parameter: the path of what it is made of.
    ///   - isLate: whether it is wanted after the pause.
    func memory(
        _ name: String, of parameter: String, bytes: Int, isLate: Bool, step: (UnsafeMutableRawPointer) -> Program.Step
    ) throws(ExecutionError) -> DeviceMemory {
        if let memory = memories[name] { return memory }
        let memory = try DeviceMemory(bytes: bytes)
        let step = step(memory.pointer)
        if isFrozen {
            let status = step.run()
            guard status == 0 else { throw .kernel(step: step.name, status: status) }
        } else {
            units[parameter, default: Unit(isLate: isLate)].steps.append(step)
        }
        memories[name] = memory
        return memory
    }

    /// The work of each of `threads`: the largest first, to whoever has least.
    func shares(_ threads: Int) -> [Share] {
        var shares = [Share](repeating: Share(), count: threads)
        for isLate in [false, true] {
            var loads = [Double](repeating: 0, count: threads)
            // Ties by path, for the same shares every time.
            let sorted = units.filter { $0.value.isLate == isLate }.sorted {
                ($1.value.bytes, $0.key) < ($0.value.bytes, $1.key)
            }
            for (_, unit) in sorted {
                let least = loads.indices.min { loads[$0] < loads[$1] } ?? 0
                loads[least] += unit.bytes
                if isLate { shares[least].late += unit.steps } else { shares[least].early += unit.steps }
            }
        }
        return shares
    }
}
