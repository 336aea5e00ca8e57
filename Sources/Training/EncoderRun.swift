import Checkpoints
import Corpora
import Execution
import Files
import FoundationEssentials
import Synthesis

/// The contrastive training of a text and an image encoder, a run of its own: what `limn encoder train` does, and the
/// first stage of `TrainingRun`.
///
/// A share of the images is held out. Now and then sentences are looked for among them, and the pair that finds most is
/// the one that is kept; where it has not become better for a while, the training may end early.
public final class EncoderRun {
    private let recipe: Recipe
    private let resolved: String
    private let imageStore: ImageStore
    private let stage: RunDirectory
    private let logger: RunLogger
    private let device: CPUDevice
    private let interruption: Interruption?
    private let vectors: CaptionVectors
    private let heldOut: ValidationSplit
    /// Rows of `stats.jsonl` and checkpoints come once in so many steps.
    private static let stepsPerRow = 50
    private static let stepsPerCheckpoint = 200
    /// Held-out pairs are looked for so many times in a training.
    private static let trials = 20

    /// Opens the run at `path`, or begins it.
    init(
        _ recipe: Recipe, imageStore: ImageStore, vectors: CaptionVectors, path: String, device: CPUDevice,
        interruption: Interruption?
    ) throws {
        self.recipe = recipe
        self.imageStore = imageStore
        self.vectors = vectors
        self.device = device
        self.interruption = interruption
        resolved = try recipe.yaml()
        let isThere = FileManager.default.fileExists(atPath: "\(path)/recipe.yaml")
        stage = isThere ? try RunDirectory(opening: path) : try RunDirectory(creating: path)
        if !isThere { try AtomicFile.write(resolved, to: stage.recipe) }
        logger = RunLogger(stage)
        heldOut = ValidationSplit(imageStore, share: recipe.data.holdOut, seed: recipe.seed)
    }

    /// The finished pair of a run at `path`.
    static func finished(_ path: String) -> String { "\(path)/encoder.safetensors" }

