import Graphs

/// Storage of convolution operands and of the activations between them. Logits, losses, statistics, gradients of
/// parameters, master weights and optimizer moments are float32 in either case.
public enum Precision: String, Sendable, CaseIterable, Codable {
    /// 32 bits (IEEE 754 binary32).
    case float32
    /// The upper 16 bits of a float32: the same 8 exponent bits, and 8 significant bits, of which 7 are stored.
    case bfloat16
}

/// A processor that stores values, runs compiled graphs and performs optimizer steps: the only boundary between Limn and
/// a backend. Everything above it works with `Buffer`, `Executable` and host arrays; only the command line names a backend.
public protocol Device: Sendable {
    /// One line that names the device, for logs and model cards.
    var summary: String { get }
    /// Why a faster library is not in use, for the user; nil if nothing is missing.
    var notice: String? { get }
    /// Precision of operands and activations.
    var precision: Precision { get }
    /// The same device with another precision, or the nearest one that it supports.
    func with(precision: Precision) -> Self

    /// A new buffer of zeros.
    func makeBuffer(count: Int) throws(ExecutionError) -> any Buffer

    /// The number of equal shards that a batch of this size is best divided into.
    /// - Parameter group: consecutive images that must be in one shard.
    func shardCount(forBatch batch: Int, groupsOf group: Int) -> Int
    /// The processes that train together with this one.
    var ranks: any Communicator { get }
    /// The shards of a batch of training, which all ranks compute together. The batch must be a multiple of the ranks times `group`.
    /// - Parameter group: consecutive images that must be in one shard.
    func trainingShards(forBatch batch: Int, groupsOf group: Int) -> Shards

    /// Compiles the same computation for each own shard of a batch; they run in parallel.
    ///
    /// The computation must not depend on images of other shards, except for means, which the caller averages over shards.
    /// - Parameters:
    ///   - parameters: where the program reads each parameter.
    ///   - outputs: traces the graph of one own shard, counted from 0. Each shard's graph must read the same inputs and must write to
    ///     buffers of its own.
    /// - Throws: what `outputs` throws; `ExecutionError`, if there is too little memory or a parameter has no values.
    func compile(
        shards: Shards, parameters: ParameterMap, outputs: (_ shard: Int) throws -> Outputs
    ) throws -> any Executable

    /// Replaces the gradient in the first of `shards` by the mean of all, clipped to the Euclidean norm `maximumNorm`.
    /// - Returns: the norm before scaling; not finite if any value is not, or if the sum of squares exceeds float32's range.
    func averageGradients(_ shards: [any Buffer], maximumNorm: Double?) -> Double
    /// One step of Adam and of the moving average of the parameters.
    func adam(_ step: AdamStep, on state: AdamState)
    /// Computes W/σ from W for each filter, after one power iteration if `iterating`.
    func normalize(_ filters: [SpectralFilter], iterating: Bool)
    /// Converts gradients with respect to W/σ to gradients with respect to W, in place.
    func correctGradients(_ filters: [SpectralFilter])
}

extension Device {
    /// Compiles one program for a whole batch.
    /// - Throws: `ExecutionError`, if there is too little memory or a parameter has no values.
    public func compile(_ outputs: Outputs, parameters: ParameterMap) throws -> any Executable {
        try compile(shards: 1, parameters: parameters) { _ in outputs }
    }

    /// Compiles the same computation for each of `shards` equal parts of a batch, all in this process.
    /// - Throws: what `outputs` throws; `ExecutionError`, if there is too little memory or a parameter has no values.
    public func compile(
        shards: Int, parameters: ParameterMap, outputs: (_ shard: Int) throws -> Outputs
    ) throws -> any Executable {
        try compile(shards: Shards(shards), parameters: parameters, outputs: outputs)
    }

    /// This process alone.
    public var ranks: any Communicator { SingleProcess.shared }
    /// All shards in this process.
    public func trainingShards(forBatch batch: Int, groupsOf group: Int) -> Shards {
        Shards(shardCount(forBatch: batch, groupsOf: group))
    }
    /// The same for images that are independent of each other.
    public func shardCount(forBatch batch: Int) -> Int { shardCount(forBatch: batch, groupsOf: 1) }
    /// The same for images that are independent of each other.
    public func trainingShards(forBatch batch: Int) -> Shards { trainingShards(forBatch: batch, groupsOf: 1) }
}
