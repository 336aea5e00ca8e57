/// A device of one rank of a data-parallel training.
///
/// Each rank has all parameters and computes its own part of every batch. Programs run in each rank by itself; what must be the
/// same in all ranks, gradients above all, is exchanged between runs through `ranks`.
public struct DataParallelDevice: Device {
    private let local: any Device
    /// The ranks that train together.
    public let ranks: any Communicator

    /// - Parameters:
    ///   - local: computes this rank's part.
    ///   - ranks: all ranks.
    public init(_ local: any Device, ranks: any Communicator) {
        self.local = local
        self.ranks = ranks
    }

    /// The device, and the number of ranks.
    public var summary: String {
        let hosts = Set(ranks.hosts).count
        return "\(ranks.size) ranks on \(hosts) host\(hosts == 1 ? "" : "s"), each on \(local.summary)"
    }
    /// Why a faster library is not in use.
    public var notice: String? { local.notice }
    /// Precision of operands and activations.
    public var precision: Precision { local.precision }
    /// The same device with another precision.
    public func with(precision: Precision) -> DataParallelDevice {
        DataParallelDevice(local.with(precision: precision), ranks: ranks)
    }
    /// A new buffer of zeros in this rank.
    public func makeBuffer(count: Int) throws(ExecutionError) -> any Buffer { try local.makeBuffer(count: count) }
    /// The number of shards of a batch that this rank computes alone.
    public func shardCount(forBatch batch: Int, groupsOf group: Int) -> Int {
        local.shardCount(forBatch: batch, groupsOf: group)
    }
    /// The shards of a batch that all ranks compute together.
    public func trainingShards(forBatch batch: Int, groupsOf group: Int) -> Shards {
        let own = local.shardCount(forBatch: batch / ranks.size, groupsOf: group)
        return Shards(total: own * ranks.size, own: own * ranks.rank..<own * (ranks.rank + 1))
    }
    /// Compiles this rank's shards; see `Device`. Large gradients come first: their exchange takes longest.
    public func compile(
        shards: Shards, parameters: ParameterMap, outputs: (_ shard: Int) throws -> Outputs
    ) throws -> any Executable {
        try local.compile(shards: shards, parameters: parameters) {
            var outputs = try outputs($0)
            outputs.largeWritesFirst = ranks.size > 1
            return outputs
        }
    }
    /// Averages the gradients of this rank's shards; see `Device`.
    public func averageGradients(_ shards: [any Buffer], maximumNorm: Double?) -> Double {
        local.averageGradients(shards, maximumNorm: maximumNorm)
    }
    /// One Adam step; see `Device`.
    public func adam(_ step: AdamStep, on state: AdamState) { local.adam(step, on: state) }
    /// Spectral normalization; see `Device`.
    public func normalize(_ filters: [SpectralFilter], iterating: Bool) {
        local.normalize(filters, iterating: iterating)
    }
    /// Gradients through spectral normalization; see `Device`.
    public func correctGradients(_ filters: [SpectralFilter]) { local.correctGradients(filters) }
}
