import Execution

/// Where a CUDA backend belongs: a conforming device that this version does not have.
///
/// No instance can exist, so that its methods need no bodies; that it compiles shows that `Device` asks for nothing that
/// only a CPU can do.
public struct CUDADevice: Device {
    private let absent: Never

    /// - Throws: `ExecutionError.unavailable`, always.
    public init() throws(ExecutionError) {
        throw .unavailable(device: "cuda", reason: "this version of Limn computes on the CPU only; use --device cpu")
    }

    /// One line that names the device.
    public var summary: String { switch absent {} }
    /// Why oneDNN is not in use; nil if it is, or was not asked for.
    public var notice: String? { switch absent {} }
    /// Precision of operands and activations.
    public var precision: Precision { switch absent {} }
    /// The same processor with another precision; bfloat16 falls back to float32 as in `init`.
    public func with(precision: Precision) -> CUDADevice { switch absent {} }
    /// A new buffer of zeros.
    public func makeBuffer(count: Int) throws(ExecutionError) -> any Buffer { switch absent {} }
    /// The number of equal shards that a batch is best divided into.
    public func shardCount(forBatch batch: Int) -> Int { switch absent {} }
    /// Compiles the same computation for each shard; see `Device`.
    public func compile(
        shards: Int, parameters: ParameterMap, outputs: (_ shard: Int) throws -> Outputs
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
