/// What kind of failure an error is; `limn` derives its exit code from the kind alone.
public enum ErrorKind: Sendable {
    /// An invalid argument, option or recipe.
    case usage
    /// Input that was read but cannot be used.
    case badData
    /// Input that does not exist or cannot be read.
    case noInput
    /// Output that cannot be written.
    case cannotWrite
    /// Not enough memory.
    case outOfMemory
    /// A bug in Limn, or a case it does not support.
    case internalError
    /// An interruption by the user, such as Ctrl-C.
    case interrupted
}

/// An error that states its kind and describes itself in one line: what failed, where, and what to do.
public protocol ClassifiedError: Error, CustomStringConvertible, Sendable {
    /// The kind of failure.
    var kind: ErrorKind { get }
}
