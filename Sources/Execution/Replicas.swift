import CKernels

/// The same computation compiled for equal parts of a batch, each part run by a thread of its own.
///
/// Threads meet once a run, at its end, where threads that share each kernel meet at every one: each has its part's
/// activations in its own cache, and a processor that something else keeps busy for a while delays no barrier. The
/// parts are fixed, so that a run is as deterministic as a single program.
///
/// What is computed must not look across the batch, but for means that the caller takes again over the parts.
public final class Replicas {
    private let programs: [Program]
    /// What each part's thread makes of the parameters for all parts, before any starts.
    private let preparations: [Preparation.Share]
    private let preparedBytes: Int
    /// What each part leaves of a run, in a place of its own: part i alone touches element i while parts run.
    private let outcomes: UnsafeMutablePointer<Result<[Program.StepCost], ExecutionError>>

    /// How many parts `device` divides `batch` into: the most equal ones of four images or more (each part reads all
    /// filters), at most one a thread; or one, whose kernels share all threads, when that would leave half the
    /// threads without work.
    public static func count(batch: Int, device: CPUDevice) -> Int {
        let most = (1...max(1, min(batch / 4, device.threads))).last { batch % $0 == 0 } ?? 1
        return 2 * most > device.threads ? most : 1
    }

    /// Compiles one program per part.
    /// - Parameter outputs: traces the graph of part `index`; each part's graph must read the same inputs and should write
    ///   to buffers of its own. An input whose value is as long as a part's is seen whole by every part; of all others each
    ///   part has its share, the first extent divided by the number of parts.
    public init(
        _ count: Int, on device: CPUDevice, parameters: ParameterMap, outputs: (_ index: Int) throws -> Outputs
    ) throws {
        let own = count == 1 ? device : device.with(threads: 1)
        let preparation = Preparation()
        programs = try (0..<count).map {
            try own.compile(outputs($0), parameters: parameters, preparation: count == 1 ? nil : preparation)
        }
        preparations = preparation.shares(count)
        preparedBytes = preparation.bytes
        outcomes = .allocate(capacity: count)
        outcomes.initialize(repeating: .success([]), count: count)
    }

    deinit {
        outcomes.deinitialize(count: programs.count)
        outcomes.deallocate()
    }

    /// Arithmetic operations of one run.
    public var flops: Double { programs.reduce(0) { $0 + $1.flops } }
    /// Bytes of the arenas and scratch memory; frozen parameters have their own.
    public var memory: Int { programs.reduce(preparedBytes) { $0 + $1.memory } }

    /// Runs every part on its share of `values`, each of whose arrays holds the whole batch.
    /// - Returns: the results of each part by name.
    @discardableResult
    public func run(_ values: [String: HostArray]) throws(ExecutionError) -> [[String: [Float]]] {
        try run(values, .both)
        return programs.map { $0.results.mapValues { Array($0.floats) } }
    }

    /// Runs what lies before the pause.
    /// - Parameter values: the inputs that the early outputs depend on.
    /// - Returns: the early outputs of all parts, joined along the batch.
    public func begin(_ values: [String: HostArray]) throws(ExecutionError) -> [String: [Float]] {
        try run(values, .first)
        return programs[0].early.keys.reduce(into: [:]) { joined, name in
            joined[name] = programs.flatMap { Array($0.early[name]?.floats ?? .init(start: nil, count: 0)) }
        }
    }

    /// Runs what lies after the pause, with the inputs that were not given before it.
    /// - Returns: the results of each part by name.
    @discardableResult
    public func finish(_ values: [String: HostArray]) throws(ExecutionError) -> [[String: [Float]]] {
        try run(values, .second)
        return programs.map { $0.results.mapValues { Array($0.floats) } }
    }

    /// What each kernel call of the first part takes while all parts run, with the arithmetic and the bytes of all of
    /// them, which do the same at the same time.
    public func profile(_ values: [String: HostArray]) throws(ExecutionError) -> [Program.StepCost] {
        let parts = Double(programs.count)
        isTimed = true
        defer { isTimed = false }
        try run(values, .both)
        return try outcomes[0].get().map {
            Program.StepCost(name: $0.name, flops: parts * $0.flops, bytes: parts * $0.bytes, seconds: $0.seconds)
        }
    }

    private var isTimed = false
    private var half = Program.Half.both
    private var phase = Phase.preparing

    private enum Phase {
        case preparing, running
    }

    private func run(_ values: [String: HostArray], _ half: Program.Half) throws(ExecutionError) {
        self.half = half
        for (index, program) in programs.enumerated() { program.load(values, half, part: index, of: programs.count) }
        for phase in preparedBytes > 0 ? [Phase.preparing, .running] : [.running] {
            self.phase = phase
            limn_parallel(
                Int32(programs.count),
                { context, index, _ in
                    guard let context else { return }
                    Unmanaged<Replicas>.fromOpaque(context).takeUnretainedValue().runPart(Int(index))
                }, Unmanaged.passUnretained(self).toOpaque())
            for index in programs.indices { _ = try outcomes[index].get() }
        }
    }

    private func runPart(_ index: Int) {
        let program = programs[index]
        outcomes[index] = Result { () throws(ExecutionError) in
            switch phase {
            case .preparing: try program.run(preparations[index].steps(of: half), isTimed: isTimed)
            case .running:
                try (preparedBytes > 0 ? outcomes[index].get() : [])
                    + program.run(program.steps(of: half), isTimed: isTimed)
            }
        }
    }
}
