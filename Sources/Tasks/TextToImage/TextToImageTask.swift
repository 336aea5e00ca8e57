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
    private let output: AdversarialOutput
    private let images: ImageStore
    private let encoder: SentenceEncoder
    private let trainer: GANTrainer
    private let grid: SampleGrid
    private let validationSplit: ValidationSplit
    /// The measures of `evaluate:`, with two batches whose logits are compared; nil if it measures nothing.
    private let validation: (measures: ValidationMeasures, batch: Batch, trainingBatch: Batch)?

    /// Compiles the networks and draws the sample grid.
    /// - Parameters:
    ///   - output: where results go; its recipe and device are those of the training.
    ///   - start: what the generator starts with; nil is random values.
    ///   - encoders: the text encoder that conditions the generator, with the image encoder it was trained against.
    ///   - vectors: of the corpus's captions.
    init(
        _ output: AdversarialOutput, start: StartingPoint?, images: ImageStore, encoders: EncoderPair,
        vectors: CaptionVectors
    ) throws {
        self.output = output
        self.images = images
        encoder = encoders.text
        let (recipe, device) = (output.recipe, output.device)
        let frozen = try FrozenFeatures(
            recipe.discriminatorConfiguration(condition: encoders.text.width), images: images, run: output.run,
            device: device, seed: recipe.seed
        ) { try encoders.contrastiveHead(recipe, on: $0) }
        trainer = try GANTrainer(
            recipe, embeddings: vectors.vectors(encoders.text), condition: encoders.text.width, corpus: images.corpus,
            frozen: frozen, device: device)
        try start?.apply(to: trainer)
        grid = try SampleGrid(images: images, seed: recipe.seed)
        validationSplit = ValidationSplit(images, share: recipe.data.holdOut)
        validation = try ValidationMeasures(recipe, images: images, split: validationSplit, device: device).map {
            [validationSplit] in
            ($0, try validationSplit.batch(recipe.gan.batch), try validationSplit.trainingBatch(recipe.gan.batch))
        }
    }

    var schedule: TrainingSchedule { output.schedule }
    var state: TrainingState { trainer.state }
    private var recipe: Recipe { output.recipe }
    private var device: any Device { output.device }

    func prepare() throws {
        if let validation, !recipe.evaluate.judge.isEmpty, !validation.measures.hasJudge {
            try output.logger.log(
                "gan: evaluate.judge is not used: the validation split has too few captions of other classes")
        }
        let counts = trainer.networks.parameterCounts
        let flops = trainer.networks.flops / 1e9 / Double(recipe.gan.batch)
        try output.logger.log(
            "gan: generator \(counts.generator) and discriminator \(counts.discriminator) parameters, "
                + "\(formatted(flops, digits: 2)) GFLOP per image, \(trainer.networks.memory >> 20) MiB")
        let path = output.run.reals
        if !FileManager.default.fileExists(atPath: path) {
            try output.logger.writeSamples("reals", grid.reals().pngData(), to: path, imagesSeen: state.imagesSeen)
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
        try output.writeValidation(row, row.measurements, summary: row.summary, imagesSeen: state.imagesSeen)
        return nil
    }

    /// Writes the averaged generator as a model, and the sample grid that it generates.
    func writeSnapshot() throws {
        let seen = state.imagesSeen
        let written = try output.writeSnapshot(
            trainer.model(encoder, name: recipe.name, card: card()), imagesSeen: seen)
        try output.writeSamples(grid.fakes(ImageGenerator(written, device: device)), imagesSeen: seen)
    }

    func finish() throws { try output.finish() }

    private func card() throws -> String {
        let (corpus, side) = (images.corpus, recipe.data.side)
        return try output.card(
            kind: "A text-to-image generator trained with Limn: \(recipe.generator.kind.rawValue), \(side)×\(side), "
                + "\(trainer.networks.parameterCounts.generator) parameters",
            data: "\(corpus.examples.count - validationSplit.examples.count) images of \(corpus.examples.count) with "
                + "\(corpus.captionCount) captions of \(corpus.classes.count) classes",
            state: state)
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
                trainingFeatures: trainingFeatures, aspect: aspect),
            vocabulary: stored.vocabulary, arrays: arrays, card: card)
    }
}

extension EncoderPair {
    /// The head of the image encoder, which the contrastive loss of a training applies to the features that its discriminator reads;
    /// nil if the recipe has none.
    /// - Throws: `ConfigurationError` or `StateError` if the encoders do not read these features.
    fileprivate func contrastiveHead(_ recipe: Recipe, on features: PretrainedFeatures) throws -> TrainedHead? {
        guard recipe.gan.contrastive > 0 else { return nil }
        let (network, resolution) = (features.network, recipe.discriminator.resolution)
        guard case .features(let image) = image, image.network == network, image.resolution == resolution else {
            throw ConfigurationError(
                key: "gan.contrastive",
                problem:
                    "needs encoders that read \(network.rawValue) at \(resolution)×\(resolution), as the discriminator "
                    + "does; those of \(name) do not")
        }
        guard image.checksum == features.checksum else {
            throw StateError(
                description:
                    "\(name): its encoders were trained with the features \(network.rawValue) \(image.checksum), found "
                    + "\(features.checksum); resume with the former, or start a new run")
        }
        return TrainedHead(image.head, arrays: imageArrays)
    }
}
