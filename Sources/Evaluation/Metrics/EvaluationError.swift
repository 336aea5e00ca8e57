import Basics

/// Why a figure could not be computed.
package enum EvaluationError: ClassifiedError, Equatable {
    package var kind: ErrorKind { .badData }
    /// A set holds fewer elements than the measure is defined for.
    case tooFew(String, found: Int, needed: Int)
    /// Two things that must agree in number do not.
    case mismatch(String, expected: Int, found: Int)
    /// A feature is NaN or infinite.
    case nonFinite(String, row: Int)
    /// A feature row is zero, so that it has no direction and no cosine similarity.
    case zeroRow(String, row: Int)
    /// A number that names a row lies outside its matrix.
    case outOfRange(String, found: Int, count: Int)
    /// The real images do not differ, so that nothing can be said in proportion to them.
    case noSpread(String)
    /// LAPACK did not converge.
    case decomposition(code: Int)

    package var description: String {
        switch self {
        case .tooFew(let what, let found, let needed):
            "too few \(what): \(found) found, at least \(needed) needed; evaluate on more of them"
        case .mismatch(let what, let expected, let found):
            "\(what): expected \(expected), found \(found); both sides must come from the same run of the same network"
        case .nonFinite(let what, let row):
            "\(what): row \(row) holds a NaN or an infinity; check the weights of the network that produced it"
        case .zeroRow(let what, let row):
            "\(what): row \(row) is zero and has no direction; check the weights of the network that produced it"
        case .outOfRange(let what, let found, let count):
            "\(what): \(found) names none of the \(count) there are; count from 0"
        case .noSpread(let what):
            "\(what): all are equal, so that there is no spread to compare with; give different images"
        case .decomposition(let code):
            "eigenvalues of a covariance matrix: LAPACK's dsyevd stopped with code \(code); check the features for outliers"
        }
    }
}
