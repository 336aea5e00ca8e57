import CPUBackend
import Inference
import Models
import Testing
import TinyModels

private func service(
    _ models: [String] = ["tiny"], widthOfGenerator: Int = 4, capacity: Int = 1_000_000
) throws -> GenerationService {
    let sources = try models.enumerated().map { index, name in
        GenerationService.Source(
            id: name,
            model: try tinyModel(name: name, widthOfGenerator: widthOfGenerator, seed: UInt64(index + 5)))
    }
    return try GenerationService(sources, capacity: capacity) {
        CPUDevice(library: .openBLAS, threads: 1, precision: .float32)
    }
}

private func request(_ seed: UInt64) -> GenerationRequest { GenerationRequest(prompt: "a red circle", seed: seed) }

@Suite(.timeLimit(.minutes(10))) struct GenerationServiceTests {
    @Test func manyCallersGetTheImagesThatTheGeneratorMakes() async throws {
        let service = try service(["one", "two"])
        let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)
        let expected = try (0..<2).map { model in
            try ImageGenerator(tinyModel(seed: UInt64(model + 5)), device: device).generate((0..<40).map(request))
        }
        try await withThrowingTaskGroup(of: (Int, Int, [GenerationService.Result]).self) { group in
            for caller in 0..<20 {
                group.addTask {
                    var results: [GenerationService.Result] = []
                    let requests = [request(UInt64(caller)), request(UInt64(caller + 20))]
                    for try await result in try service.images(requests, model: caller % 2) { results.append(result) }
                    return (caller, caller % 2, results)
                }
            }
            for try await (caller, model, results) in group {
                #expect(results.map(\.index).sorted() == [0, 1])
                for result in results {
                    let image = expected[model][caller + 20 * result.index]
                    for (a, b) in zip(image.pixels, result.image.pixels) { #expect(abs(Int(a) - Int(b)) <= 1) }
                }
            }
        }
        #expect(service.counts.images == 40)
        #expect(service.counts.batches < 40)
        #expect(service.pending == 0)
        service.stop()
    }

    /// The generator is so wide that all images would take many minutes: other tests may delay the caller, which shares their threads,
    /// but not the generator, which has a thread of its own.
    @Test func aCallerThatLeavesCancelsWhatHasNotBegun() async throws {
        let service = try service(widthOfGenerator: 128)
        let caller = Task {
            for try await _ in try service.images((0..<100_000).map(request), model: 0) {}
        }
        while service.counts.images == 0 { try await Task.sleep(for: .milliseconds(1)) }
        caller.cancel()
        while service.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(service.counts.images < 50_000)
        service.stop()
    }

    @Test func aFullQueueRefusesAndSaysWhenToComeBack() async throws {
        let service = try service(capacity: 10)
        let busy = #expect(throws: GenerationService.Busy.self) {
            try service.images((0..<11).map(request), model: 0)
        }
        #expect((busy?.retryAfter ?? 0) >= 1)
        var count = 0
        for try await _ in try service.images((0..<10).map(request), model: 0) { count += 1 }
        #expect(count == 10)
        service.stop()
    }

    @Test func stoppingFinishesWhatWaitsAndRefusesTheRest() async throws {
        let service = try service()
        let stream = try service.images((0..<200).map(request), model: 0)
        service.stop()
        var count = 0
        for try await _ in stream { count += 1 }
        #expect(count == 200)
        #expect(throws: GenerationService.Busy.self) { try service.images([request(0)], model: 0) }
    }

    /// Its thread retains what opens the device until it ends.
    @Test func releasingItFinishesWhatWaitsAndEndsItsThread() async throws {
        weak var opener: Opener?
        var released: GenerationService?
        do {
            let own = Opener()
            opener = own
            let source = GenerationService.Source(id: "tiny", model: try tinyModel())
            released = try GenerationService([source], capacity: 1000) { own.device }
        }
        let stream = try #require(try released?.images((0..<100).map(request), model: 0))
        #expect(opener != nil)
        released = nil
        #expect(opener == nil)
        var count = 0
        for try await _ in stream { count += 1 }
        #expect(count == 100)
    }

    private final class Opener: Sendable {
        var device: CPUDevice { CPUDevice(library: .openBLAS, threads: 1, precision: .float32) }
    }

    @Test func aDamagedModelFailsTheCallAndNotTheService() async throws {
        let model = try tinyModel()
        var arrays = model.arrays
        arrays["generator.output.bias"]?.values[1] = .nan
        let broken = Model(configuration: model.configuration, vocabulary: model.vocabulary, arrays: arrays)
        let service = try GenerationService(
            [.init(id: "broken", model: broken), .init(id: "tiny", model: model)], capacity: 100
        ) { CPUDevice(library: .openBLAS, threads: 1, precision: .float32) }
        await #expect(throws: ModelError.self) {
            for try await _ in try service.images([request(1), request(2)], model: 0) {}
        }
        var count = 0
        for try await _ in try service.images([request(1)], model: 1) { count += 1 }
        #expect(count == 1)
        #expect(service.pending == 0)
        service.stop()
    }
}

@Suite struct GenerationQueueTests {
    private func call(_ count: Int, model: Int = 0) -> GenerationQueue.Call {
        let (_, continuation) = AsyncThrowingStream<GenerationService.Result, any Error>.makeStream()
        return GenerationQueue.Call(
            model: model, requests: (0..<count).map { request(UInt64($0)) }, continuation: continuation)
    }

    @Test func aBatchTakesOneImageOfEachCallInTurn() throws {
        var queue = GenerationQueue()
        let (many, few, one) = (queue.add(call(10)), queue.add(call(2)), queue.add(call(1)))
        let taken = queue.nextBatch(6)
        let first = try #require(taken)
        #expect(first.members.map(\.call) == [many, few, one, many, few, many])
        #expect(first.members.map(\.index) == [0, 0, 0, 1, 1, 2])
        let later = queue.add(call(1))
        // The one who has waited longest comes first, and a new caller does not wait for all of the large call.
        let takenNext = queue.nextBatch(6)
        let second = try #require(takenNext)
        #expect(second.members.map(\.call) == [many, later, many, many, many, many])
    }

    @Test func aBatchHasImagesOfOneModel() throws {
        var queue = GenerationQueue()
        _ = (queue.add(call(2, model: 1)), queue.add(call(2, model: 0)), queue.add(call(1, model: 1)))
        let batches = [queue.nextBatch(16), queue.nextBatch(16)].compactMap { $0 }
        #expect(batches.map(\.model) == [1, 0])
        #expect(batches.map(\.members.count) == [3, 2])
        let none = queue.nextBatch(16)
        #expect(none?.model == nil)
    }

    @Test func pendingCountsWhatIsNeitherDeliveredNorCancelled() throws {
        var queue = GenerationQueue()
        let (first, second) = (queue.add(call(5)), queue.add(call(5)))
        #expect(queue.pending == 10)
        let taken = queue.nextBatch(4)
        let batch = try #require(taken)
        #expect(queue.pending == 10)
        queue.cancel(second)
        #expect(queue.pending == 5)
        let receivers = queue.finish(batch, after: .seconds(1))
        #expect(receivers.map { $0 != nil } == [true, false, true, false])
        #expect(queue.pending == 3)
        #expect(queue.imagesPerSecond == 4)
        queue.cancel(first)
        queue.cancel(first)
        #expect(queue.pending == 0)
        #expect(queue.isEmpty)
    }
}
