import CKernels
import COneDNN
import COpenBLAS
import CProcessor
import Execution
import Glibc
import Graphs

/// The CPU: OpenBLAS is always linked; oneDNN is loaded at run time if it is installed, and is several times faster.
///
/// Limn's kernels and oneDNN use the instructions that the processor has, or fewer if the environment variable `LIMN_CPU` says so
/// when the process starts: `baseline`, `avx2`, `avx512` or `avx512bf16`. Other values, and levels that the processor lacks, change
/// nothing here; Limn's programs refuse them.
public struct CPUDevice: Device {
    /// The library that computes matrix products and convolutions.
    public enum Library: String, Sendable, CaseIterable {
        /// OpenBLAS, with Limn's own kernels; always available.
        case openBLAS
        /// oneDNN, if it can be loaded.
        case oneDNN
    }

    /// The library in use.
    public let library: Library
    /// Threads of every kernel.
    public let threads: Int
    /// Precision of operands and activations.
    public let precision: Precision
    /// Why oneDNN is not in use; nil if it is in use or was not requested.
    public let notice: String?

    /// A device with the given settings, or the nearest that this machine supports.
    /// - Parameters:
    ///   - library: nil selects oneDNN if it can be loaded, else OpenBLAS.
    ///   - threads: 1…128; nil is the number of processors that this process may use.
    ///   - precision: nil is bfloat16 if the processor multiplies it natively, else float32. bfloat16 falls back to float32
    ///     without oneDNN and on processors that would emulate it.
    public init(library: Library? = nil, threads: Int? = nil, precision: Precision? = nil) {
        let status = CPUDevice.oneDNNStatus
        let hasOneDNN = status == nil
        self.library = library == .openBLAS || !hasOneDNN ? .openBLAS : .oneDNN
        notice = library == .openBLAS ? nil : status.map { "slower without oneDNN: \($0)" }
        self.threads = max(1, min(threads ?? CPUDevice.threads(ofProcesses: 1), 128))
        let multipliesBFloat16 = self.library == .oneDNN && limn_level() >= LIMN_AVX512_BF16
        self.precision = multipliesBFloat16 ? precision ?? .bfloat16 : .float32
    }

