import Synchronization
import Threads

#if canImport(Glibc)
    import Glibc
#endif

/// Prepares batches ahead of need on other threads and hands them out in order.
///
/// The batches are those of `Batch.init`, however many threads there are, so training with a feeder equals training without
/// one. Each batch is prepared in parts, so that the first is there after a moment. Threads that have no batch to prepare
/// sleep; others, that take the processor only when nobody wants it, decode what the coming epoch needs, in its order.
public final class BatchFeeder: Sendable {
    private let work: Work
    private let workers: WorkerThreads
    private let scouts: WorkerThreads

    /// Begins to prepare batches.
    /// - Parameters:
    ///   - pictures: the pictures of the corpus that `sampler` samples.
    ///   - sampler: what chooses.
    ///   - batchSize: pictures a batch, at least as many as there are ranks.
    ///   - firstImage: images seen before, 0 at the start; not necessarily a multiple of the batch size.
    ///   - share: which part of each batch to hand out.
    ///   - threads: how many prepare, and how many decode ahead; as many as there are processors where nil.
    ///   - depth: batches prepared ahead, at least 1.
    public init(
        pictures: PictureStore, sampler: PairSampler, batchSize: Int, firstImage: Int = 0, share: Share = .whole,
        threads: Int? = nil, depth: Int = 4
    ) {
        precondition(batchSize >= share.count && depth > 0, "batches and their queue need a positive size")
        precondition(
            pictures.corpus.examples == sampler.corpus.examples,
            "the sampler must be made from the corpus of the picture store")
        let work = Work(
            pictures: pictures, sampler: sampler, batchSize: batchSize, firstImage: firstImage,
            places: share.places(of: batchSize), depth: depth)
        let count = threads ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        self.work = work
        // They hold the work and not the feeder: releasing the feeder is what ends them.
        workers = WorkerThreads(count: count, niceness: 0) { while let part = work.nextPart() { work.prepare(part) } }
        scouts = WorkerThreads(count: count, niceness: 19) { work.decodeAhead() }
    }

    deinit { stop() }

    /// The next batch; where it is not ready, this thread helps and waits. Must not be called after `stop`.
    /// - Throws: `CorpusError.unreadablePictures` when more pictures are bad than is allowed; so does every later call.
    public func next() throws -> Batch { try work.takeBatch() }

    /// Gives up what is not yet prepared and ends the threads. Releasing the feeder does the same.
    public func stop() {
        work.stop()
        workers.join()
        scouts.join()
    }
}

/// What a feeder and its threads share.
private final class Work: Sendable {
    /// Some pictures of a batch.
    struct Part {
        let batch: Int
        let index: Int
        let pixels: BatchPixels
    }

    /// A batch that is being prepared: what belongs to the pictures of each part, nil where it is not done.
    private struct Draft {
        let pixels: BatchPixels
        var pairs: [[SampledPair]?]
    }

    private struct State {
        /// The part that is prepared next.
        var next = (batch: 0, index: 0)
        /// The batches that were not yet taken, the next first.
        var batches: [Draft] = []
        /// What taken batches have left, to be written again.
        var free: [BatchPixels] = []
        /// How many were taken.
        var taken = 0
        var failure: (any Error)?
        var isStopped = false
    }

    private let pictures: PictureStore
    private let sampler: PairSampler
    private let batchSize: Int
    private let firstImage: Int
    private let depth: Int
    /// The parts of every batch, as places in it.
    private let parts: [Range<Int>]
    private let state: Monitor<State>
    private let isStopped = Atomic(false)
    /// The first batch that no thread prepares yet.
    private let firstAhead = Atomic(0)
    private let nextAhead = Atomic(0)

    /// Pictures a part: few, so that the threads are done with a batch at the same time.
    private static let partSize = 8

    init(
        pictures: PictureStore, sampler: PairSampler, batchSize: Int, firstImage: Int, places: Range<Int>, depth: Int
    ) {
        self.pictures = pictures
        self.sampler = sampler
        self.batchSize = batchSize
        self.firstImage = firstImage
        self.depth = depth
        parts = stride(from: places.lowerBound, to: places.upperBound, by: Work.partSize).map {
            $0..<min($0 + Work.partSize, places.upperBound)
        }
        state = Monitor(State())
    }

    // MARK: In order

    /// Waits for a part to prepare; nil where nothing is to be prepared any more.
    func nextPart() -> Part? {
        state.update { state in hasEnded(state) ? .some(nil) : claim(&state).map(Optional.some) }
    }

    private func hasEnded(_ state: State) -> Bool { state.isStopped || state.failure != nil }

    private func claim(_ state: inout State) -> Part? {
        let (batch, index) = state.next
        guard batch < state.taken + depth else { return nil }
        if index == 0 {
            let pixels = state.free.popLast() ?? BatchPixels(count: parts.reduce(0) { $0 + $1.count } * length)
            state.batches.append(Draft(pixels: pixels, pairs: [[SampledPair]?](repeating: nil, count: parts.count)))
            firstAhead.store(batch + 1, ordering: .relaxed)
        }
        state.next = index + 1 < parts.count ? (batch, index + 1) : (batch + 1, 0)
        return Part(batch: batch, index: index, pixels: state.batches[batch - state.taken].pixels)
    }

    /// Numbers of a picture.
    private var length: Int { pictures.form.side * pictures.form.side * 3 }

    private func positions(_ batch: Int, _ places: Range<Int>) -> Range<Int> {
        let start = firstImage + batch * batchSize
        return start + places.lowerBound..<start + places.upperBound
    }

    func prepare(_ part: Part) {
        let positions = positions(part.batch, parts[part.index])
        let result = Result {
            try Batch.write(
                positions, pictures, sampler, to: part.pixels.start + part.index * Work.partSize * length)
        }
        state.update { state in
            switch result {
            case .success(let pairs): state.batches[part.batch - state.taken].pairs[part.index] = pairs
            case .failure(let error): if state.failure == nil { state.failure = error }
            }
        }
    }

    private enum Step {
        case batch(Int, Draft)
        case part(Part)
        case failure(any Error)
    }

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
            case .batch(let number, let draft):
                let batch = Batch(
                    firstImage: positions(number, parts[0]).lowerBound, images: draft.pixels.copy(),
                    pairs: draft.pairs.flatMap { $0 ?? [] })
                state.update { $0.free.append(draft.pixels) }
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

    // MARK: Ahead

    /// Decodes the pictures of batches that nobody prepares yet, to the end of the coming epoch.
    func decodeAhead() {
        let length = sampler.epochLength
        let end = (firstImage / length + 2) * length
        guard let first = parts.first, let last = parts.last else { return }
        while true {
            // Batches that are prepared by now need no scout.
            let least = firstAhead.load(ordering: .relaxed)
            _ = nextAhead.max(least, ordering: .relaxed)
            let batch = nextAhead.add(1, ordering: .relaxed).oldValue
            let positions = positions(batch, first.lowerBound..<last.upperBound)
            guard positions.lowerBound < end else { return }
            for example in sampler.examples(positions) {
                if isStopped.load(ordering: .relaxed) { return }
                // What is wrong with a picture is told when it is needed, and too many that are wrong by the batches.
                guard (try? pictures.decodeAhead(example)) == true else { return }
            }
        }
    }
}

/// Room for the pictures of a batch, used again and again: to ask for it anew would take longer than to fill it.
///
/// Safe to share though the compiler cannot see it: each part is written by the one thread that has claimed it, and all
/// are read by the one that takes the batch after they were noted as done.
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
