import Graphs

/// Values given to or returned by a program, in row-major order.
public enum HostArray: Sendable, Equatable {
    case floats([Float])
    case integers([Int32])

    var count: Int {
        switch self {
        case .floats(let values): values.count
        case .integers(let values): values.count
        }
    }
}

/// A compiled graph: steps over one planned arena, replayed at each run without allocation.
///
/// A program belongs to one thread and is deliberately not `Sendable`.
public final class Program {
    /// One kernel call.
    struct Step {
        let name: String
        let flops: Double
        let bytes: Double
        /// Returns 0, or the status of the library that failed.
        let run: () -> Int
    }

    struct Slot {
        let pointer: UnsafeMutableRawPointer
        let shape: Shape
        let type: ElementType
        /// Whether it is given after the pause.
        var isLate = false
        /// The values of a float32 slot.
        var floats: UnsafeBufferPointer<Float> {
            UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: Float.self), count: shape.count)
        }
    }

    /// What one step cost, for profiles.
    public struct StepCost: Sendable {
        /// The operation and its shapes.
        public let name: String
        /// Arithmetic operations of one run.
        public let flops: Double
        /// Bytes read and written, at least.
        public let bytes: Double
        /// Seconds of this run.
        public let seconds: Double
    }

    let steps: [Step]
    /// The number of steps before the pause: all of them in a program without one.
    let pause: Int
    let inputs: [String: Slot]
    let early: [String: Slot]
    let results: [String: Slot]
    /// Everything the steps' pointers lead into.
    private let owned: [AnyObject]
    /// Tells the libraries, before the first step, how many threads this program was compiled for.
    private let enter: () -> Void
    /// Bytes of the arena and scratch memory.
    public let memory: Int

    init(
        steps: [Step], pause: Int, inputs: [String: Slot], early: [String: Slot], results: [String: Slot],
        owned: [AnyObject], memory: Int, enter: @escaping () -> Void
    ) {
        (self.steps, self.pause, self.inputs, self.early, self.results) = (steps, pause, inputs, early, results)
        (self.owned, self.memory, self.enter) = (owned, memory, enter)
    }

    /// Arithmetic operations of one run.
    public var flops: Double { steps.reduce(0) { $0 + $1.flops } }

    /// A part of the steps: what lies before the pause, what lies after it, or both.
    enum Half {
        case first, second, both
    }

    func steps(of half: Half) -> ArraySlice<Step> {
        switch half {
        case .first: steps[..<pause]
        case .second: steps[pause...]
        case .both: steps[...]
        }
    }

    /// Runs every step.
    /// - Parameter values: a value for each input the graph reads; names the program does not read are ignored.
    /// - Returns: the results by name.
    @discardableResult
    public func run(_ values: [String: HostArray] = [:]) throws(ExecutionError) -> [String: [Float]] {
        load(values, .both)
        try run(steps, isTimed: false)
        return results.mapValues { Array($0.floats) }
    }

    /// Runs every step, timing each.
    public func profile(_ values: [String: HostArray]) throws(ExecutionError) -> [StepCost] {
        load(values, .both)
        return try run(steps, isTimed: true)
    }

    /// Runs steps on this thread, with the libraries told how many threads this program was compiled for.
    /// - Returns: what each cost, when `isTimed`.
    @discardableResult
    func run(_ steps: some Sequence<Step>, isTimed: Bool) throws(ExecutionError) -> [StepCost] {
        enter()
        let clock = ContinuousClock()
        var costs: [StepCost] = []
        for step in steps {
            let start = isTimed ? clock.now : nil
            let status = step.run()
            guard status == 0 else { throw .kernel(step: step.name, status: status) }
            guard let start else { continue }
            let time = (clock.now - start).components
            let seconds = Double(time.seconds) + Double(time.attoseconds) * 1e-18
            costs.append(StepCost(name: step.name, flops: step.flops, bytes: step.bytes, seconds: seconds))
        }
        return costs
    }

    /// Copies inputs to their places.
    /// - Parameters:
    ///   - half: whose inputs.
    ///   - part, parts: which of how many equal runs of each value is taken; a value that is as long as the input is taken
    ///     whole.
    func load(_ values: [String: HostArray], _ half: Half, part: Int = 0, of parts: Int = 1) {
        for (name, slot) in inputs where half == .both || slot.isLate == (half == .second) {
            guard let value = values[name] else { preconditionFailure("no value for input \(name)") }
            let count = slot.shape.count
            precondition(
                value.count == count * parts || value.count == count,
                "\(value.count) values for input \(name) of shape \(slot.shape), \(parts) times")
            let first = value.count == count ? 0 : part * count
            func copy<T>(_ array: [T]) {
                array[first..<first + count].withUnsafeBytes {
                    slot.pointer.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
                }
            }
            switch (value, slot.type) {
            case (.floats(let array), .float32): copy(array)
            case (.integers(let array), .int32): copy(array)
            default: preconditionFailure("input \(name) wants \(slot.type)")
            }
        }
    }
}
