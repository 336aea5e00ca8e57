/// How rows and images that cannot be used are treated.
public enum BadFilePolicy: String, Sendable, CaseIterable {
    /// Skip them while they are at most 1 % of the total, else fail; the default. The command line calls it `limit`.
    case limited = "limit"
    /// Skip any number.
    case skip
    /// Fail at the first.
    case fail

    /// Whether `bad` unusable rows or images of `total` are too many.
    package func refuses(_ bad: Int, of total: Int) -> Bool {
        switch self {
        case .limited: bad * 100 > total
        case .skip: false
        case .fail: bad > 0
        }
    }
}
