import Basics

/// Why a measure could not be computed.
public enum EvaluationError: ClassifiedError, Equatable {
    /// A set holds fewer elements than the measure is defined for.
    case tooFew(String, found: Int, needed: Int)
    /// Two counts that must agree differ.
    case mismatch(String, expected: Int, found: Int)
    /// A feature is NaN or infinite.
    case nonFinite(String, row: Int)
    /// A feature row is zero, so its cosine similarity is undefined.
    case zeroRow(String, row: Int)
    /// An index is outside its matrix.
    case outOfRange(String, found: Int, count: Int)
    /// All real images are equal, so that ratios to their distances are undefined.
    case noSpread(String)
    /// LAPACK did not converge.
    case decomposition(code: Int)

    /// The kind of failure.
    public var kind: ErrorKind { .badData }

    /// One line: what was found, what is needed, and what to do.
    public var description: String {
        switch self {
        case .tooFew(let what, let found, let needed):
            "too few \(what): \(found) found, at least \(needed) needed; evaluate on more of them"
        case .mismatch(let what, let expected, let found):
            "\(what): expected \(expected), found \(found); both sides must come from the same run of the same network"
        case .nonFinite(let what, let row):
            "\(what): row \(row) contains NaN or infinity; check the weights of the network that produced it"
        case .zeroRow(let what, let row):
            "\(what): row \(row) is zero, so its cosine similarity is undefined; check the weights of the network that produced it"
        case .outOfRange(let what, let found, let count):
            "\(what): index \(found) is outside 0..<\(count)"
        case .noSpread(let what):
            "\(what): all are equal, so there is no distance to compare with; use different images"
        case .decomposition(let code):
            "eigenvalues of a covariance matrix: LAPACK's dsyevd stopped with code \(code); check the features for outliers"
        }
    }
}
