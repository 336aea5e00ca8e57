import COneDNN
import COpenBLAS
import CKernels
import Glibc
import Graphs

/// The processor: OpenBLAS is always there, oneDNN is found at run time and is several times faster.
public struct CPUDevice: Device, Sendable {
    /// The library that multiplies and convolves.
    public enum Library: String, Sendable, CaseIterable {
        case openBLAS
        case oneDNN
    }

    /// The library in use.
    public let library: Library
    /// Threads of every kernel.
    public let threads: Int
    /// How operands and stored activations are kept.
    public let precision: Precision
    /// Why oneDNN is not in use, for the user; nil when it is or was not asked for.
    public let notice: String?

    /// The processor as it is.
    /// - Parameters:
    ///   - library: nil takes oneDNN when it can be loaded.
    ///   - threads: nil takes the number of processors that may be used.
    ///   - precision: nil takes bfloat16 where the processor multiplies it, else float32. bfloat16 without oneDNN, or
    ///     on a processor that would emulate it, becomes float32.
    public init(library: Library? = nil, threads: Int? = nil, precision: Precision? = nil) {
        let status = CPUDevice.shared
        let hasOneDNN = status == nil
        self.library = library == .openBLAS || !hasOneDNN ? .openBLAS : .oneDNN
        self.notice = library == .openBLAS ? nil : status
        self.threads = max(1, min(threads ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)), 128))
        let multipliesBFloat16 = self.library == .oneDNN && limn_has_bfloat16() != 0
        self.precision = multipliesBFloat16 ? precision ?? .bfloat16 : .float32
    }

    /// Loads the libraries once: nil, or why oneDNN is absent.
    private static let shared: String? = {
        // The pool divides the work; OpenBLAS computes each share on the thread that asks.
        openblas_set_num_threads(1)
        var message = [CChar](repeating: 0, count: 512)
        guard limn_onednn_open(&message, message.count) == 0 else {
            return String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        limn_set_runner(limn_onednn_parallel)
        return nil
    }()

    /// The same processor with another number of threads.
    func with(threads: Int) -> CPUDevice { CPUDevice(library: library, threads: threads, precision: precision) }

    /// One line that names the device, for logs and model cards.
    public var summary: String {
        var name = "CPU, \(threads) thread\(threads == 1 ? "" : "s"), \(precision.rawValue), "
        switch library {
        case .openBLAS: name += "OpenBLAS"
        case .oneDNN:
            var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
            limn_onednn_version(&major, &minor, &patch)
            name += "oneDNN \(major).\(minor).\(patch)"
        }
        return name
    }

    /// Compiles with fused loops over one planned arena; see `Device.compile`.
    public func compile(_ outputs: Outputs, parameters: ParameterMap) throws(ExecutionError) -> Program {
        try compile(outputs, parameters: parameters, preparation: nil)
    }

    /// - Parameter preparation: what the program shares with others of the parameters that are trained; nil makes
    ///   everything in the program itself.
    func compile(
        _ outputs: Outputs, parameters: ParameterMap, preparation: Preparation?
    ) throws(ExecutionError) -> Program {
        let tensors = Array(outputs.results.values) + outputs.writes.map(\.tensor) + Array(outputs.early.values)
        guard let graph = tensors.first?.graph else { preconditionFailure("a program without outputs") }
        limn_onednn_set_threads(Int32(threads))
        var compiler = CPUCompiler(
            graph, device: self, outputs: outputs, parameters: parameters, preparation: preparation)
        return try compiler.compile()
    }
}
