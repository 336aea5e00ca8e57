/// The part of every batch that one of several data-parallel processes receives.
///
/// Concatenated in the order of ranks, the shards are the batch of single-process training; they do not overlap.
public struct BatchShard: Sendable, Equatable {
    /// Index of the process, counted from 0.
    public let rank: Int
    /// Number of processes.
    public let worldSize: Int

    /// - Parameters:
    ///   - rank: `0 ..< worldSize`.
    ///   - worldSize: at least 1.
    public init(rank: Int, worldSize: Int) {
        precondition(worldSize > 0 && (0..<worldSize).contains(rank), "ranks are counted from 0")
        self.rank = rank
        self.worldSize = worldSize
    }

    /// The whole batch.
    public static let whole = BatchShard(rank: 0, worldSize: 1)

    /// The positions of this rank's images in a batch of `size` images; may be empty if there are more ranks than
    /// images.
    public func positions(of size: Int) -> Range<Int> { size * rank / worldSize..<size * (rank + 1) / worldSize }
}
