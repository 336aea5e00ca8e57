import Dispatch
import Synchronization

/// Prepares batches ahead of need on another thread and hands them out in order.
///
/// The batches are those of `Batch.init`, so training with a feeder equals training without one. When all are
/// prepared that may be, nothing runs: each batch taken asks for one more.
public final class BatchFeeder: Sendable {
    private let work: Work
    private let queue = DispatchQueue(label: "limn.batches", qos: .userInitiated)

    /// Begins to prepare batches.
    /// - Parameters:
    ///   - pictures: the decoded pictures of the corpus that `sampler` samples.
    ///   - sampler: what chooses.
    ///   - batchSize: pictures a batch, at least 1.
    ///   - firstImage: images seen before, 0 at the start; not necessarily a multiple of the batch size.
    ///   - depth: batches prepared ahead, at least 1.
    public init(pictures: PictureStore, sampler: PairSampler, batchSize: Int, firstImage: Int = 0, depth: Int = 4) {
        precondition(batchSize > 0 && depth > 0, "batches and their queue need a positive size")
        work = Work(pictures: pictures, sampler: sampler, batchSize: batchSize, firstImage: firstImage)
        for _ in 0..<depth { prepareOneMore() }
    }

    deinit { stop() }

    /// The next batch; waits for it where it is not ready. Must not be called after `stop`.
    public func next() -> Batch {
        let batch = work.take()
        prepareOneMore()
        return batch
    }

    /// Gives up what is not yet prepared. Releasing the feeder does the same.
    public func stop() { work.state.withLock { $0.stopped = true } }

    private func prepareOneMore() {
        // Holds the work and not the feeder: releasing the feeder is what ends it.
        queue.async { [work] in work.prepare() }
    }

    /// What feeder and queue share; one serial queue prepares, so that batches come in order.
    private final class Work: Sendable {
        struct State {
            var ready: [Batch] = []
            var nextImage: Int
            var stopped = false
        }

        let pictures: PictureStore
        let sampler: PairSampler
        let batchSize: Int
        let state: Mutex<State>
        let filled = DispatchSemaphore(value: 0)

        init(pictures: PictureStore, sampler: PairSampler, batchSize: Int, firstImage: Int) {
            self.pictures = pictures
            self.sampler = sampler
            self.batchSize = batchSize
            state = Mutex(State(nextImage: firstImage))
        }

        func prepare() {
            guard let firstImage = state.withLock({ $0.stopped ? nil : $0.nextImage }) else { return }
            let batch = Batch(pictures: pictures, sampler: sampler, firstImage: firstImage, size: batchSize)
            state.withLock {
                $0.ready.append(batch)
                $0.nextImage += batchSize
            }
            filled.signal()
        }

        func take() -> Batch {
            precondition(!state.withLock { $0.stopped }, "a stopped feeder has no next batch")
            filled.wait()
            return state.withLock { $0.ready.removeFirst() }
        }
    }
}
