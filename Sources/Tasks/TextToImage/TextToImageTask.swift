import Basics
import Checkpoints
import Corpora
import Execution
import Files
import FoundationEssentials
import Inference
import Models
import Networks
import Training

/// Adversarial training of a generator on the sentence vectors of captions: the `gan:` stage of a recipe.
final class TextToImageTask: TrainingTask {
    let name = "gan"
    let schedule: TrainingSchedule
    private let recipe: Recipe
    private let resolved: String
    private let images: ImageStore
    private let encoder: SentenceEncoder
    private let run: RunDirectory
    private let logger: RunLogger
    private let device: any Device
    private let trainer: GANTrainer
    private let grid: SampleGrid
    private let validationSplit: ValidationSplit
    /// The measures of `evaluate:`, with two batches whose logits are compared; nil if it measures nothing.
    private let validation: (measures: ValidationMeasures, batch: Batch, trainingBatch: Batch)?

    /// Compiles the networks and draws the sample grid.
    /// - Parameters:
    ///   - start: what the generator starts with; nil is random values.
    ///   - encoders: the text encoder that conditions the generator, with the image encoder it was trained against.
    ///   - vectors: of the corpus's captions.
    ///   - resolved: the recipe's text, for the model card.
    init(
        _ recipe: Recipe, resolved: String, start: StartingPoint?, images: ImageStore, encoders: EncoderPair,
        vectors: CaptionVectors, run: RunDirectory, logger: RunLogger, device: any Device
    ) throws {
        self.recipe = recipe
        self.resolved = resolved
        self.images = images
        self.run = run
        self.logger = logger
        self.device = device
        encoder = encoders.text
        let gan = recipe.gan
        var schedule = TrainingSchedule(
            images: gan.images, batch: gan.batch, checkpoint: .every(images: gan.checkpointEvery))
        schedule.snapshot = .every(images: gan.snapshotEvery)
        schedule.validation = .every(images: recipe.evaluate.every)
        self.schedule = schedule
        let frozen = try FrozenFeatures(
            recipe, encoders: encoders, images: images, run: run, device: device)
        trainer = try GANTrainer(
            recipe, embeddings: vectors.vectors(encoders.text), condition: encoders.text.width, corpus: images.corpus,
            frozen: frozen, device: device)
        try start?.apply(to: trainer)
        grid = try SampleGrid(images: images, seed: recipe.seed)
        validationSplit = ValidationSplit(images, share: recipe.data.holdOut)
        validation = try ValidationMeasures(recipe, images: images, split: validationSplit, device: device).map {
            [validationSplit] in
            ($0, try validationSplit.batch(gan.batch), try validationSplit.trainingBatch(gan.batch))
        }
    }

    var state: TrainingState { trainer.state }

    func prepare() throws {
        if let validation, !recipe.evaluate.judge.isEmpty, !validation.measures.hasJudge {
            try logger.log(
                "gan: evaluate.judge is not used: the validation split has too few captions of other classes")
        }
        let counts = trainer.parameterCounts
        let flops = trainer.flopsPerStep / 1e9 / Double(recipe.gan.batch)
        try logger.log(
            "gan: generator \(counts.generator) and discriminator \(counts.discriminator) parameters, "
                + "\(formatted(flops, digits: 2)) GFLOP per image, \(trainer.memory >> 20) MiB")
        if !FileManager.default.fileExists(atPath: run.reals) {
            try logger.writeSamples("reals", grid.reals().pngData(), to: run.reals, imagesSeen: state.imagesSeen)
        }
    }

    func batches(firstImage: Int) throws -> CorpusBatches {
        try CorpusBatches(
            images, recipe, excluding: validationSplit, size: schedule.batch, firstImage: firstImage,
            ranks: device.ranks)
    }

    func step(_ batch: Batch) throws -> Measurements {
        try trainer.step(batch)
    }

    func progressDetail(_ measurements: Measurements) -> String {
        ["real", "mismatch", "fake"].map { kind in
            "\(kind) \(formatted(measurements["logits.\(kind)"] ?? .nan, digits: 2))"
        }.joined(separator: " ")
    }

