import Execution

/// A placeholder for a CUDA backend, which this version does not have.
///
/// It has no instances, so its methods need no bodies. Its conformance shows that `Device` requires nothing specific to a CPU.
public struct CUDADevice: Device {
    private let absent: Never

    /// - Throws: `ExecutionError.unavailable`, always.
    public init() throws(ExecutionError) {
        throw .unavailable(device: "cuda", reason: "this version of Limn computes on the CPU only; use --device cpu")
    }

    /// One line that names the device.
    public var summary: String { switch absent {} }
    /// Why a faster library is not in use.
    public var notice: String? { switch absent {} }
    /// Precision of operands and activations.
    public var precision: Precision { switch absent {} }
    /// The same device with another precision.
    public func with(precision: Precision) -> CUDADevice { switch absent {} }
    /// A new buffer of zeros.
    public func makeBuffer(count: Int) throws(ExecutionError) -> any Buffer { switch absent {} }
    /// The number of equal shards that a batch is best divided into.
    public func shardCount(forBatch batch: Int) -> Int { switch absent {} }
    /// Compiles the same computation for each shard; see `Device`.
    public func compile(
        shards: Shards, parameters: ParameterMap, outputs: (_ shard: Int) throws -> Outputs
    ) throws -> any Executable { switch absent {} }
    /// Averages gradients over shards; see `Device`.
    public func averageGradients(_ shards: [any Buffer], maximumNorm: Double?) -> Double { switch absent {} }
    /// One Adam step; see `Device`.
    public func adam(_ step: AdamStep, on state: AdamState) { switch absent {} }
    /// Spectral normalization; see `Device`.
    public func normalize(_ filters: [SpectralFilter], iterating: Bool) { switch absent {} }
    /// Gradients through spectral normalization; see `Device`.
    public func correctGradients(_ filters: [SpectralFilter]) { switch absent {} }
}
