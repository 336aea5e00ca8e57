import Execution
import Synchronization

/// The mean of a run's gradients over all shards of all ranks, computed while the run still computes other gradients.
///
/// Gradients are exchanged in buckets, each as soon as all shards of this rank have written it, and are sent while others are computed
/// (Li et al. 2020, PyTorch Distributed, section 3.2.3); `Outputs.largeWritesFirst` leaves small ones to the end. All ranks run the
/// same program, so their buckets are the same and in the same order.
package final class GradientReduction: WriteObserver {
    /// Ranges of the gradient buffers that are exchanged together.
    private struct Bucket {
        var ranges: [Range<Int>] = []
        /// The number of writes after which it is complete.
        var end = 0
        var count: Int { ranges.reduce(0) { $0 + $1.count } }
    }

    private struct State {
        /// Writes that each shard has made.
        var written: [Int]
        var pending: [any PendingMean] = []
    }

    private let gradients: Gradients
    private let ranks: any Communicator
    private let buckets: [Bucket]
    private let writes: Int
    private let state: Mutex<State>

    /// Values per bucket, at least, except in the last: 1 MiB, of which the latency of a message is a small part.
    private static let bucketLength = 1 << 18

    /// - Parameters:
    ///   - gradients: one buffer for each shard of this rank; the mean is written to the first.
    ///   - writes: the ranges that each shard writes, in order.
    init(_ gradients: [any Buffer], writes: [Range<Int>], ranks: any Communicator) {
        self.gradients = Gradients(buffers: gradients)
        self.ranks = ranks
        self.writes = writes.count
        var buckets = [Bucket()]
        for (index, range) in writes.enumerated() {
            if buckets[buckets.count - 1].count >= Self.bucketLength { buckets.append(Bucket()) }
            buckets[buckets.count - 1].ranges.append(range)
            buckets[buckets.count - 1].end = index + 1
        }
        self.buckets = buckets
        state = Mutex(State(written: [Int](repeating: 0, count: gradients.count)))
    }

    package func wrote(shard: Int) {
        // Buckets are started under the lock, so that their order does not depend on which shard is ahead.
        state.withLock { state in
            state.written[shard] += 1
            let complete = state.written.min() ?? 0
            while state.pending.count < buckets.count, buckets[state.pending.count].end <= complete {
                let ranges = buckets[state.pending.count].ranges
                state.pending.append(
                    ranks.startMean(of: { [gradients] in gradients.mean(ranges) }) { [gradients] in
                        gradients.replace(ranges, by: $0)
                    })
            }
        }
    }

    /// Waits until the means of all buckets are in the first shard's buffer.
    func finish() throws {
        let pending = state.withLock { state in
            precondition(state.written.allSatisfy { $0 == writes }, "gradients are averaged before they were computed")
            return state.pending
        }
        for mean in pending { try mean.finish() }
    }

    /// `@unchecked Sendable` is safe: another thread reads and replaces ranges that all shards have written, which no other thread
    /// touches until `finish` has waited for it.
    private struct Gradients: @unchecked Sendable {
        let buffers: [any Buffer]

        /// The mean over the shards, range after range.
        func mean(_ ranges: [Range<Int>]) -> [Float] {
            ranges.count == 1 ? mean(ranges[0]) : ranges.flatMap { mean($0) }
        }

        private func mean(_ range: Range<Int>) -> [Float] {
            var sum = buffers[0].read(range)
            guard buffers.count > 1 else { return sum }
            for buffer in buffers.dropFirst() {
                for (index, value) in buffer.read(range).enumerated() { sum[index] += value }
            }
            let scale = 1 / Float(buffers.count)
            for index in sum.indices { sum[index] *= scale }
            return sum
        }

        /// Replaces the values of the first shard, range after range.
        func replace(_ ranges: [Range<Int>], by values: [Float]) {
            var start = 0
            for range in ranges {
                let part = ranges.count == 1 ? values : Array(values[start..<start + range.count])
                buffers[0].write(part, at: range.lowerBound)
                start += range.count
            }
        }
    }
}
