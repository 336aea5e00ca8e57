import CPUBackend
import Checkpoints
import Corpora
import Execution
import FoundationEssentials
import Tasks
import TestSupport
import Testing
import Training

/// Data-parallel training in ranks that are threads here: each computes its part of the same batches.
@Suite(.serialized) struct DataParallelTests {
    enum Example: String, CaseIterable {
        case textToImage, unpaired, restoration

        var yaml: String {
            switch self {
            case .textToImage:
                """
                data: {side: 16, vocabulary: 300}
                encoder: {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 64}
                generator: {width: 4, noise: 8}
                discriminator: {width: 4}
                gan:
                  {batch: 16, images: 64, checkpoint_every: 32, snapshot_every: 64, augmentation: 0.5, penalty_interval: 2}
                """
            case .unpaired, .restoration:
                """
                task: image-to-image
                data: {side: 16, mirror: true}
                translator: {width: 4, blocks: 2, halvings: 2}
                discriminator: {kind: patch, width: 4}
                image_to_image: \(self == .unpaired
                    ? "{contrastive: 1, identity: 1, decay: 0}"
                    : "{pairing: paired, degradation: [noise 20-60], adversarial: 0, pixels: 1, decay: 0}")
                gan: {batch: 16, images: 64, checkpoint_every: 32, snapshot_every: 64, penalty: 0, loss: least-squares}
                """
            }
        }
    }

