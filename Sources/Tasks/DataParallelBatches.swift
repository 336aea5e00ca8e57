import Corpora
import Execution
import Training

extension Communicator {
    /// The part of every batch whose images this rank reads.
    var shard: BatchShard { BatchShard(rank: rank, worldSize: size) }
}

extension Batch {
    /// The whole batch, given each rank's part. Which captions belong to it is known only after the images were read, since an
    /// image that cannot be is replaced.
    func joined(over ranks: any Communicator) throws -> Batch {
        guard ranks.size > 1 else { return self }
        let parts = try ranks.gather(zip(captions, mismatches).map { ($0, $1) })
        let before = parts[..<ranks.rank].reduce(0) { $0 + $1.count }
        return Batch(
            firstImage: firstImage - before, images: images, rows: before..<before + count,
            captions: parts.flatMap { $0.map(\.0) }, mismatches: parts.flatMap { $0.map(\.1) })
    }
}
