import Execution

/// Parameters packed into the layouts of kernels, once for all programs and shards that read them.
///
/// Trained parameters are packed at the start of each run, the work divided among the threads; frozen ones are packed once, when
/// the first program that reads them is compiled.
final class WeightPacking: PackedParameters {
    /// Identifies a packed copy.
    struct Key: Hashable {
        /// The primitive's layout.
        let layout: String
        /// The parameter's path.
        let parameter: String
        /// Whether the source is the parameter unfolded for an up-sampling convolution (`DoublingFilter`), not the parameter itself.
        let isUnfolded: Bool
    }

    /// The packing steps of one parameter, in order.
    private struct Unit {
        var steps: [CPUProgram.Step] = []
        /// Whether only the second stage reads the result.
        let isSecondStage: Bool
        var bytes: Double { steps.reduce(0) { $0 + $1.bytes } }
    }

    /// The packing steps of one thread, by the stage before which they run.
    struct Share {
        fileprivate(set) var first: [CPUProgram.Step] = []
        fileprivate(set) var second: [CPUProgram.Step] = []

        func steps(of stages: CPUProgram.Stages) -> [CPUProgram.Step] {
            switch stages {
            case .first: first
            case .second: second
            case .both: first + second
            }
        }
    }

    private let isFrozen: Bool
    private var units: [String: Unit] = [:]
    private var memories: [Key: AlignedMemory] = [:]

    init(isFrozen: Bool = false) { self.isFrozen = isFrozen }

    var memory: Int { memories.values.reduce(0) { $0 + $1.bytes } }

    /// The memory of the packed copy `key`, which is created if it does not exist.
    /// - Parameter step: creates the step that fills the given memory.
    func packed(
        _ key: Key, bytes: Int, isSecondStage: Bool, step: (UnsafeMutableRawPointer) -> CPUProgram.Step
    ) throws(ExecutionError) -> AlignedMemory {
        if let memory = memories[key] { return memory }
        let memory = try AlignedMemory(bytes: bytes)
        let step = step(memory.pointer)
        if isFrozen {
            let status = step.run()
            guard status == 0 else { throw .kernel(name: step.name, status: status) }
        } else {
            units[key.parameter, default: Unit(isSecondStage: isSecondStage)].steps.append(step)
        }
        memories[key] = memory
        return memory
    }

    /// Divides the work among `threads`: the largest parameter first, to the thread with the least work.
    func shares(_ threads: Int) -> [Share] {
        var shares = [Share](repeating: Share(), count: threads)
        for isSecondStage in [false, true] {
            var loads = [Double](repeating: 0, count: threads)
            // Ties are ordered by path, so that the shares are the same every time.
            let sorted = units.filter { $0.value.isSecondStage == isSecondStage }.sorted {
                ($1.value.bytes, $0.key) < ($0.value.bytes, $1.key)
            }
            for (_, unit) in sorted {
                let least = loads.indices.min { loads[$0] < loads[$1] } ?? 0
                loads[least] += unit.bytes
                if isSecondStage { shares[least].second += unit.steps } else { shares[least].first += unit.steps }
            }
        }
        return shares
    }
}

extension FrozenParameters {
    /// The packed copies for CPU kernels.
    var packing: WeightPacking {
        if let known = packed as? WeightPacking { return known }
        precondition(packed == nil, "frozen parameters of another device")
        let packing = WeightPacking(isFrozen: true)
        packed = packing
        return packing
    }
}
