import Checkpoints
import Corpora
import Execution
import Files
import FoundationEssentials
import Images
import Networks
import RandomStreams
import Synthesis
import Tokenizers

/// One training from recipe to model in a run directory: vocabulary, encoder, generator. Every stage continues from
/// what the directory holds and ends the same wherever it was interrupted.
public final class TrainingRun {
    /// How a run ended.
    public enum Outcome: Equatable, Sendable {
        /// The model is finished.
        case finished
        /// A signal stopped it; `--resume` goes on.
        case interrupted
    }

    private let recipe: Recipe
    private let run: RunDirectory
    private let logger: RunLogger
    private let imageStore: ImageStore
    private let device: CPUDevice
    private let interruption: Interruption?
    private let resolved: String
    /// Rows of `stats.jsonl` and lines of progress come once in so many steps.
    private static let stepsPerRow = 50
    /// After so many updates left out in a row the networks go back to the last checkpoint.
    private static let skipsBeforeReturn = 20

    /// Prepares a run.
    /// - Parameters:
    ///   - path: the run directory.
    ///   - badFiles: what becomes of rows and images that cannot be used.
    ///   - resume: continue what is there, or start when nothing is; without it the directory must be new.
    public init(
        _ recipe: Recipe, data: String, path: String, badFiles: BadFilePolicy = .limited, resume: Bool,
        device: CPUDevice,
        interruption: Interruption? = nil
    ) throws {
        self.recipe = recipe
        self.device = device
        self.interruption = interruption
        resolved = try recipe.yaml()
        // What cannot be read is said before a run is begun.
        if recipe.discriminator.kind == .features && recipe.gan.images > 0 {
            _ = try PretrainedFeatures(recipe.discriminator.network)
        }
        if let network = recipe.encoder.featureNetwork, recipe.text.isTrained { _ = try PretrainedFeatures(network) }
        if !recipe.text.isTrained {
            _ = try EncoderPair(contentsOf: recipe.text.encoder)
        } else if !recipe.text.isOwn {
            _ = try PretrainedEncoder(contentsOf: recipe.text.encoder)
        }
        let corpus = try Corpus(folder: data, split: recipe.data.part, badFiles: badFiles)
        let isThere = FileManager.default.fileExists(atPath: "\(path)/recipe.yaml")
        if resume && isThere {
            run = try RunDirectory(opening: path)
            try TrainingRun.requireSameRecipe(recipe, run)
            try DataRecord.require(corpus, in: run)
        } else {
            run = try RunDirectory(creating: path)
        }
        // The record first: where there is a recipe, there is a run that can go on.
        if !(resume && isThere) {
            try DataRecord(corpus).write(in: run)
            try AtomicFile.write(resolved, to: run.recipe)
        }
        imageStore = ImageStore(
            corpus: corpus, preprocessing: recipe.data.form, badFiles: badFiles, cache: "\(run.path)/images.cache")
        logger = RunLogger(run)
        try logger.note("limn train \(recipe.name) on \(device.summary)")
        if let notice = device.notice { try logger.note("slower without oneDNN: \(notice)") }
        for notice in imageStore.takeNotices() { try logger.note(notice) }
        for problem in corpus.skipped.first { try logger.note("left out: \(problem)") }
        try logger.note(
            "\(imageStore.corpus.examples.count) imageStore, \(imageStore.corpus.captionCount) captions, \(imageStore.corpus.classes.count) classes in \(data)"
        )
    }

    /// A run goes on with the recipe it began with; only how long it goes on may change.
    private static func requireSameRecipe(_ recipe: Recipe, _ run: RunDirectory) throws {
        var before = try Recipe(yaml: String(contentsOfFile: run.recipe, encoding: .utf8), named: run.recipe)
        before.gan.images = recipe.gan.images
        before.gan.snapshotEvery = recipe.gan.snapshotEvery
        before.gan.checkpointEvery = recipe.gan.checkpointEvery
        guard before == recipe else {
            throw RecipeError(
                description:
                    "\(run.recipe) differs from the recipe given; resume with that one, or choose another --run")
        }
        try AtomicFile.write(recipe.yaml(), to: run.recipe)
    }

    /// Trains what is left to train.
    public func train() throws -> Outcome {
        // However it ends.
        defer { try? noteLeftOut() }
        return try trainStages()
    }

    private func trainStages() throws -> Outcome {
        guard let encoders = try trainEncoder() else { return .interrupted }
        guard recipe.gan.images > 0 else { return .finished }
        return try trainGAN(encoders)
    }

    /// The sum of what could not be used, rows and images, and the images by name.
    private func noteLeftOut() throws {
        for notice in imageStore.takeNotices() { try logger.note(notice) }
        let bad = imageStore.skipped
        for problem in bad.first.sorted(by: { $0.description < $1.description }) {
            try logger.note("left out: \(problem)")
        }
        var sum = imageStore.corpus.skipped
        sum.add(bad)
        if sum.total > 0 { try logger.note("\(sum)") }
    }

