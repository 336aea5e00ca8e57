import Checkpoints
import Corpora
import CPUBackend
import Execution
import FoundationEssentials
import Images
import Inference
import Models
import TestSupport
import Testing
import Tasks
import Training

/// Runs of a tiny recipe on a drawn corpus.
@Suite(.serialized) struct RunTests {
    private static let yaml = """
        data: {side: 16, vocabulary: 300}
        encoder: {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 64}
        generator: {width: 4, noise: 8}
        discriminator: {width: 4}
        gan:
          {batch: 8, images: 80, checkpoint_every: 24, snapshot_every: 80, augmentation: 0.5, penalty_interval: 2}
        """

    @discardableResult
    private func train(_ path: String, _ corpus: String, images: Int, resume: Bool, precision: Precision) throws
        -> TrainingOutcome
    {
        let recipe = try Recipe(
            yaml: Self.yaml, named: "tiny", settings: ["gan.images=\(images)", "precision=\(precision.rawValue)"])
        let device = CPUDevice(threads: 1, precision: precision)
        return try TrainingRun(recipe, data: corpus, path: path, resume: resume, device: device).train()
    }

    @Test(arguments: Precision.allCases)
    func aResumedRunEqualsTheUninterruptedOne(precision: Precision) throws {
        try withCorpus { folder, corpus in
            #expect(try train(folder + "/whole", corpus, images: 80, resume: false, precision: precision) == .finished)
            for images in [24, 48, 80] {
                try train(folder + "/parts", corpus, images: images, resume: true, precision: precision)
            }
            let whole = try #require(try TrainingCheckpoint.latest(in: folder + "/whole"))
            let parts = try #require(try TrainingCheckpoint.latest(in: folder + "/parts"))
            #expect(whole.counters == parts.counters)
            #expect(whole.arrays.map(\.name) == parts.arrays.map(\.name))
            for (a, b) in zip(whole.arrays, parts.arrays) { #expect(a.bytes == b.bytes, "\(a.name)") }
        }
    }

    @Test func aRunLeavesWhatItsDirectoryPromises() throws {
        try withCorpus { folder, corpus in
            let run = folder + "/run"
            try train(run, corpus, images: 80, resume: false, precision: .float32)
            for name in [
                "recipe.yaml", "log.txt", "reals.png", "fakes-000000080.png", "model.safetensors",
                "encoder/encoder.safetensors",
            ] {
                #expect(FileManager.default.fileExists(atPath: "\(run)/\(name)"), "\(name)")
            }
            let model = try Model(contentsOf: run + "/model.safetensors")
            #expect(model.card?.contains("80 images seen") == true)
            let generator = try ImageGenerator(model, device: CPUDevice(threads: 1))
            #expect(try generator.generate([GenerationRequest(prompt: "a red circle", seed: 1)])[0].width == 16)
        }
    }

    /// Two classes are fewer than the grid has rows.
    @Test func sampleGridsHaveEightRows() throws {
        try withCorpus { folder, corpus in
            let file = "\(corpus)/metadata.jsonl"
            let rows = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            let classed = rows.enumerated().map { "{\"kind\": \"\($0 % 2)\", \($1.dropFirst())\n" }.joined()
            try classed.write(toFile: file, atomically: true, encoding: .utf8)
            let recipe = try Recipe(
                yaml: Self.yaml, named: "tiny",
                settings: ["gan.images=8", "gan.snapshot_every=8", "data.class=kind", "precision=float32"])
            let device = CPUDevice(threads: 1, precision: .float32)
            let run = TrainingRun(recipe, data: corpus, path: folder + "/run", resume: false, device: device)
            #expect(try run.train() == .finished)
            for name in ["reals.png", "fakes-000000008.png"] {
                let grid = try Image(contentsOf: "\(folder)/run/\(name)")
                #expect(grid.width == grid.height, "\(name): \(grid.width)×\(grid.height)")
            }
        }
    }

    @Test func aRunThatIsThereIsNotOverwritten() throws {
        try withCorpus { folder, corpus in
            try train(folder + "/run", corpus, images: 8, resume: false, precision: .float32)
            #expect(throws: CheckpointError.self) {
                try train(folder + "/run", corpus, images: 8, resume: false, precision: .float32)
            }
        }
    }

    @Test func stepsThatAreNotFiniteAreSkippedAndCounted() throws {
        try withCorpus { _, corpus in
            let recipe = try Recipe(yaml: Self.yaml, named: "tiny")
            let imageStore = ImageStore(
                corpus: try Corpus(folder: corpus, split: "train"), preprocessing: ImagePreprocessing(side: 16))
            let sampler = try PairSampler(corpus: imageStore.corpus, seed: 1, flips: false)
            let batch = try Batch(images: imageStore, sampler: sampler, firstImage: 0, size: 8)
            let poisoned = [Float](repeating: .nan, count: imageStore.corpus.captionCount * 16)
            let trainer = try GANTrainer(
                recipe, embeddings: poisoned, condition: 16, device: CPUDevice(threads: 1, precision: .float32))
            _ = try trainer.step(batch)
            #expect(trainer.state.skipped == 2)
            #expect(trainer.state.imagesSeen == 8)
        }
    }
}
