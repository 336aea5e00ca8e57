/// The part of every batch that one of several data-parallel processes receives.
///
/// Concatenated in the order of ranks, the shards are the batch of single-process training; they do not overlap.
public struct BatchShard: Sendable, Equatable {
    /// Index of the process, counted from 0.
    public let rank: Int
    /// Number of processes.
    public let count: Int

    /// - Parameters:
    ///   - rank: `0 ..< count`.
    ///   - count: at least 1.
    public init(rank: Int, of count: Int) {
        precondition(count > 0 && (0..<count).contains(rank), "ranks are counted from 0")
        self.rank = rank
        self.count = count
    }

    /// The whole batch.
    public static let whole = BatchShard(rank: 0, of: 1)

    /// The positions of this rank in a batch of `size`; empty where there are more ranks than positions.
    public func places(of size: Int) -> Range<Int> { size * rank / count..<size * (rank + 1) / count }
}