    private var isInterrupted: Bool { interruption?.isRequested ?? false }

    /// What reads the captions with what sees the images: trained now, taken from the run, or read from where the recipe says.
    private func trainEncoder() throws -> EncoderPair? {
        if !recipe.text.isTrained { return try EncoderPair(contentsOf: recipe.text.encoder) }
        // The encoder's training is a run of its own within this one.
        let stage = try EncoderRun(
            recipe, imageStore: imageStore, vectors: vectors, path: "\(run.path)/encoder", device: device,
            interruption: interruption)
        return try stage.train()
    }

    /// The vectors of the corpus's captions.
    private var vectors: CaptionVectors {
        CaptionVectors(captions: Array(imageStore.corpus.captions), run: run, logger: logger, device: device)
    }

    // MARK: Generator and discriminator

    private func trainGAN(_ encoders: EncoderPair) throws -> Outcome {
        let corpus = imageStore.corpus
        let encoder = encoders.text
        let frozen = try frozenFeatures(encoders)
        let trainer = try GANTrainer(
            recipe, embeddings: vectors(encoder), condition: encoder.width, corpus: corpus, frozen: frozen,
            device: device)
        var pending: String?
        if let checkpoint = try TrainingCheckpoint.latest(in: run.path, report: { try? logger.note("\($0)") }) {
            try trainer.restore(checkpoint)
            pending = checkpoint.statistics
            try logger.note("going on after \(trainer.imagesSeen) images")
        }
        try run.rewindStatistics(to: trainer.imagesSeen)
        let counts = trainer.parameterCounts
        try logger.note(
            "generator \(counts.generator) and discriminator \(counts.discriminator) parameters, \(RunLogger.number(trainer.flopsPerStep / 1e9 / Double(recipe.gan.batch), digits: 2)) GFLOP an image, \(trainer.memory >> 20) MiB"
        )
        let grid = try SampleGrid(imageStore: imageStore, seed: recipe.seed)
        if !FileManager.default.fileExists(atPath: run.reals) {
            try AtomicFile.write(grid.reals().pngData(), to: run.reals)
        }

        let heldOut = ValidationSplit(imageStore, share: recipe.data.holdOut, seed: recipe.seed)
        let sampler = try PairSampler(
            corpus: corpus, seed: recipe.seed, flips: recipe.data.mirror, excluding: Set(heldOut.examples))
        let validation = try ValidationMeasures(recipe, imageStore: imageStore, heldOut: heldOut, device: device)
        let validationBatch = try validation.map { _ in try heldOut.batch(recipe.gan.batch) }
        var recentLogits: Double?
        let feeder = BatchFeeder(
            images: imageStore, sampler: sampler, batchSize: recipe.gan.batch, firstImage: trainer.imagesSeen)
        logger.beginStage(imagesSeen: trainer.imagesSeen, pending: pending)
        defer { feeder.stop() }
        while trainer.imagesSeen < recipe.gan.images {
            if isInterrupted {
                try logger.write(trainer.checkpoint(resolved, seed: recipe.seed), in: run.path)
                try logger.note("stopped after \(trainer.imagesSeen) images; --resume goes on")
                return .interrupted
            }
            let before = trainer.imagesSeen
            let measurements = try trainer.step(logger.waitForData { try feeder.next() })
            for notice in imageStore.takeNotices() { try logger.note(notice) }
            logger.record(measurements)
            if let real = measurements["logits.real"], real.isFinite {
                recentLogits = recentLogits.map { 0.98 * $0 + 0.02 * real } ?? real
            }
            let step = trainer.imagesSeen / recipe.gan.batch
            logger.show(
                stage: "gan", imagesSeen: trainer.imagesSeen, of: recipe.gan.images,
                detail: TrainingRun.detail(measurements))
            if step % TrainingRun.stepsPerRow == 0 {
                try logger.writeRow(imagesSeen: trainer.imagesSeen, skipped: trainer.skipped)
            }
            if trainer.skippedInARow >= TrainingRun.skipsBeforeReturn { try goBack(trainer) }
            let isLast = trainer.imagesSeen >= recipe.gan.images
            func crosses(_ interval: Int) -> Bool { before / interval != trainer.imagesSeen / interval }
            if let validation, let validationBatch, isLast || crosses(recipe.evaluate.every) {
                let generator = try ImageGenerator(
                    trainer.model(encoder, name: recipe.name, card: ""), device: device)
                let logits = (recentLogits ?? .nan, try trainer.logits(of: validationBatch))
                let row = try validation.measure(generator, imagesSeen: trainer.imagesSeen, logits: logits)
                try ValidationMeasures.add(row, to: run)
                try logger.note(row.summary)
            }
            // The snapshot first: a run killed between the two goes on from before and makes it again.
            if isLast || crosses(recipe.gan.snapshotEvery) {
                try snapshot(trainer, encoder, grid)
            }
            // Not from amid steps that are left out: what they are left out for may lie in the networks.
            let isDue = crosses(recipe.gan.checkpointEvery)
            if isLast || isDue && trainer.skippedInARow == 0 {
                try logger.write(trainer.checkpoint(resolved, seed: recipe.seed), in: run.path)
            }
        }
        if let share = logger.shareOfWaiting { try logger.note(share) }
        try logger.note("finished: \(run.path)/model.safetensors")
        return .finished
    }

