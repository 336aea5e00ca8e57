/// Which part of every batch is this process's, where several train together.
///
/// The parts of all ranks, one after the other, are the batch of a training that is alone; none overlap.
public struct Share: Sendable, Equatable {
    /// Which of them, counted from 0.
    public let rank: Int
    /// How many there are.
    public let count: Int

    /// - Parameters:
    ///   - rank: `0 ..< count`.
    ///   - count: at least 1.
    public init(rank: Int, of count: Int) {
        precondition(count > 0 && (0..<count).contains(rank), "ranks are counted from 0")
        self.rank = rank
        self.count = count
    }

    /// All of it.
    public static let whole = Share(rank: 0, of: 1)

    /// The places of this rank in a batch of `size`; none where there are more ranks than places.
    public func places(of size: Int) -> Range<Int> { size * rank / count..<size * (rank + 1) / count }
}
