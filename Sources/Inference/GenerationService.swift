import Execution
import Images
import Models
import Threads

/// Generates images for many callers at once, with models that stay in memory.
///
/// One thread owns the device and the generators. Whenever it is free it takes up to `ImageGenerator.largestBatch` waiting images of
/// one model, one of each call in turn, so that a caller who wants many does not delay one who wants a single image. Images that
/// arrive meanwhile wait for the next batch; nothing waits for a batch to fill.
public final class GenerationService: Sendable {
    /// A model to load.
    public struct Source: Sendable {
        let id: String
        let model: Model
        let encoder: String?

        /// - Parameters:
        ///   - id: the name by which callers select it; unique among the models of a service.
        ///   - encoder: the folder of the pretrained encoder that the model refers to; see `SentenceEmbedder.init`.
        public init(id: String, model: Model, encoder: String? = nil) {
            (self.id, self.model, self.encoder) = (id, model, encoder)
        }
    }

    /// A model in memory.
    public struct LoadedModel: Sendable {
        /// The name by which callers select it.
        public let id: String
        /// Width and height of its images in pixels.
        public let side: Int
        /// The most tokens of a prompt, start and end excluded.
        public let promptTokens: Int
        /// The model card in Markdown; nil if the file has none.
        public let card: String?
    }

    /// The queue is full.
    public struct Busy: Error, Sendable {
        /// After about how many seconds there is room.
        public let retryAfter: Int
    }

    /// One image of a call.
    public struct Result: Sendable {
        /// The position of its request in the call.
        public let index: Int
        /// The image, of the model's size.
        public let image: Image
        /// The number of tokens at the end of the prompt that the model did not read; of two prompts, the larger number.
        public let ignoredTokens: Int
    }

    /// What the service has done since it started.
    public struct Counts: Sendable {
        /// Images generated.
        public internal(set) var images = 0
        /// Batches run.
        public internal(set) var batches = 0
    }

    /// The models, in the order in which they were given.
    public let models: [LoadedModel]
    private let queue: Monitor<GenerationQueue>
    private let thread: WorkerThreads
    private let capacity: Int

    /// Loads models and starts the thread.
    /// - Parameters:
    ///   - capacity: the most images that may wait; calls beyond are refused with `Busy`.
    ///   - device: opens the device; called on the service's own thread.
    /// - Throws: `ModelError` of a model that cannot be used, `ExecutionError` of the device or without a thread.
    public init(
        _ sources: [Source], capacity: Int, device: @escaping @Sendable () throws -> any Device
    ) throws {
        let queue = Monitor(GenerationQueue())
        let loading = Monitor(Swift.Result<[LoadedModel], any Error>?.none)
        // The thread takes the models, whose arrays are not needed any more when the device has them.
        let given = Monitor(sources)
        thread = WorkerThreads(count: 1, niceness: 0) {
            do {
                let sources = given.update(when: { sources -> [Source]? in
                    defer { sources = [] }
                    return sources
                })
                let device = try device()
                let generators = try sources.map { try ImageGenerator($0.model, device: device, encoder: $0.encoder) }
                let models = zip(sources, generators).map { source, generator in
                    LoadedModel(
                        id: source.id, side: generator.side, promptTokens: generator.promptTokens,
                        card: source.model.card)
                }
                loading.update { $0 = .success(models) }
                GenerationService.serve(queue, generators)
            } catch {
                loading.update { $0 = .failure(error) }
            }
        }
        guard !thread.isEmpty else {
            throw ExecutionError.noThread
        }
        do {
            models = try loading.update(when: { $0 }).get()
        } catch {
            thread.join()
            throw error
        }
        (self.queue, self.capacity) = (queue, capacity)
    }

    deinit { stop() }

    /// The images of `requests` as they become ready. Those that have not begun are cancelled when the stream is released, or the
    /// task that iterates it is cancelled.
    /// - Parameter model: an index of `models`.
    /// - Throws: `Busy` if more images would wait than the service's capacity, or it is stopping. The stream throws `ModelError` if
    ///   the model's weights give values that are not finite.
    public func images(
        _ requests: [GenerationRequest], model: Int
    ) throws(Busy) -> AsyncThrowingStream<Result, any Error> {
        let (stream, continuation) = AsyncThrowingStream<Result, any Error>.makeStream()
        guard !requests.isEmpty else {
            continuation.finish()
            return stream
        }
        var refusal: Busy?
        queue.update { [queue, capacity] waiting in
            guard !waiting.isStopping, waiting.pending + requests.count <= capacity else {
                let seconds = Double(waiting.pending) / max(waiting.imagesPerSecond, 1)
                refusal = Busy(retryAfter: max(1, Int(seconds.rounded(.up))))
                return
            }
            let id = waiting.add(
                GenerationQueue.Call(model: model, requests: requests, continuation: continuation))
            continuation.onTermination = { _ in queue.update { $0.cancel(id) } }
        }
        if let refusal { throw refusal }
        return stream
    }

    /// Images that wait or are being generated.
    public var pending: Int { queue.update(when: { $0.pending }) }

    /// Recent speed of generation; 0 before the first batch.
    public var imagesPerSecond: Double { queue.update(when: { $0.imagesPerSecond }) }

    /// What the service has done so far.
    public var counts: Counts { queue.update(when: { $0.counts }) }

    /// Refuses further calls, and returns when all images that wait are generated. Releasing the service does the same.
    public func stop() {
        queue.update { $0.isStopping = true }
        thread.join()
    }

    // MARK: The thread

    private static func serve(_ queue: Monitor<GenerationQueue>, _ generators: [ImageGenerator]) {
        let clock = ContinuousClock()
        while true {
            // nil ends the thread.
            let batch: GenerationQueue.Batch?? = queue.update(when: { waiting in
                if let batch = waiting.nextBatch(ImageGenerator.largestBatch) { return .some(batch) }
                return waiting.isStopping ? .some(nil) : nil
            })
            guard case .some(.some(let batch)) = batch else { return }
            do {
                let begin = clock.now
                let generator = generators[batch.model]
                let images = try generator.generate(batch.members.map(\.request))
                let ignored = batch.members.map { generator.ignoredTokens(of: $0.request) }
                let duration = begin.duration(to: clock.now)
                // Continuations are called without the lock: their handlers take it.
                let receivers = queue.update(when: { $0.finish(batch, after: duration) })
                for (position, receiver) in receivers.enumerated() {
                    guard let (continuation, isLast) = receiver else { continue }
                    continuation.yield(
                        Result(
                            index: batch.members[position].index, image: images[position],
                            ignoredTokens: ignored[position]))
                    if isLast { continuation.finish() }
                }
            } catch {
                for continuation in queue.update(when: { $0.fail(batch) }) { continuation.finish(throwing: error) }
            }
        }
    }
}
