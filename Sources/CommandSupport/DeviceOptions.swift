import ArgumentParser
import CPUBackend
import CUDABackend
import Execution

/// Selects the device. No other file of limn and limn-server names a backend.
package struct DeviceOptions: ParsableArguments, Sendable {
    package enum Name: String, ExpressibleByArgument, CaseIterable, Sendable {
        case cpu
        case cuda
    }

    @Option(help: ArgumentHelp("The device to compute on: cpu; cuda is not available yet.", valueName: "cpu|cuda"))
    package var device = Name.cpu

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
    /// - Throws: `ExecutionError.unavailable`.
    package func open(precision: Precision? = nil, processes: Int = 1) throws -> any Device {
        switch device {
        case .cpu: CPUDevice(threads: threads ?? CPUDevice.threads(ofProcesses: processes), precision: precision)
        case .cuda: try CUDADevice()
        }
    }
}
