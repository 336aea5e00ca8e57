import Basics

/// A failure that a command itself finds.
struct CommandError: ClassifiedError {
    let kind: ErrorKind
    /// One line: where, what, and what to do.
    let description: String

    init(_ kind: ErrorKind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
