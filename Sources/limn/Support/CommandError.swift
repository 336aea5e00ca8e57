import Basics

/// A failure detected by a command itself.
struct CommandError: ClassifiedError {
    let kind: ErrorKind
    /// One line: the file or option, the problem, and a remedy.
    let description: String

    init(_ kind: ErrorKind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
