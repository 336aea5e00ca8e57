import Graphs

/// Values of an input of a program, in row-major order.
public enum HostArray: Sendable, Equatable {
    /// Of a float32 input.
    case floats([Float])
    /// Of an int32 input.
    case integers([Int32])

    /// The values of an array of `.floats`.
    package var floats: [Float] {
        guard case .floats(let values) = self else { preconditionFailure("an array of integers") }
        return values
    }

    /// The number of values.
    public var count: Int {
        switch self {
        case .floats(let values): values.count
        case .integers(let values): values.count
        }
    }
}

/// The tensors that a program computes.
public struct Outputs {
    /// Tensors that each run returns, by name.
    public var results: [String: Tensor]
    /// Tensors that each run writes into buffers, gradients above all.
    public var writes: [(tensor: Tensor, destination: BufferSlice)]
    /// Tensors that a run returns after its first stage, by name. Inputs on which they do not depend belong to the second stage,
    /// so that other code can compute them from these: the contrastive loss of a whole batch from each shard's
    /// vectors, or an update of the discriminator from generated images.
    public var firstStage: [String: Tensor]
    /// Whether the writes that hold most values are computed before the others, so that they can be exchanged while the others are
    /// computed. Values that the others need stay in memory meanwhile.
    public var largeWritesFirst = false

    /// At least one of the three must not be empty.
    public init(
        results: [String: Tensor] = [:], writes: [(tensor: Tensor, destination: BufferSlice)] = [],
        firstStage: [String: Tensor] = [:]
    ) {
        self.results = results
        self.writes = writes
        self.firstStage = firstStage
    }
}

/// Learns during a run which of its writes are complete, so that gradients can be exchanged while others are still computed.
public protocol WriteObserver: AnyObject, Sendable {
    /// A shard has made its next write, in the order of `Executable.writes`. Called on the shard's thread, which waits.
    /// - Parameter shard: counted from 0 among the own shards.
    func wrote(shard: Int)
}

/// A compiled graph. It must be used on one thread only and is deliberately not `Sendable`.
public protocol Executable: AnyObject {
    /// Floating-point operations of one run, over all shards.
    var flops: Double { get }
    /// Bytes of intermediate values, scratch memory and packed trained parameters.
    var memory: Int { get }

    /// The ranges of their buffers to which each shard of a run writes outputs, in the order in which they are complete.
    var writes: [Range<Int>] { get }

    /// Runs both stages.
    /// - Parameter inputs: a value for each input of the graph; other names are ignored. A value as long as one shard's input
    ///   is given whole to every shard; any other is divided equally along the first dimension, and holds the rows of all shards or
    ///   of this process's shards.
    /// - Parameter observer: learns of the writes.
    @discardableResult
    func run(_ inputs: [String: HostArray], observer: (any WriteObserver)?) throws(ExecutionError) -> RunResults

    /// Runs the first stage. The second stage runs when the result is finished; before that, no other run may start.
    /// - Parameter inputs: the inputs of the first stage.
    func begin(_ inputs: [String: HostArray]) throws(ExecutionError) -> StartedRun

    /// Runs both stages and times each kernel.
    /// - Returns: the kernels of the first shard, with the operations and bytes of all shards, which do the same work in
    ///   parallel.
    func profile(_ inputs: [String: HostArray]) throws(ExecutionError) -> [KernelCost]
}

extension Executable {
    /// Runs both stages.
    @discardableResult
    public func run(_ inputs: [String: HostArray]) throws(ExecutionError) -> RunResults {
        try run(inputs, observer: nil)
    }
}

/// A run whose first stage is complete. Its second stage can be run once or not at all, which the compiler checks.
public struct StartedRun: ~Copyable {
    /// The first stage's outputs by name, joined along this process's part of the batch.
    public let outputs: [String: HostArray]
    private let secondStage: ([String: HostArray], (any WriteObserver)?) throws(ExecutionError) -> RunResults

    /// - Parameter secondStage: runs the second stage on the inputs that the first did not need.
    public init(
        outputs: [String: HostArray],
        secondStage: @escaping ([String: HostArray], (any WriteObserver)?) throws(ExecutionError) -> RunResults
    ) {
        self.outputs = outputs
        self.secondStage = secondStage
    }

    /// Runs the second stage.
    /// - Parameter observer: learns of the writes, first of those that the first stage made.
    @discardableResult
    public consuming func finish(
        _ inputs: [String: HostArray], observer: (any WriteObserver)? = nil
    ) throws(ExecutionError) -> RunResults {
        try secondStage(inputs, observer)
    }
}

/// The results of a run in this process.
public struct RunResults: Sendable, Equatable {
    /// The results of each shard by name.
    public let shards: [[String: [Float]]]

    /// Results of at least one shard.
    public init(shards: [[String: [Float]]]) {
        self.shards = shards
    }

    /// Names of the results.
    public var names: Dictionary<String, [Float]>.Keys { shards[0].keys }

    /// A result joined along the batch.
    public subscript(name: String) -> [Float] {
        func values(_ shard: [String: [Float]]) -> [Float] {
            guard let values = shard[name] else { preconditionFailure("the program has no result \(name)") }
            return values
        }
        return shards.count == 1 ? values(shards[0]) : shards.flatMap(values)
    }

    /// The mean over all shards of a scalar result, which is itself a mean over its shard.
    public func mean(_ name: String) -> Double {
        self[name].reduce(0) { $0 + Double($1) } / Double(shards.count)
    }
}

/// The measured cost of one kernel call.
public struct KernelCost: Sendable {
    /// The kind of kernel, such as `convolution forward`.
    public let operation: String
    /// Its shapes.
    public let shapes: String
    /// Floating-point operations.
    public let flops: Double
    /// Bytes read and written, at least; 0 if not counted.
    public let bytes: Double
    /// Measured duration in seconds.
    public let seconds: Double

    /// The cost of one call.
    public init(operation: String, shapes: String, flops: Double, bytes: Double, seconds: Double) {
        self.operation = operation
        self.shapes = shapes
        self.flops = flops
        self.bytes = bytes
        self.seconds = seconds
    }
}
