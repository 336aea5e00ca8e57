/// What kind of failure an error is; `limn` derives its exit code from the kind alone.
public enum ErrorKind: Sendable {
    /// An argument, option or recipe that asks for something invalid.
    case usage
    /// Input that was read and cannot be used.
    case badData
    /// Input that does not exist or cannot be read.
    case noInput
    /// Output that cannot be written.
    case cannotWrite
    /// Memory that was not granted.
    case outOfMemory
    /// A defect of Limn, or a case that it does not support.
    case internalError
    /// The user's interruption, such as Ctrl-C.
    case interrupted
}

/// An error that states its kind and describes itself in one line: what failed, where, and what to do.
public protocol ClassifiedError: Error, CustomStringConvertible, Sendable {
    /// The kind of failure.
    var kind: ErrorKind { get }
}
