/// What becomes of rows and pictures that cannot be used.
public enum BadFiles: String, Sendable, CaseIterable {
    /// Leave them out while they are at most one in a hundred; beyond that, stop. The default where nothing is said.
    case few
    /// Leave them out however many they are.
    case skip
    /// Stop at the first.
    case fail

    /// Whether `bad` of `total` stop what is going on.
    package func refuses(_ bad: Int, of total: Int) -> Bool {
        switch self {
        case .few: bad * 100 > total
        case .skip: false
        case .fail: bad > 0
        }
    }
}

/// What was left out of a corpus: counted by kind, the first few by name.
public struct LeftOut: Sendable, CustomStringConvertible {
    /// How many of each kind.
    public private(set) var counts: [CorpusProblem.Kind: Int] = [:]
    /// The first of them, in the order they were met.
    public private(set) var first: [CorpusProblem] = []
    /// How many are kept by name: a corpus may be wrong a million times over.
    private let limit: Int

    /// - Parameter limit: how many are kept by name.
    public init(keeping limit: Int = 100) { self.limit = limit }

    /// Counts one more, and keeps it where there is room.
    public mutating func add(_ problem: CorpusProblem) {
        counts[problem.kind, default: 0] += 1
        if first.count < limit { first.append(problem) }
    }

    /// Counts all that another has counted.
    public mutating func add(_ other: LeftOut) {
        first += other.first.prefix(max(0, limit - first.count))
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// Number of all.
    public var total: Int { counts.values.reduce(0, +) }

    /// One line: `12 left out: 7 missing-picture, 5 unreadable-picture`.
    public var description: String {
        let kinds = CorpusProblem.Kind.allCases.compactMap { kind in counts[kind].map { "\($0) \(kind.rawValue)" } }
        return kinds.isEmpty ? "none left out" : "\(total) left out: \(kinds.joined(separator: ", "))"
    }
}
