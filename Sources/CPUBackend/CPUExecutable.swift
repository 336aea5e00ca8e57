import CKernels
import Execution

/// One program per shard of a batch; each runs on its own thread.
///
/// Threads synchronize once per run rather than once per kernel: each shard's activations stay in the cache of one core, and a
/// preempted thread does not stall a barrier in every kernel. The division into shards is fixed, so that runs are deterministic.
final class CPUExecutable: Executable {
    private let programs: [CPUProgram]
    private let shards: Shards
    /// The packing steps of each shard's thread, which run before any program starts.
    private let packing: [WeightPacking.Share]
    private let packedBytes: Int
    /// The outcome of each shard; while shards run, the thread of shard i alone accesses element i.
    private let outcomes: UnsafeMutablePointer<Result<[KernelCost], ExecutionError>>

    private enum Phase {
        case packing, running
    }

    private var isTimed = false
    private var observer: (any WriteObserver)?
    private var stages = CPUProgram.Stages.both
    private var phase = Phase.packing
    /// Number of runs started so far: detects a run that is finished after another one was started.
    private var runs = 0

    /// - Parameters:
    ///   - programs: one for each own shard.
    ///   - packing: packed trained parameters that all programs share; nil if each program packs its own.
    init(_ programs: [CPUProgram], shards: Shards, packing: WeightPacking?) {
        self.programs = programs
        self.shards = shards
        self.packing = (packing ?? WeightPacking()).shares(programs.count)
        packedBytes = packing?.memory ?? 0
        outcomes = .allocate(capacity: programs.count)
        outcomes.initialize(repeating: .success([]), count: programs.count)
    }

    deinit {
        outcomes.deinitialize(count: programs.count)
        outcomes.deallocate()
    }

    var flops: Double { programs.reduce(0) { $0 + $1.flops } }
    var memory: Int { programs.reduce(packedBytes) { $0 + $1.memory } }

    var writes: [Range<Int>] { programs[0].writes }

    func run(_ inputs: [String: HostArray], observer: (any WriteObserver)?) throws(ExecutionError) -> RunResults {
        runs += 1
        try run(inputs, .both, observer: observer)
        return results
    }

    func begin(_ inputs: [String: HostArray]) throws(ExecutionError) -> StartedRun {
        runs += 1
        try run(inputs, .first)
        var outputs: [String: HostArray] = [:]
        for name in programs[0].firstStage.keys {
            outputs[name] = .floats(programs.flatMap { $0.firstStage[name]?.floats ?? [] })
        }
        let number = runs
        return StartedRun(outputs: outputs) { inputs, observer throws(ExecutionError) in
            precondition(self.runs == number, "another run was started before this one was finished")
            try self.run(inputs, .second, observer: observer)
            return self.results
        }
    }

    func profile(_ inputs: [String: HostArray]) throws(ExecutionError) -> [KernelCost] {
        runs += 1
        isTimed = true
        defer { isTimed = false }
        try run(inputs, .both)
        let shards = Double(programs.count)
        return try outcomes[0].get().map {
            KernelCost(
                operation: $0.operation, shapes: $0.shapes, flops: shards * $0.flops, bytes: shards * $0.bytes,
                seconds: $0.seconds)
        }
    }

    private var results: RunResults { RunResults(shards: programs.map { $0.results.mapValues(\.floats) }) }

    private func run(
        _ inputs: [String: HostArray], _ stages: CPUProgram.Stages, observer: (any WriteObserver)? = nil
    ) throws(ExecutionError) {
        self.stages = stages
        self.observer = observer
        defer { self.observer = nil }
        for (index, program) in programs.enumerated() {
            program.load(inputs, stages, shard: index, of: shards)
        }
        for phase in packedBytes > 0 ? [Phase.packing, .running] : [.running] {
            self.phase = phase
            limn_parallel(
                Int32(programs.count),
                { context, index, _ in
                    guard let context else { return }
                    Unmanaged<CPUExecutable>.fromOpaque(context).takeUnretainedValue().runShard(Int(index))
                }, Unmanaged.passUnretained(self).toOpaque())
            for index in programs.indices { _ = try outcomes[index].get() }
        }
    }

    private func runShard(_ index: Int) {
        let program = programs[index]
        outcomes[index] = Result { () throws(ExecutionError) in
            switch phase {
            case .packing: return try program.run(packing[index].steps(of: stages), isTimed: isTimed)
            case .running:
                if stages == .second, let observer {
                    for _ in 0..<program.writesOfFirstStage { observer.wrote(shard: index) }
                }
                return try (packedBytes > 0 ? outcomes[index].get() : [])
                    + program.run(program.steps(of: stages), isTimed: isTimed) { observer?.wrote(shard: index) }
            }
        }
    }
}
