import ArgumentParser
import CPUBackend
import CProcessor
import Execution

/// Opens the device that computes. No other file of limn and limn-server names a backend.
package struct DeviceOptions: ParsableArguments, Sendable {
    @Option(
        help:
            "Threads that compute, 1 to 128; all processors by default, or an equal part of them for each rank of a training."
    )
    package var threads: Int?

    package init() {}

    package func validate() throws {
        if let threads, !(1...128).contains(threads) {
            throw ValidationError("--threads is \(threads); expected 1 to 128.")
        }
    }

    /// Opens the device.
    /// - Parameters:
    ///   - precision: nil is the device's default.
    ///   - processes: the number of processes that share the machine's processors.
    package func open(precision: Precision? = nil, processes: Int = 1) -> any Device {
        CPUDevice(threads: threads ?? CPUDevice.threads(ofProcesses: processes), precision: precision)
    }

    /// The processors that this process may use; equal for processes that share them.
    static var processors: [UInt8] { CPUDevice.affinity }

    /// The instructions that kernels use, which decide how they round.
    static var instructions: String { String(cString: limn_level_name(limn_level())) }
}
