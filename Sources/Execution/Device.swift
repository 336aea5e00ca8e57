import Graphs

/// How operands of convolutions and stored activations are kept. Logits, losses, statistics, gradients of parameters,
/// master weights and moments are float32 in either.
public enum Precision: String, Sendable, CaseIterable, Codable {
    case float32
    case bfloat16
}

/// What a program computes: values to read back, and values to leave in flat buffers.
public struct Outputs {
    /// Tensors whose values each run returns, by name.
    public var results: [String: Tensor]
    /// Tensors whose values each run writes into part of a flat buffer, gradients above all.
    public var writes: [(tensor: Tensor, destination: BufferSlice)]
    /// Tensors that a run gives before it pauses, by name; the inputs that they do not depend on are given after the
    /// pause. So something outside the program can decide on the first half what the second half works with: a batch's
    /// loss on the vectors of its parts, or a network's update on what another has generated.
    public var early: [String: Tensor]

    /// What a program computes; at least one of the three must not be empty.
    public init(
        results: [String: Tensor] = [:], writes: [(tensor: Tensor, destination: BufferSlice)] = [],
        early: [String: Tensor] = [:]
    ) {
        self.results = results
        self.writes = writes
        self.early = early
    }
}

/// Something that turns a graph into a program it can run.
public protocol Device {
    /// Compiles what `outputs` need, with parameters read from where `parameters` says each path lies.
    func compile(_ outputs: Outputs, parameters: ParameterMap) throws(ExecutionError) -> Program
}

/// Why a program could not be compiled or run.
public enum ExecutionError: Error, CustomStringConvertible, Sendable {
    /// The graph reads a parameter that was not given.
    case missingParameter(String)
    /// The device has no kernel for an operation.
    case unsupported(operation: String, device: String)
    /// The system has not so many bytes to give.
    case outOfMemory(bytes: Int)
    /// A library call failed.
    case kernel(step: String, status: Int)

    /// One line: what, and which part.
    public var description: String {
        switch self {
        case .missingParameter(let path): "no values were given for parameter \(path)"
        case .unsupported(let operation, let device): "device \(device) cannot run \(operation)"
        case .outOfMemory(let bytes): "no memory for \(bytes >> 20) MiB; smaller batches, widths or sides need less"
        case .kernel(let step, let status): "\(step) failed in its library with status \(status)"
        }
    }
}
