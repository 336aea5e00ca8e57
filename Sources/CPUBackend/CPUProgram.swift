import Execution
import Graphs

/// The kernel calls of one shard on one arena. Runs do not allocate memory.
final class CPUProgram {
    /// One kernel call.
    struct Step {
        let operation: String
        let shapes: String
        let flops: Double
        let bytes: Double
        /// The number of outputs that are completely written after this step.
        var writes = 0
        /// Returns 0, or the status of the library that failed.
        let run: () -> Int

        /// For error messages.
        var name: String { shapes.isEmpty ? operation : "\(operation) \(shapes)" }
    }

    /// An input or output in the arena.
    struct Slot {
        let pointer: UnsafeMutableRawPointer
        let shape: Shape
        let type: ElementType
        /// Whether it is an input of the second stage.
        var isSecondStage = false

        /// The values of a float32 slot, copied.
        var floats: [Float] {
            Array(UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: Float.self), count: shape.count))
        }
    }

    /// Parts of a run.
    enum Stages {
        case first, second, both
    }

    let steps: [Step]
    /// The number of steps in the first stage; all of them in a program of one stage.
    let split: Int
    let inputs: [String: Slot]
    let firstStage: [String: Slot]
    let results: [String: Slot]
    /// See `Executable.writes`.
    let writes: [Range<Int>]
    /// How many of them the first stage makes; such gradients are constants.
    var writesOfFirstStage: Int { steps[..<split].reduce(0) { $0 + $1.writes } }
    /// Keeps alive all memory that the steps point to.
    private let owned: [AnyObject]
    /// Sets the number of threads of each kernel, for this thread.
    private let configureThreads: () -> Void
    /// Bytes of the arena and scratch memory.
    let memory: Int
    /// The most threads that call OpenBLAS at a time.
    let productThreads: Int

    init(
        steps: [Step], split: Int, inputs: [String: Slot], firstStage: [String: Slot], results: [String: Slot],
        writes: [Range<Int>], owned: [AnyObject], memory: Int, productThreads: Int,
        configureThreads: @escaping () -> Void
    ) {
        self.productThreads = productThreads
        self.writes = writes
        (self.steps, self.split, self.inputs, self.firstStage) = (steps, split, inputs, firstStage)
        (self.results, self.owned, self.memory, self.configureThreads) = (results, owned, memory, configureThreads)
    }

    var flops: Double { steps.reduce(0) { $0 + $1.flops } }

    func steps(of stages: Stages) -> ArraySlice<Step> {
        switch stages {
        case .first: steps[..<split]
        case .second: steps[split...]
        case .both: steps[...]
        }
    }

    /// Runs steps on this thread.
    /// - Parameter wrote: called after each write of an output.
    /// - Returns: the cost of each step if `isTimed`, else nothing.
    /// - Throws: `ExecutionError.kernel` for the first step that fails.
    func run(
        _ steps: some Sequence<Step>, isTimed: Bool, wrote: () -> Void = {}
    ) throws(ExecutionError) -> [KernelCost] {
        configureThreads()
        let clock = ContinuousClock()
        var costs: [KernelCost] = []
        for step in steps {
            let start = isTimed ? clock.now : nil
            let status = step.run()
            guard status == 0 else { throw .kernel(name: step.name, status: status) }
            for _ in 0..<step.writes { wrote() }
            guard let start else { continue }
            let time = (clock.now - start).components
            costs.append(
                KernelCost(
                    operation: step.operation, shapes: step.shapes, flops: step.flops, bytes: step.bytes,
                    seconds: Double(time.seconds) + Double(time.attoseconds) * 1e-18))
        }
        return costs
    }

    /// Copies inputs into the arena.
    /// - Parameters:
    ///   - stages: the stages whose inputs are copied.
    ///   - shard, shards: the part of each value that is copied, counted from 0 among the own shards; see `Executable.run`.
    func load(_ values: [String: HostArray], _ stages: Stages, shard: Int, of shards: Shards) {
        for (name, slot) in inputs where stages == .both || slot.isSecondStage == (stages == .second) {
            guard let value = values[name] else { preconditionFailure("no value for input \(name)") }
            let count = slot.shape.count
            let first =
                switch value.count {
                case count: 0
                case count * shards.total: (shards.own.lowerBound + shard) * count
                case count * shards.own.count: shard * count
                default:
                    preconditionFailure(
                        "\(value.count) values for input \(name) of shape \(slot.shape) in \(shards.total) shards")
                }
            func copy<T>(_ array: [T]) {
                array[first..<first + count].withUnsafeBytes {
                    if let base = $0.baseAddress { slot.pointer.copyMemory(from: base, byteCount: $0.count) }
                }
            }
            switch (value, slot.type) {
            case (.floats(let array), .float32): copy(array)
            case (.integers(let array), .int32): copy(array)
            default: preconditionFailure("input \(name) must be \(slot.type)")
            }
        }
    }
}
