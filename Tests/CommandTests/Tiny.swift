import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A corpus of shapes, and a complete training of tiny networks on it without interruption: created once with `limn` and shared
/// by all tests.
struct Tiny: Sendable {
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }
    var corpus: String { folder + "/corpus" }
    var recipe: String { folder + "/tiny.yaml" }
    var run: String { folder + "/run" }
    var model: String { run + "/model.safetensors" }
    /// The encoders that the model was trained with.
    var encoders: String { run + "/encoder/encoder.safetensors" }
    /// A pair of encoders that was trained apart.
    var judge: String { folder + "/judge/encoder/encoder.safetensors" }

    /// Long enough to be interrupted anywhere: some two seconds.
    private static let yaml = """
        name: tiny
        data: {side: 16, vocabulary: 300, hold_out: 0.2}
        encoder: {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 4000}
        generator: {width: 4, noise: 8}
        discriminator: {width: 4}
        gan:
          {batch: 8, images: 2400, checkpoint_every: 150, snapshot_every: 1200, augmentation: 0.5, penalty_interval: 2}
        """

    private init() throws {
        temporary = try TemporaryFolder()
        try put(Tiny.yaml, recipe)
        let drawn = try limn(
            "corpus", "shapes", "--out", corpus, "--count", "120", "--seed", "5", "--side", "16", in: folder)
        try #require(drawn.ending == .exit(0), "\(drawn.err)")
        let trained = try train(to: run).finish()
        try #require(trained.ending == .exit(0), "\(trained.err)")
        let judging = try limn(
            "encoder", "train", recipe, "--data", corpus, "--run", "judge", "--set", "seed=2", "--set",
            "encoder.images=400", "--threads", "1", in: folder)
        try #require(judging.ending == .exit(0), "\(judging.err)")
    }

    private static let made: Result<Tiny, any Error> = {
        let tiny = Result { try Tiny() }
        atexit { if case .success(let tiny) = Tiny.made { try? FileManager.default.removeItem(atPath: tiny.folder) } }
        return tiny
    }()

    static func shared() throws -> Tiny { try made.get() }

    /// Starts a training, by default with one thread: several threads that synchronize are slow when other processes use the
    /// processors.
    func train(
        to run: String, _ more: String..., threads: Int = 1, shell: String = #"exec "$@""#, unread: [Int32] = []
    ) throws -> Child {
        try Child(
            ["train", recipe, "--data", corpus, "--run", run, "--threads", "\(threads)"] + more, in: folder,
            shell: shell, unread: unread)
    }
}

/// Expects two finished runs to be equal, except for times and process ids.
func expectEqualRuns(_ run: String, _ other: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    // Each process has an event file of its own, with times.
    let names = try files(below: other).filter { !$0.contains("tfevents") }
    let found = try files(below: run).filter { !$0.contains("tfevents") }
    #expect(found == names, "\(found)", sourceLocation: sourceLocation)
    // The number of prefetched images depends on timing.
    for name in names where !["log.txt", "lock", "images.cache"].contains(where: name.hasSuffix) {
        let areEqual =
            name.hasSuffix("stats.jsonl")
            ? rowsWithoutRates("\(run)/\(name)") == rowsWithoutRates("\(other)/\(name)")
            : haveEqualContents("\(run)/\(name)", "\(other)/\(name)")
        #expect(areEqual, "\(name)", sourceLocation: sourceLocation)
    }
}

private func rowsWithoutRates(_ path: String) -> String {
    String(decoding: contents(path) ?? [], as: UTF8.self)
        .replacing(/"images_per_second": [^,]*,\s/, with: "").replacing(/"data_wait": [^,]*,\s/, with: "")
}
