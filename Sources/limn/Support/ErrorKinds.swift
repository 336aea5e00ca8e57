import Basics
import Evaluation
import Execution
import Layers
import Networks
import Synthesis
import Training

// The kinds of the errors of modules that do not state them yet; each belongs beside its error.

extension ModelError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .badData }
}

extension ParameterMismatch: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .badData }
}

extension StateError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .badData }
}

extension EvaluationError: ClassifiedError {
    /// The kind of failure.
    package var kind: ErrorKind { .badData }
}

extension Synonyms.FormatError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .badData }
}

extension RecipeError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .usage }
}

extension ConfigurationError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .usage }
}

extension ExecutionError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind {
        switch self {
        case .outOfMemory: .outOfMemory
        case .missingParameter, .unsupported, .kernel: .internalError
        }
    }
}