    /// The processors that this process may use, one bit each; empty if they are unknown.
    public static var affinity: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1024) { bits, count in count = limn_affinity(bits.baseAddress, 1024) }
    }

    /// The number of processors that this process may use, or its share if several processes use the same ones.
    public static func threads(ofProcesses processes: Int) -> Int { max(1, Int(limn_processors()) / processes) }

    /// The same processor with another precision; bfloat16 falls back to float32 as in `init`.
    public func with(precision: Precision) -> CPUDevice {
        CPUDevice(library: library, threads: threads, precision: precision)
    }

    /// Loads oneDNN once per process: nil on success, else the reason for the failure.
    private static let oneDNNStatus: String? = {
        // Limn divides the work among threads itself; OpenBLAS computes each share on the calling thread.
        openblas_set_num_threads(1)
        var message = [CChar](repeating: 0, count: 512)
        guard limn_onednn_open(&message, message.count) == 0 else {
            return String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        limn_set_runner(limn_onednn_parallel)
        return nil
    }()

    /// One line that names the device.
    public var summary: String {
        var name = "CPU, \(threads) thread\(threads == 1 ? "" : "s"), \(precision.rawValue), "
        switch library {
        case .openBLAS: name += "OpenBLAS"
        case .oneDNN:
            var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
            limn_onednn_version(&major, &minor, &patch)
            name += "oneDNN \(major).\(minor).\(patch)"
        }
        if limn_level_is_limited() != 0 { name += ", limited to \(String(cString: limn_level_name(limn_level())))" }
        return name
    }

    /// A new buffer of zeros.
    public func makeBuffer(count: Int) throws(ExecutionError) -> any Buffer { try CPUBuffer(count: count) }

    /// The largest number of equal shards with at least four images each (since each shard reads all filters) and at most one
    /// shard per thread. If that leaves half of the threads idle or more, a single shard, whose kernels use all threads.
    public func shardCount(forBatch batch: Int, groupsOf group: Int) -> Int {
        let most = (1...max(1, min(batch / 4, threads))).last { batch % ($0 * group) == 0 } ?? 1
        return 2 * most > threads ? most : 1
    }

    /// Compiles to fused loops and library calls on one arena per shard; see `Device`.
    public func compile(
        shards: Shards, parameters: ParameterMap, outputs: (_ shard: Int) throws -> Outputs
    ) throws -> any Executable {
        let count = shards.own.count
        let device = count == 1 ? self : CPUDevice(library: library, threads: 1, precision: precision)
        let packing = count == 1 ? nil : WeightPacking()
        let programs = try (0..<count).map { shard in
            let outputs = try outputs(shard)
            let tensors =
                Array(outputs.results.values) + outputs.writes.map(\.tensor) + Array(outputs.firstStage.values)
            guard let graph = tensors.first?.graph else { preconditionFailure("a program without outputs") }
            limn_onednn_set_threads(Int32(device.threads))
            var compiler = CPUCompiler(
                graph, device: device, outputs: outputs, parameters: parameters, packing: packing)
            return try compiler.compile()
        }
        let callers = programs.reduce(0) { $0 + $1.productThreads }
        guard limn_reserve_product_buffers(Int32(callers)) == 0 else {
            throw ExecutionError.outOfMemory(bytes: callers * limn_product_buffer_bytes())
        }
        return CPUExecutable(programs, shards: shards, packing: packing)
    }

    // MARK: Optimizer steps

    /// Averages gradients over shards; see `Device`.
    public func averageGradients(_ shards: [any Buffer], maximumNorm: Double?) -> Double {
        let buffers: [UnsafeMutablePointer<Float>?] = shards.map { $0.cpu.pointer }
        let mean = shards[0].cpu
        let norm = limn_mean_gradient(buffers, Int32(buffers.count), mean.count, Int32(threads)).squareRoot()
        if let maximumNorm, norm.isFinite, norm > maximumNorm {
            let scale = Float(maximumNorm / norm)
            for index in 0..<mean.count { mean.pointer[index] *= scale }
        }
        return norm
    }

    /// One Adam step; see `Device`.
    public func adam(_ step: AdamStep, on state: AdamState) {
        var settings = limn_adam()
        settings.rate = step.learningRate
        settings.beta1 = step.beta1
        settings.beta2 = step.beta2
        settings.epsilon = step.epsilon
        settings.correction1 = Float(1 / (1 - pow(Double(step.beta1), Double(step.number))))
        settings.correction2 = Float(1 / (1 - pow(Double(step.beta2), Double(step.number))))
        settings.average_decay = step.averageDecay
        let (parameters, gradient) = (state.parameters.cpu, state.gradient.cpu)
        limn_adam_step(
            &settings, gradient.pointer, parameters.pointer, state.first.cpu.pointer, state.second.cpu.pointer,
            state.average.cpu.pointer, parameters.count, Int32(threads))
    }

    /// Spectral normalization; see `Device`.
    public func normalize(_ filters: [SpectralFilter], iterating: Bool) {
        limn_spectral_normalize(filters.map(\.kernel), Int32(filters.count), iterating ? 1 : 0, Int32(threads))
    }

    /// Gradients through spectral normalization; see `Device`.
    public func correctGradients(_ filters: [SpectralFilter]) {
        limn_spectral_gradient(filters.map(\.kernel), Int32(filters.count), Int32(threads))
    }
}

extension SpectralFilter {
    fileprivate var kernel: limn_spectral {
        limn_spectral(
            weight: weight.pointer, u: u.pointer, v: v.pointer, effective: normalized.pointer,
            gradient: gradient.pointer, rows: Int64(u.count), columns: Int64(v.count))
    }
}
