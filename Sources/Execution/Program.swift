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
    let inputs: [String: Slot]
    let results: [String: Slot]
    /// Everything the steps' pointers lead into.
    private let owned: [AnyObject]
    /// Bytes of the arena and scratch memory.
    public let memory: Int

    init(steps: [Step], inputs: [String: Slot], results: [String: Slot], owned: [AnyObject], memory: Int) {
        (self.steps, self.inputs, self.results, self.owned, self.memory) = (steps, inputs, results, owned, memory)
    }

    /// Arithmetic operations of one run.
    public var flops: Double { steps.reduce(0) { $0 + $1.flops } }

    /// Runs every step.
    /// - Parameter values: a value for each input the graph reads; names the program does not read are ignored.
    /// - Returns: the results by name.
    @discardableResult
    public func run(_ values: [String: HostArray] = [:]) throws(ExecutionError) -> [String: [Float]] {
        load(values)
        for step in steps {
            let status = step.run()
            guard status == 0 else { throw .kernel(step: step.name, status: status) }
        }
        return results.mapValues { slot in
            Array(UnsafeBufferPointer(start: slot.pointer.assumingMemoryBound(to: Float.self), count: slot.shape.count))
        }
    }

    /// Runs every step, timing each.
    public func profile(_ values: [String: HostArray]) throws(ExecutionError) -> [StepCost] {
        load(values)
        let clock = ContinuousClock()
        var costs: [StepCost] = []
        for step in steps {
            var status = 0
            let time = clock.measure { status = step.run() }
            guard status == 0 else { throw .kernel(step: step.name, status: status) }
            let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
            costs.append(StepCost(name: step.name, flops: step.flops, bytes: step.bytes, seconds: seconds))
        }
        return costs
    }

    private func load(_ values: [String: HostArray]) {
        for (name, slot) in inputs {
            guard let value = values[name] else { preconditionFailure("no value for input \(name)") }
            precondition(
                value.count == slot.shape.count, "\(value.count) values for input \(name) of shape \(slot.shape)")
            switch (value, slot.type) {
            case (.floats(let array), .float32):
                array.withUnsafeBytes { slot.pointer.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            case (.integers(let array), .int32):
                array.withUnsafeBytes { slot.pointer.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            default: preconditionFailure("input \(name) wants \(slot.type)")
            }
        }
    }
}
