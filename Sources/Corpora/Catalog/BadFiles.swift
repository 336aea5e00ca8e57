/// How rows and images that cannot be used are treated.
public enum BadFilePolicy: String, Sendable, CaseIterable {
    /// Skip them while they are at most 1 % of the total, else fail; the default.
    case few
    /// Skip any number.
    case skip
    /// Fail at the first.
    case fail

    /// Whether `bad` of `total` are too many.
    package func refuses(_ bad: Int, of total: Int) -> Bool {
        switch self {
        case .few: bad * 100 > total
        case .skip: false
        case .fail: bad > 0
        }
    }
}

/// The rows and images of a corpus that were skipped: counted by kind, the first ones by name.
public struct SkippedItems: Sendable, CustomStringConvertible {
    /// Number of each kind.
    public private(set) var counts: [CorpusProblem.Kind: Int] = [:]
    /// The first ones, in the order they were found.
    public private(set) var first: [CorpusProblem] = []
    /// How many are kept by name; a corpus may have millions.
    private let limit: Int

    /// - Parameter limit: the most that are kept by name.
    public init(keeping limit: Int = 100) { self.limit = limit }

    /// Counts a problem, and keeps it while there are fewer than the limit.
    public mutating func add(_ problem: CorpusProblem) {
        counts[problem.kind, default: 0] += 1
        if first.count < limit { first.append(problem) }
    }

    /// Adds the counts and problems of another.
    public mutating func add(_ other: SkippedItems) {
        first += other.first.prefix(max(0, limit - first.count))
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// The total number.
    public var total: Int { counts.values.reduce(0, +) }

    /// One line: `12 skipped: 7 missing-image, 5 unreadable-image`.
    public var description: String {
        let kinds = CorpusProblem.Kind.allCases.compactMap { kind in counts[kind].map { "\($0) \(kind.rawValue)" } }
        return kinds.isEmpty ? "none skipped" : "\(total) skipped: \(kinds.joined(separator: ", "))"
    }
}
