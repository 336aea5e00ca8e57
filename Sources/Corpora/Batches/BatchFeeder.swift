import FoundationEssentials
import Synchronization
import Threads

/// Prepares batches ahead of need on worker threads and returns them in order.
///
/// The batches equal those of `Batch.init` for any number of threads, so training with a feeder equals training without
/// one. Several workers prepare parts of the same batch, so that the first batch is ready soon. Prefetch threads of the
/// lowest priority decode the images of the current and the next epoch in their order.
public final class BatchFeeder: Sendable {
    private let queue: BatchQueue
    private let workers: WorkerThreads
    private let prefetchers: WorkerThreads

    /// Starts to prepare batches.
    /// - Parameters:
    ///   - store: the images of the corpus that `sampler` samples.
    ///   - sampler: chooses images and captions.
    ///   - batchSize: number of images in a batch over all ranks, at least one per rank.
    ///   - firstImage: number of images seen before, 0 at the start; need not be a multiple of the batch size.
    ///   - shard: the part of each batch that this process receives.
    ///   - threads: number of workers and, again, of prefetch threads; nil is the number of processors that the process may use.
    ///   - depth: number of batches prepared ahead, at least 1.
    public init(
        images store: ImageStore, sampler: PairSampler, batchSize: Int, firstImage: Int = 0,
        shard: BatchShard = .whole, threads: Int? = nil, depth: Int = 4
    ) {
        precondition(batchSize >= shard.worldSize && depth > 0, "batches and their queue need a positive size")
        precondition(
            store.corpus.examples == sampler.corpus.examples,
            "the sampler must be made from the corpus of the image store")
        let queue = BatchQueue(
            store: store, sampler: sampler, batchSize: batchSize, firstImage: firstImage,
            positions: shard.positions(of: batchSize), depth: depth)
        let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
        self.queue = queue
        // The threads retain the queue but not the feeder, so that releasing the feeder ends them.
        workers = WorkerThreads(count: count, niceness: 0) { while let part = queue.nextPart() { queue.prepare(part) } }
        prefetchers = WorkerThreads(count: count, niceness: 19) { queue.prefetch() }
    }

    deinit { stop() }

    /// Returns the next batch. If it is not ready, the calling thread helps to prepare it. Must not be called after
    /// `stop`.
    /// - Throws: `CorpusError.unreadableImages` when more images fail to decode than is allowed; all later calls throw,
    ///   too.
    public func next() throws -> Batch { try queue.takeBatch() }

    /// Discards unfinished batches and ends the threads. Releasing the feeder does the same.
    public func stop() {
        queue.stop()
        workers.join()
        prefetchers.join()
    }
}

/// The batches in preparation, shared by a feeder and its threads.
private final class BatchQueue: Sendable {
    /// Consecutive images of a batch, which one thread prepares.
    struct Part {
        let batch: Int
        let index: Int
        let pixels: BatchPixels
    }

    /// A batch in preparation. `pairs` holds the sampled pairs of each part, nil for unfinished parts.
    private struct PartialBatch {
        let pixels: BatchPixels
        var pairs: [[SampledPair]?]
    }

    private struct State {
        /// The next part to prepare.
        var next = (batch: 0, index: 0)
        /// Batches not taken yet, in order.
        var batches: [PartialBatch] = []
        /// Buffers of taken batches, for reuse.
        var free: [BatchPixels] = []
        /// Number of batches taken.
        var taken = 0
        var failure: (any Error)?
        var isStopped = false
    }

    private let store: ImageStore
    private let sampler: PairSampler
    private let batchSize: Int
    private let firstImage: Int
    private let depth: Int
    /// The parts of every batch, as ranges of positions in the batch.
    private let parts: [Range<Int>]
    private let state: Monitor<State>
    private let isStopped = Atomic(false)
    /// The first batch that no worker has begun.
    private let firstUnclaimed = Atomic(0)
    private let nextPrefetched = Atomic(0)

    /// Number of images in a part. Small, so that all threads finish a batch at about the same time.
    private static let partSize = 8

    init(
        store: ImageStore, sampler: PairSampler, batchSize: Int, firstImage: Int, positions: Range<Int>, depth: Int
    ) {
        self.store = store
        self.sampler = sampler
        self.batchSize = batchSize
        self.firstImage = firstImage
        self.depth = depth
        parts = stride(from: positions.lowerBound, to: positions.upperBound, by: BatchQueue.partSize).map {
            $0..<min($0 + BatchQueue.partSize, positions.upperBound)
        }
        state = Monitor(State())
    }

