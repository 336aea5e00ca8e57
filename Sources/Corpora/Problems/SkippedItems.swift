/// The rows and images of a corpus that were skipped: counts by kind, and the first ones in detail.
public struct SkippedItems: Sendable, CustomStringConvertible {
    /// Number of each kind.
    public private(set) var counts: [CorpusProblem.Kind: Int] = [:]
    /// The first ones, in the order they were found.
    public private(set) var first: [CorpusProblem] = []
    /// Maximum length of `first`; a corpus may have millions of problems.
    private let limit: Int

    /// - Parameter limit: maximum number of problems kept in `first`.
    public init(keeping limit: Int = 100) { self.limit = limit }

    /// Counts a problem, and keeps it in `first` up to the limit.
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