    /// What the discriminator reads and does not change, and the image encoder for the comparison with sentences.
    private func frozenFeatures(_ encoders: EncoderPair) throws -> FrozenFeatures {
        let configuration = recipe.discriminatorConfiguration(condition: encoders.text.width)
        guard configuration.kind == .features else { return FrozenFeatures() }
        let features = try PretrainedFeatures(configuration.network)
        var head: TrainedHead?
        if recipe.gan.contrastive > 0 {
            guard case .features(let image) = encoders.image, image.network == configuration.network else {
                throw ConfigurationError(
                    key: "gan.contrastive",
                    problem: "needs encoders that see by the same \(configuration.network.rawValue); those of "
                        + "\(encoders.name) do not")
            }
            guard image.checksum == features.checksum else {
                let (network, found) = (configuration.network.rawValue, features.checksum)
                throw StateError(
                    description:
                        "\(encoders.name): the encoders were begun on the features \(network) \(image.checksum), "
                        + "found \(found); resume with those, or begin a new run")
            }
            head = TrainedHead(image.head, arrays: encoders.imageArrays)
        }
        let statistics = try ChannelStatistics.kept(
            in: run, configuration, features: features, images: imageStore, device: device)
        return try FrozenFeatures(
            configuration, features: features, statistics: statistics, imageHead: head, seed: recipe.seed)
    }

    /// A model and a grid of what the average weights generate now.
    private func snapshot(_ trainer: GANTrainer, _ encoder: SentenceEncoder, _ grid: SampleGrid) throws {
        let model = trainer.model(encoder, name: recipe.name, card: card(trainer))
        let path = run.snapshot(imagesSeen: trainer.imagesSeen)
        try model.write(to: path)
        try model.write(to: "\(run.path)/model.safetensors")
        try run.thinSnapshots(keeping: recipe.gan.snapshotsKept)
        // What is shown is what was written: rounding and all.
        let generator = try ImageGenerator(Model(contentsOf: path), device: device)
        try AtomicFile.write(grid.fakes(generator).pngData(), to: run.fakes(imagesSeen: trainer.imagesSeen))
        logger.closeLine()
    }

    /// What a model says of itself: what it was trained on, for how long and how to do it again.
    private func card(_ trainer: GANTrainer) -> String {
        let corpus = imageStore.corpus
        let counts = trainer.parameterCounts
        return """
            # \(recipe.name)

            A text-to-image generator made with Limn: \(recipe.generator.kind.rawValue), \(recipe.data.side)×\(recipe.data.side), \
            \(counts.generator) parameters, moving average of the weights.

            - trained on \(corpus.examples.count) images with \(corpus.captionCount) captions of \(corpus.classes.count) classes, \
            split “\(recipe.data.split)”
            - \(trainer.imagesSeen) images seen, \(trainer.skipped) updates left out as not finite
            - device: \(device.summary)

            To make it again: `limn train RECIPE --data DIR --run DIR` with this recipe:

            ```yaml
            \(resolved)
            ```
            """
    }

    /// Parameters that no longer give finite gradients are replaced by those of the last checkpoint; the images seen
    /// stay, so that the next batches are others than those that led here.
    private func goBack(_ trainer: GANTrainer) throws {
        guard let checkpoint = try TrainingCheckpoint.latest(in: run.path) else {
            throw RecipeError(
                description:
                    "the first \(trainer.imagesSeen) images gave no finite gradients; lower generator.learning_rate and discriminator.learning_rate"
            )
        }
        let (seen, skipped) = (trainer.imagesSeen, trainer.skipped)
        try trainer.restore(checkpoint)
        trainer.imagesSeen = seen
        trainer.skipped = skipped
        for network in [trainer.generator, trainer.discriminator] { network.skippedInARow = 0 }
        try logger.note(
            "gradients were not finite \(TrainingRun.skipsBeforeReturn) times in a row: back to the networks of \(checkpoint.counters.imagesSeen) images"
        )
    }

    private static func detail(_ measurements: Measurements) -> String {
        func value(_ name: String) -> String { RunLogger.number(measurements[name] ?? .nan, digits: 2) }
        return "real \(value("logits.real")) mismatch \(value("logits.mismatch")) fake \(value("logits.fake"))"
    }
}