    // MARK: Preparing

    /// Waits for a part to prepare; nil once the feeder was stopped or has failed.
    func nextPart() -> Part? {
        state.update { state in hasEnded(state) ? .some(nil) : claim(&state).map(Optional.some) }
    }

    private func hasEnded(_ state: State) -> Bool { state.isStopped || state.failure != nil }

    private func claim(_ state: inout State) -> Part? {
        let (batch, index) = state.next
        guard batch < state.taken + depth else { return nil }
        if index == 0 {
            let pixels = state.free.popLast() ?? BatchPixels(count: parts.reduce(0) { $0 + $1.count } * length)
            let pairs = [[SampledPair]?](repeating: nil, count: parts.count)
            state.batches.append(PartialBatch(pixels: pixels, pairs: pairs))
            firstUnclaimed.store(batch + 1, ordering: .relaxed)
        }
        state.next = index + 1 < parts.count ? (batch, index + 1) : (batch + 1, 0)
        return Part(batch: batch, index: index, pixels: state.batches[batch - state.taken].pixels)
    }

    /// Values per image.
    private var length: Int { store.preprocessing.side * store.preprocessing.side * 3 }

    /// Positions in training of a range of positions in a batch.
    private func positions(_ batch: Int, _ range: Range<Int>) -> Range<Int> {
        let start = firstImage + batch * batchSize
        return start + range.lowerBound..<start + range.upperBound
    }

    /// Prepares a part and records the outcome.
    func prepare(_ part: Part) {
        let positions = positions(part.batch, parts[part.index])
        let result = Result {
            try Batch.write(
                positions, store, sampler, to: part.pixels.start + part.index * BatchQueue.partSize * length)
        }
        state.update { state in
            switch result {
            case .success(let pairs): state.batches[part.batch - state.taken].pairs[part.index] = pairs
            case .failure(let error): if state.failure == nil { state.failure = error }
            }
        }
    }

    private enum Step {
        case batch(Int, PartialBatch)
        case part(Part)
        case failure(any Error)
    }

    /// Removes the first batch, once it is complete; meanwhile prepares parts.
    func takeBatch() throws -> Batch {
        while true {
            let step: Step = state.update { state in
                precondition(!state.isStopped, "a stopped feeder has no next batch")
                if let failure = state.failure { return .failure(failure) }
                if let first = state.batches.first, !first.pairs.contains(where: { $0 == nil }) {
                    state.batches.removeFirst()
                    state.taken += 1
                    return .batch(state.taken - 1, first)
                }
                return claim(&state).map(Step.part)
            }
            switch step {
            case .batch(let number, let partial):
                let batch = Batch(
                    firstImage: positions(number, parts[0]).lowerBound, images: partial.pixels.copy(),
                    pairs: partial.pairs.flatMap { $0 ?? [] })
                state.update { $0.free.append(partial.pixels) }
                return batch
            case .part(let part): prepare(part)
            case .failure(let error): throw error
            }
        }
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        state.update { $0.isStopped = true }
    }

    // MARK: Prefetching

    /// Decodes the images of batches that no worker has begun, up to the end of the next epoch.
    func prefetch() {
        let length = sampler.epochLength
        let end = (firstImage / length + 2) * length
        guard let first = parts.first, let last = parts.last else { return }
        while true {
            // Skip batches that workers have begun.
            let least = firstUnclaimed.load(ordering: .relaxed)
            _ = nextPrefetched.max(least, ordering: .relaxed)
            let batch = nextPrefetched.add(1, ordering: .relaxed).oldValue
            let positions = positions(batch, first.lowerBound..<last.upperBound)
            guard positions.lowerBound < end else { return }
            for example in sampler.examples(positions) {
                if isStopped.load(ordering: .relaxed) { return }
                // Images that fail to decode are reported when a batch needs them.
                guard (try? store.prefetch(example)) == true else { return }
            }
        }
    }
}

/// A buffer for the images of a batch, reused because allocating one takes longer than filling it.
///
/// `@unchecked Sendable` is safe: each part is written by the one thread that claimed it, and read by the thread that
/// takes the batch, after all parts were marked as done.
private final class BatchPixels: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>
    private let count: Int

    init(count: Int) {
        self.count = count
        start = .allocate(capacity: count)
    }

    deinit { start.deallocate() }

    func copy() -> [Float] { Array(UnsafeBufferPointer(start: start, count: count)) }
}
