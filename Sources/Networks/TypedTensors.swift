import Basics
import Graphs

/// Sentence vectors of unit length, [batch×width]: the output of a text encoder and the condition of other networks.
public struct TextEmbedding {
    /// [batch×width].
    public let tensor: Tensor
    /// Marks a tensor [batch×width] as sentence vectors.
    public init(_ tensor: Tensor) { self.tensor = tensor }

    /// The vectors times √width, [batch×width]: elements of a unit vector are small compared with normalized features.
    var scaled: Tensor { tensor * Float(tensor.shape[1]).squareRoot() }
}

/// Images, [batch, height, width, 3], each value in −1…1.
public struct ImageBatch {
    /// [batch, height, width, 3].
    public let tensor: Tensor
    /// Marks a tensor [batch, height, width, 3] as images.
    public init(_ tensor: Tensor) { self.tensor = tensor }
}

/// Logits of one head of a discriminator, [batch×n]; high means real and matching. n is 1, or the number of patches that the head
/// scores.
public struct Logits {
    /// [batch×n].
    public let tensor: Tensor
    /// Marks a tensor [batch×n] as logits.
    public init(_ tensor: Tensor) { self.tensor = tensor }
}

/// A configuration value from which no network can be built.
public struct ConfigurationError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .usage }
    /// The invalid key, such as `generator.width`.
    public let key: String
    /// What was found and what is expected.
    public let problem: String
    /// One line: the key and the problem.
    public var description: String { "\(key): \(problem)" }

    /// An error with the invalid key and the problem with its value.
    public init(key: String, problem: String) {
        self.key = key
        self.problem = problem
    }

    /// Throws unless `value` is in `range`.
    package static func check(_ key: String, _ value: Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
        guard range.contains(value) else {
            throw ConfigurationError(
                key: key, problem: "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// Throws unless `side` is a multiple of 16 from 16 to 512.
    package static func checkSide(_ key: String, _ side: Int) throws(ConfigurationError) {
        guard side.isMultiple(of: 16), (16...512).contains(side) else {
            throw ConfigurationError(key: key, problem: "is \(side), expected a multiple of 16 from 16 to 512")
        }
    }
}
