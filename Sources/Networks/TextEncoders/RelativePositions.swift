import Execution
import Glibc
import Graphs
import Layers

/// The relative position biases of Raffel et al. 2020, "T5": each head adds to its scores a learned number that depends on
/// how far the attended token is after or before the attending one. Distances share numbers in buckets: half of the
/// buckets are for tokens after, and in each half, half of the buckets are for one distance each and the others for
/// logarithmically growing ranges.
struct RelativePositionBias {
    private let table: Embedding
    private let heads: Int
    private let buckets: Int
    private let farthest: Int

    /// - Parameters:
    ///   - rows: number of rows of the table; nil is `buckets`.
    ///   - buckets: number of buckets, at least 4.
    ///   - farthest: the distance from which on all share the last bucket; more than a quarter of `buckets`.
    init(_ scope: ParameterScope, heads: Int, rows: Int? = nil, buckets: Int, farthest: Int) {
        table = Embedding(scope, count: rows ?? buckets, width: heads)
        self.heads = heads
        self.buckets = buckets
        self.farthest = farthest
    }

    /// The biases, [1 × heads × length × length].
    func callAsFunction(_ sentences: SentenceInputs) -> Tensor {
        let length = sentences.length
        let indices = sentences.input(
            "buckets",
            .distances { [buckets, farthest] in Int32(Self.bucket(of: $0, count: buckets, farthest: farthest)) })
        // [length·length] → [length·length × heads] → [heads × length × length]
        let rows = table(indices)
        return rows.reshaped([length, length, heads]).transposed([2, 0, 1]).reshaped([1, heads, length, length])
    }

    /// The bucket of a distance, in float32 as in the original, since some distances are at the edge of their bucket.
    static func bucket(of distance: Int, count: Int, farthest: Int) -> Int {
        let half = count / 2
        let exact = half / 2
        let first = distance > 0 ? half : 0
        let distance = abs(distance)
        guard distance >= exact else { return first + distance }
        let share = logf(Float(distance) / Float(exact)) / Float(log(Double(farthest) / Double(exact)))
        return first + min(exact + Int(share * Float(half - exact)), half - 1)
    }
}
