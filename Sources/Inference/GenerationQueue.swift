/// The images that wait in a `GenerationService`, call by call.
package struct GenerationQueue: Sendable {
    /// One caller's images.
    package struct Call: Sendable {
        package let model: Int
        let requests: [GenerationRequest]
        let continuation: AsyncThrowingStream<GenerationService.Result, any Error>.Continuation
        /// Requests that were taken into a batch, and images that were delivered.
        fileprivate(set) var taken = 0
        fileprivate(set) var delivered = 0

        package init(
            model: Int, requests: [GenerationRequest],
            continuation: AsyncThrowingStream<GenerationService.Result, any Error>.Continuation
        ) {
            (self.model, self.requests, self.continuation) = (model, requests, continuation)
        }
    }

    /// Images of one model that are generated together.
    package struct Batch: Sendable {
        package struct Member: Sendable {
            package let call: Int
            /// The position of the request in its call.
            package let index: Int
            package let request: GenerationRequest
        }
        package let model: Int
        package fileprivate(set) var members: [Member] = []
    }

    private var calls: [Int: Call] = [:]
    /// Calls with images that are not yet in a batch; the first is served next.
    private var order: [Int] = []
    private var nextID = 0

    package init() {}

    /// Images that are neither delivered nor cancelled.
    package private(set) var pending = 0
    /// Whether no further calls are accepted, and the service ends when none is left.
    package var isStopping = false
    package private(set) var counts = GenerationService.Counts()
    /// Recent speed of generation; 0 before the first batch.
    package private(set) var imagesPerSecond = 0.0

    package var isEmpty: Bool { calls.isEmpty }

    /// Adds a call with at least one request.
    /// - Returns: its number, for `cancel`.
    package mutating func add(_ call: Call) -> Int {
        let id = nextID
        nextID += 1
        calls[id] = call
        order.append(id)
        pending += call.requests.count
        return id
    }

    /// Forgets a call, if it is still there.
    package mutating func cancel(_ id: Int) {
        guard let call = calls.removeValue(forKey: id) else { return }
        order.removeAll { $0 == id }
        pending -= call.requests.count - call.delivered
    }

    /// Takes up to `size` images of one model, one of each call in turn; nil if none waits.
    package mutating func nextBatch(_ size: Int) -> Batch? {
        guard let first = order.first, let model = calls[first]?.model else { return nil }
        var batch = Batch(model: model)
        var isTaking = true
        while isTaking && batch.members.count < size {
            isTaking = false
            // Calls that have had a turn go behind those that have not.
            for id in order where batch.members.count < size {
                guard var call = calls[id], call.model == model else { continue }
                batch.members.append(
                    Batch.Member(call: id, index: call.taken, request: call.requests[call.taken]))
                call.taken += 1
                calls[id] = call
                order.removeAll { $0 == id }
                if call.taken < call.requests.count { order.append(id) }
                isTaking = true
            }
        }
        return batch
    }

    /// Notes that the images of a batch are ready.
    /// - Returns: where each goes, and whether it is the last of its call; nil for cancelled calls.
    package mutating func finish(
        _ batch: Batch, after duration: Duration
    ) -> [(continuation: AsyncThrowingStream<GenerationService.Result, any Error>.Continuation, isLast: Bool)?] {
        let rate = Double(batch.members.count) / max(duration / .seconds(1), 1e-6)
        imagesPerSecond = imagesPerSecond == 0 ? rate : 0.8 * imagesPerSecond + 0.2 * rate
        counts.images += batch.members.count
        counts.batches += 1
        return batch.members.map { member in
            guard var call = calls[member.call] else { return nil }
            call.delivered += 1
            pending -= 1
            let isLast = call.delivered == call.requests.count
            calls[member.call] = isLast ? nil : call
            return (call.continuation, isLast)
        }
    }

    /// Removes the calls of a batch that failed.
    package mutating func fail(_ batch: Batch) -> [AsyncThrowingStream<GenerationService.Result, any Error>
        .Continuation]
    {
        let failed = Set(batch.members.map(\.call))
        let continuations = failed.compactMap { calls[$0]?.continuation }
        for id in failed { cancel(id) }
        return continuations
    }
}