    private func withCorpora(_ body: (_ folder: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for (name, seed) in [("a", 1), ("b", 2)] as [(String, UInt64)] {
                try ShapesCorpus(seed: seed, side: 16).write(to: "\(folder)/\(name)", count: 100)
                // A file that cannot be read is replaced by the same image in every rank.
                let image = try #require(
                    FileManager.default.subpathsOfDirectory(atPath: "\(folder)/\(name)").sorted()
                        .first { $0.hasSuffix(".png") })
                try put("no image", "\(folder)/\(name)/\(image)")
            }
            try body(folder)
        }
    }

    @discardableResult
    private func train(
        _ example: Example, _ folder: String, run: String, ranks: Int, threads: Int = 1, settings: [String] = [],
        change: @escaping @Sendable (_ rank: Int) -> [String] = { _ in [] }
    ) -> [Result<TrainingOutcome, any Error>] {
        ThreadRanks.run(ranks) { ranks in
            let recipe = try Recipe(
                yaml: example.yaml, named: "tiny",
                settings: ["precision=float32"] + settings + change(ranks.rank))
            let local = CPUDevice(library: .openBLAS, threads: threads, precision: recipe.precision)
            return try TrainingRun(
                recipe, data: "\(folder)/b", source: example == .unpaired ? "\(folder)/a" : nil,
                path: "\(folder)/\(run)", badFiles: .skip, resume: true,
                device: ranks.size > 1 ? DataParallelDevice(local, ranks: ranks) : local
            ).train()
        }
    }

    private func checkpoint(_ folder: String, _ run: String) throws -> TrainingCheckpoint {
        try #require(try TrainingCheckpoint.latest(in: "\(folder)/\(run)"))
    }

    /// Root of the mean squared difference of the parameters of two runs.
    private func distance(_ folder: String, _ first: String, _ second: String) throws -> Double {
        var (sum, count) = (0.0, 0)
        for (a, b) in zip(try checkpoint(folder, first).arrays, try checkpoint(folder, second).arrays)
        where a.name.hasSuffix(".parameters") {
            for (x, y) in zip(try a.floats(), try b.floats()) { sum += Double((x - y) * (x - y)) }
            count += a.count
        }
        return (sum / Double(count)).squareRoot()
    }

    /// Rounding alone tells runs apart: after 50 steps, ranks are as close to one thread as two or four threads are. Which sums are rounded
    /// alike depends on the sizes of their parts and on the processor, and Adam magnifies the first difference.
    @Test(arguments: Example.allCases) func ranksSeeTheSameBatches(_ example: Example) throws {
        try withCorpora { folder in
            let settings = ["gan.images=800", "encoder.images=800"]
            for outcome in train(example, folder, run: "1", ranks: 1, settings: settings)
                + train(example, folder, run: "2 threads", ranks: 1, threads: 2, settings: settings)
                + train(example, folder, run: "4 threads", ranks: 1, threads: 4, settings: settings)
                + train(example, folder, run: "2", ranks: 2, settings: settings)
                + train(example, folder, run: "4", ranks: 4, settings: settings)
            { #expect(try outcome.get() == .finished) }
            #expect(try checkpoint(folder, "1").counters == checkpoint(folder, "4").counters)
            let byThreads = max(
                try distance(folder, "1", "2 threads"), try distance(folder, "1", "4 threads"))
            let byRanks = [try distance(folder, "1", "2"), try distance(folder, "1", "4")]
            #expect(byThreads > 0 && byRanks.allSatisfy { $0 > 0 && $0 <= 2 * byThreads }, "\(byRanks), \(byThreads)")
            print("\(example): \(byRanks), \(byThreads)")
        }
    }

    /// After one step, Adam's first moment is the gradient up to a factor.
    @Test(arguments: Example.allCases) func gradientsDoNotDependOnTheNumberOfRanks(_ example: Example) throws {
        try withCorpora { folder in
            for ranks in [1, 2, 4] {
                for outcome in train(
                    example, folder, run: "\(ranks)", ranks: ranks, settings: ["gan.images=16", "encoder.images=16"])
                { #expect(try outcome.get() == .finished) }
            }
            let one = try checkpoint(folder, "1")
            for ranks in ["2", "4"] {
                for (a, b) in zip(one.arrays, try checkpoint(folder, ranks).arrays)
                where a.name.hasSuffix("first_moment") {
                    let (a, b, name) = (try a.floats(), try b.floats(), a.name)
                    let norm = a.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
                    let difference = zip(a, b).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
                    #expect(norm > 0 && difference <= 1e-6 * norm, "\(name), \(ranks) ranks: \(difference / norm)")
                }
            }
        }
    }

    @Test func aRunIsResumedWithAnotherNumberOfRanks() throws {
        try withCorpora { folder in
            // The shards of two ranks are those of two threads, so there is not even rounding between them.
            train(.restoration, folder, run: "whole", ranks: 1, threads: 2)
            train(.restoration, folder, run: "parts", ranks: 2, settings: ["gan.images=32"])
            train(.restoration, folder, run: "parts", ranks: 1, threads: 2)
            let (whole, parts) = (try checkpoint(folder, "whole"), try checkpoint(folder, "parts"))
            #expect(whole.counters == parts.counters && whole.counters.imagesSeen == 64)
            for (a, b) in zip(whole.arrays, parts.arrays) {
                let isEqual = a.bytes == b.bytes
                #expect(isEqual, "\(a.name)")
            }
        }
    }

    @Test func ranksThatDifferAreNamed() throws {
        try withCorpora { folder in
            func errors(_ ranks: Int, _ change: @escaping @Sendable (Int) -> [String]) -> [String] {
                train(.textToImage, folder, run: "refused", ranks: ranks, change: change).compactMap {
                    if case .failure(let error) = $0 { "\(error)" } else { nil }
                }
            }
            let recipe = errors(4) { $0 == 2 ? ["generator.width=8"] : [] }
            #expect(
                recipe == [String](repeating: "rank 2 on host2 has another recipe than rank 0 on host0", count: 4))
            let batch = errors(3) { _ in [] }
            #expect(
                batch.first?.contains(
                    "gan.batch: is 16, which 3 ranks cannot share equally; make it a multiple of 3") == true)
            let pairs = errors(4) { _ in ["gan.batch=12", "gan.diversity=1", "discriminator.kind=features"] }
            #expect(
                pairs.first?.contains(
                    "gan.batch: is 12, which 4 ranks cannot share equally; make it a multiple of 8") == true,
                "\(pairs)")
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/refused"))
        }
    }
}
