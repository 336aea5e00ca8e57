/// The equal parts that a batch is divided into, and those of them that this process computes.
public struct Shards: Sendable, Equatable {
    /// The number of all parts, over all processes that train together.
    public let total: Int
    /// The parts of this process.
    public let own: Range<Int>

    /// All parts of a batch in this process.
    public init(_ total: Int) { self.init(total: total, own: 0..<total) }

    /// - Parameters:
    ///   - total: at least 1.
    ///   - own: not empty, within `0..<total`.
    public init(total: Int, own: Range<Int>) {
        precondition(!own.isEmpty && own.lowerBound >= 0 && own.upperBound <= total, "shards \(own) of \(total)")
        self.total = total
        self.own = own
    }
}
