import Graphs
import Layers

/// A pretrained text encoder without its parameters: what has to be known to read them, and the network itself.
public protocol PretrainedArchitecture: Sendable {
    /// Number of tokens in the vocabulary.
    var vocabulary: Int { get }
    /// Width of the pooled vectors.
    var width: Int { get }
    /// Maximum number of tokens of a sentence, special tokens included.
    var length: Int { get }
    /// The names of the parameters in Hugging Face files.
    var names: PretrainedNames { get }
    /// The pooling that is part of the network; nil if the folder has to specify one.
    var pooling: Pooling? { get }
    /// Whether every sentence is padded to `length`, and padding is attended to like other tokens.
    var isPadded: Bool { get }

    /// The same network with the sizes that only the files of parameters tell.
    /// - Parameter shape: returns the shape of the array at a path; nil if there is none.
    /// - Throws: `ConfigurationError` if such a size is out of range.
    func completed(by shape: (_ path: String) -> [Int]?) throws(ConfigurationError) -> Self

    /// Where the end token of a sentence is.
    var end: EndToken { get }

    /// Traces the network with its parameters under `scope`.
    /// - Returns: the pooled vectors of the sentences, [batch×width].
    func vectors(_ scope: ParameterScope, _ sentences: SentenceInputs) -> Tensor
}

extension PretrainedArchitecture {
    /// None: the folder has to specify one.
    public var pooling: Pooling? { nil }
    /// No: sentences have any length, and no token attends to padding.
    public var isPadded: Bool { false }
    /// The network is complete.
    public func completed(by shape: (_ path: String) -> [Int]?) throws(ConfigurationError) -> Self { self }
    /// The last token.
    public var end: EndToken { .last }
}

/// A step from the pooled vector to the sentence vector in a sentence-transformers model.
public enum VectorModule: Sendable, Equatable {
    /// A linear layer, followed by the hyperbolic tangent or by nothing.
    case dense(inputs: Int, outputs: Int, bias: Bool, isTanh: Bool)
    /// Division by the Euclidean length.
    case normalization

    /// Traces the module, [batch×inputs] → [batch×outputs].
    public func callAsFunction(_ scope: ParameterScope, _ vectors: Tensor) -> Tensor {
        switch self {
        case .dense(let inputs, let outputs, let bias, let isTanh):
            let y = Linear(scope, inputs: inputs, outputs: outputs, bias: bias)(vectors)
            return isTanh ? y.tanh() : y
        case .normalization: return vectors.l2Normalized()
        }
    }
}
