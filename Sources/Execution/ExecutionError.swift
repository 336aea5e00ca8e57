import Basics

/// Why a program could not be compiled or run.
public enum ExecutionError: ClassifiedError {
    /// The graph reads a parameter for which no values were given.
    case missingParameter(String)
    /// The device has no kernel for an operation.
    case unsupported(operation: String, device: String)
    /// The system could not allocate this many bytes.
    case outOfMemory(bytes: Int)
    /// The system refused to start a thread, for lack of memory or at its limit of threads.
    case noThread
    /// A library call failed.
    case kernel(name: String, status: Int)

    /// The kind of failure.
    public var kind: ErrorKind {
        switch self {
        case .outOfMemory, .noThread: .outOfMemory
        case .missingParameter, .unsupported, .kernel: .internalError
        }
    }

    /// One line: what failed, and where.
    public var description: String {
        switch self {
        case .missingParameter(let path): "no values were given for parameter \(path)"
        case .unsupported(let operation, let device): "device \(device) cannot run \(operation)"
        case .outOfMemory(let bytes):
            "out of memory: could not allocate \(bytes >> 20) MiB; use a smaller batch, width or side"
        case .noThread:
            "the system refused a thread; free memory, or raise the limit of threads (ulimit -u)"
        case .kernel(let name, let status): "\(name) failed with library status \(status)"
        }
    }
}