    /// Trains what is left to train; nil where it was interrupted.
    func train() throws -> EncoderPair? {
        let path = stage.path
        let finished = EncoderRun.finished(path)
        if FileManager.default.fileExists(atPath: finished) { return try EncoderPair(contentsOf: finished) }
        let corpus = imageStore.corpus
        let tower = try TextTower(recipe, captions: vectors.captions, reading: vectors.pretrained)
        let images = try ImageTower(recipe, views: featureViews)
        try logger.note("encoder: \(tower.summary); \(images.summary)")
        let trainer = try ContrastiveTrainer(recipe, corpus: corpus, tower: tower, images: images, device: device)
        var pending: String?
        if let checkpoint = try TrainingCheckpoint.latest(in: path, report: { try? logger.note("\($0)") }) {
            try trainer.restore(checkpoint)
            pending = checkpoint.statistics
            try logger.note("encoder: going on after \(trainer.imagesSeen) images")
        }
        try stage.rewindStatistics(to: trainer.imagesSeen)
        var progress = try RetrievalProgress(stage, imagesSeen: trainer.imagesSeen)
        try logger.note(
            "encoder: \(trainer.parameterCount) parameters, \(RunLogger.number(trainer.flopsPerStep / 1e9, digits: 1)) GFLOP a step, \(heldOut.examples.count) images held out"
        )
        let (batch, total) = (recipe.encoder.batch, recipe.encoder.images)
        let sampler = try PairSampler(
            corpus: corpus, seed: recipe.seed, flips: recipe.data.mirror, excluding: Set(heldOut.examples))
        let feeder = BatchFeeder(images: imageStore, sampler: sampler, batchSize: batch, firstImage: trainer.imagesSeen)
        logger.beginStage(imagesSeen: trainer.imagesSeen, pending: pending)
        defer { feeder.stop() }
        while trainer.imagesSeen < total {
            if interruption?.isRequested ?? false {
                try logger.write(trainer.checkpoint(resolved, seed: recipe.seed), in: path)
                try logger.note("encoder: stopped after \(trainer.imagesSeen) images; --resume goes on")
                return nil
            }
            let before = trainer.imagesSeen
            let measurements = try trainer.step(logger.waitForData { try feeder.next() })
            for notice in imageStore.takeNotices() { try logger.note(notice) }
            logger.record(measurements)
            let step = trainer.imagesSeen / batch
            logger.show(
                stage: "encoder", imagesSeen: trainer.imagesSeen, of: total,
                detail: "loss \(RunLogger.number(measurements["loss"] ?? .nan, digits: 3))\(progress.detail)")
            if step % EncoderRun.stepsPerRow == 0 {
                try logger.writeRow(imagesSeen: trainer.imagesSeen, skipped: trainer.skipped)
            }
            let isLast = trainer.imagesSeen >= total
            if isLast || before * EncoderRun.trials / total != trainer.imagesSeen * EncoderRun.trials / total {
                try trial(trainer, &progress)
                if recipe.encoder.patience > 0, progress.trialsSinceBest >= recipe.encoder.patience {
                    try logger.note(
                        "encoder: no better for \(progress.trialsSinceBest) trials, ended after \(trainer.imagesSeen) images"
                    )
                    break
                }
            }
            if step % EncoderRun.stepsPerCheckpoint == 0 {
                try logger.write(trainer.checkpoint(resolved, seed: recipe.seed), in: path)
            }
        }
        if let share = logger.shareOfWaiting { try logger.note("encoder: \(share)") }
        if progress.best == nil {
            // With nothing held out, or nothing trained, there was no trial and the last pair is the one.
            try encoderPair(trainer).write(to: finished)
        } else {
            try FileManager.default.moveItem(atPath: EncoderRun.best(path), toPath: finished)
        }
        try logger.note("encoder: finished, \(finished)\(progress.best.map { "\n\($0.summary)" } ?? "")")
        // Read back, so that a resumed run has the same rounded values.
        return try EncoderPair(contentsOf: finished)
    }

    /// The features of the corpus's images, computed before the training.
    private func featureViews(_ features: PretrainedFeatures) throws -> FeatureViews {
        let encoder = recipe.encoder
        let total = imageStore.corpus.examples.count
        let count = FeatureViews.count(encoder.views, images: total)
        if count < encoder.views {
            try logger.note(
                "encoder: \(count) of \(encoder.views) views per image, since features may take "
                    + "\(FeatureViews.memoryLimit >> 20) MiB")
        }
        logger.beginStage(imagesSeen: 0, pending: nil)
        defer { logger.closeLine() }
        return try FeatureViews(
            imageStore, features: features, resolution: encoder.resolution, count: count, crop: encoder.translation,
            mirrors: recipe.data.mirror, seed: recipe.seed, device: device
        ) {
            logger.show(stage: "features", imagesSeen: $0, of: total, detail: features.network.rawValue)
        }
    }

    private static func best(_ path: String) -> String { "\(path)/best.safetensors" }

    private func encoderPair(_ trainer: ContrastiveTrainer) -> EncoderPair {
        trainer.encoderPair(name: recipe.name)
    }

    /// Looks for held-out pairs and keeps the pair of encoders when it has found more than any before.
    private func trial(_ trainer: ContrastiveTrainer, _ progress: inout RetrievalProgress) throws {
        guard heldOut.examples.count >= ValidationSplit.least else { return }
        let pair = encoderPair(trainer)
        let shown = try heldOut.shown()
        let sentences = try trainer.sentenceVectors(of: shown.captions)
        let found = RetrievalTrial(
            imagesSeen: trainer.imagesSeen, recall: try shown.recall(pair, sentences: sentences, device: device))
        // Written before it is noted: a run killed between the two makes the trial again.
        if progress.isBest(found) { try pair.write(to: EncoderRun.best(stage.path)) }
        try progress.add(found)
        try logger.note("encoder: \(found.summary)")
    }
}
