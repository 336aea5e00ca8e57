import ArgumentParser
import CPUBackend
import CUDABackend
import Execution

/// Selects the device. No other file names a backend.
struct DeviceOptions: ParsableArguments {
    enum Name: String, ExpressibleByArgument, CaseIterable {
        case cpu
        case cuda
    }

    @Option(help: ArgumentHelp("The device to compute on: cpu; cuda is not available yet.", valueName: "cpu|cuda"))
    var device = Name.cpu

    @Option(help: "Number of CPU threads; all processors by default.")
    var threads: Int?

    /// Opens the device.
    /// - Parameter precision: nil is the device's default.
    /// - Throws: `ExecutionError.unavailable`.
    func open(precision: Precision? = nil) throws -> any Device {
        switch device {
        case .cpu: CPUDevice(threads: threads, precision: precision)
        case .cuda: try CUDADevice()
        }
    }
}
