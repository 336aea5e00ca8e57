import Basics

/// Why a file cannot be used as a model, an encoder or a feature network.
public struct ModelError: ClassifiedError {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let problem: String
    /// The kind of failure.
    public let kind: ErrorKind
    /// One line: the file and the problem.
    public var description: String { "\(path): \(problem)" }

    /// The file, what is wrong with it, and what kind of failure that is.
    public init(path: String, problem: String, kind: ErrorKind = .badData) {
        self.path = path
        self.problem = problem
        self.kind = kind
    }
}