    /// Measures the averaged generator on captions of the validation split.
    func validate() throws -> String? {
        guard let validation else { return nil }
        let generator = try ImageGenerator(trainer.model(encoder, name: recipe.name, card: ""), device: device)
        let logits = (
            try trainer.logits(of: validation.trainingBatch), try trainer.logits(of: validation.batch)
        )
        let row = try validation.measures.measure(generator, imagesSeen: state.imagesSeen, logits: logits)
        try ValidationRows.add(row, imagesSeen: state.imagesSeen, to: run)
        try logger.showValidation("evaluation", row.measurements, imagesSeen: state.imagesSeen)
        try logger.log("gan: \(row.summary)")
        return nil
    }

    /// Writes the averaged generator as a model, and the sample grid that it generates.
    func writeSnapshot() throws {
        let model = trainer.model(encoder, name: recipe.name, card: card)
        let path = run.snapshot(imagesSeen: state.imagesSeen)
        try model.write(to: path)
        try model.write(to: "\(run.path)/model.safetensors")
        try run.thinSnapshots(keeping: recipe.gan.snapshotsKept)
        // The file as it was written, rounded to bfloat16, makes the grid.
        let generator = try ImageGenerator(Model(contentsOf: path), device: device)
        let seen = state.imagesSeen
        try logger.writeSamples(
            "fakes", grid.fakes(generator).pngData(), to: run.fakes(imagesSeen: seen), imagesSeen: seen)
        logger.closeLine()
    }

    func finish() throws { try logger.log("gan: finished, \(run.path)/model.safetensors") }

    /// The model card: data, length of the training, and how to repeat it.
    private var card: String {
        let corpus = images.corpus
        let counts = trainer.parameterCounts
        let side = recipe.data.side
        return """
            # \(recipe.name)

            A text-to-image generator trained with Limn: \(recipe.generator.kind.rawValue), \(side)×\(side), \
            \(counts.generator) parameters, moving average of the weights.

            - trained on \(corpus.examples.count - validationSplit.examples.count) images of \(corpus.examples.count) with \(corpus.captionCount) captions of \(corpus.classes.count) \
            classes, split “\(recipe.data.split)”
            - \(state.imagesSeen) images seen, \(state.skipped) updates skipped as not finite
            - device: \(device.summary)

            To repeat the training: `limn train RECIPE --data DIR --run DIR` with this recipe:

            ```yaml
            \(resolved)
            ```
            """
    }
}

extension GANTrainer {
    /// The text encoder and the averaged generator as a model.
    func model(_ encoder: SentenceEncoder, name: String, card: String) -> Model {
        let arrays = encoder.arrays.above("encoder").merging(generator.averagedArrays) { $1 }
        let stored = encoder.stored
        return Model(
            configuration: .init(
                name: name, encoder: stored.builtIn, pretrained: stored.pretrained, networks: generatorSizes,
                trainingFeatures: trainingFeatures),
            vocabulary: stored.vocabulary, arrays: arrays, card: card)
    }
}

extension FrozenFeatures {
    /// What the recipe's discriminator reads and does not train, and the image encoder of the comparison with sentences.
    /// - Throws: `ConfigurationError` or `StateError` if the encoders do not read the discriminator's features.
    fileprivate convenience init(
        _ recipe: Recipe, encoders: EncoderPair, images: ImageStore, run: RunDirectory, device: any Device
    ) throws {
        let configuration = recipe.discriminatorConfiguration(condition: encoders.text.width)
        guard let network = configuration.featureNetwork else {
            try self.init(device: device)
            return
        }
        let features = try PretrainedFeatures(network)
        var head: TrainedHead?
        if recipe.gan.contrastive > 0 {
            guard case .features(let image) = encoders.image, image.network == network,
                image.resolution == configuration.resolution
            else {
                throw ConfigurationError(
                    key: "gan.contrastive",
                    problem: "needs encoders that read \(network.rawValue) at "
                        + "\(configuration.resolution)×\(configuration.resolution), as the discriminator does; those of "
                        + "\(encoders.name) do not")
            }
            guard image.checksum == features.checksum else {
                throw StateError(
                    description: "\(encoders.name): its encoders were trained with the features "
                        + "\(network.rawValue) \(image.checksum), found \(features.checksum); resume with the former, or "
                        + "start a new run")
            }
            head = TrainedHead(image.head, arrays: encoders.imageArrays)
        }
        let statistics = try ChannelStatistics.cached(
            in: run, configuration, features: features, images: images, device: device)
        try self.init(
            configuration, features: features, statistics: statistics, imageHead: head, device: device,
            seed: recipe.seed)
    }
}
