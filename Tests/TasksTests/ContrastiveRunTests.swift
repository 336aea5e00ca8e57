import Corpora
import CPUBackend
import Execution
import FoundationEssentials
import Inference
import Models
import TestSupport
import Testing
import Tasks
import Training

/// The encoder's stage: what is held out, told and kept.
@Suite(.serialized) struct ContrastiveRunTests {
    private struct Trial: Decodable {
        struct Recall: Decodable {
            struct AtRank: Decodable {
                var rank: Int
                var imageToText: Double
                var textToImage: Double
            }
            var ranks: [AtRank]
            var count: Int
        }
        var images: Int
        var recall: Recall
    }

    private func trials(_ settings: [String]) throws -> (rows: [Trial], log: String, pair: EncoderPair) {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let folder = temporary.path
        try ShapesCorpus(seed: 1, side: 16).write(to: folder + "/corpus", count: 200)
        let yaml = """
            data: {side: 16, vocabulary: 300}
            encoder: {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 3200}
            task: contrastive
            """
        let recipe = try Recipe(yaml: yaml, named: "tiny", settings: settings)
        let run = folder + "/run"
        let device = CPUDevice(threads: 1, precision: .float32)
        let outcome = try TrainingRun(recipe, data: folder + "/corpus", path: run, resume: false, device: device)
            .train()
        #expect(outcome == .finished)
        let file = run + "/encoder/retrieval.jsonl"
        let lines = (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: "\n") ?? []
        return (
            try lines.map { try JSONDecoder().decode(Trial.self, from: Data($0.utf8)) },
            try String(contentsOfFile: run + "/encoder/log.txt", encoding: .utf8),
            try EncoderPair(contentsOf: run + "/encoder/encoder.safetensors")
        )
    }

    @Test func heldOutPairsAreLookedForTwentyTimes() throws {
        let (rows, log, _) = try trials(["data.hold_out=0.25"])
        #expect(rows.map(\.images) == (1...20).map { 160 * $0 })
        let count = try #require(rows.first?.recall.count)
        #expect(log.contains("\(count) images in the validation split"))
        for row in rows {
            #expect(row.recall.ranks.map(\.rank) == [1, 5, 10])
            for (less, more) in zip(row.recall.ranks, row.recall.ranks.dropFirst()) {
                #expect(less.imageToText <= more.imageToText && less.textToImage <= more.textToImage)
            }
        }
        // It learns: ten of the images held out would be found by chance alone at rank 10 in `10 / count`.
        let last = try #require(rows.last?.recall.ranks.last)
        #expect(last.textToImage > 1.5 * 10 / Double(count))
    }

    @Test func nothingHeldOutNothingLookedFor() throws {
        #expect(try trials(["data.hold_out=0", "encoder.images=320"]).rows.isEmpty)
    }

    @Test func aTrainingThatBringsNothingEndsEarlyAndKeepsItsBest() throws {
        let (rows, log, _) = try trials(["data.hold_out=0.25", "encoder.patience=3", "encoder.learning_rate=1.0e-12"])
        // The first is the best, and three are no better.
        #expect(rows.count == 4)
        #expect(log.contains("ended after 640 images"))
    }

    /// Without classes the recipe trains all the same, but says that the loss has no effect. Either way the
    /// image encoder that is kept has as many arrays: the classifier is not among them.
    @Test func aClassLossNeedsClasses() throws {
        let settings = ["encoder.class_loss=1", "encoder.images=320"]
        let (with, without) = (try trials(settings), try trials(settings + ["data.class=none"]))
        #expect(!with.log.contains("no classes"))
        #expect(without.log.contains("the images have no classes, so encoder.class_loss has no effect"))
        #expect(with.pair.imageArrays.count == without.pair.imageArrays.count)
    }
}
