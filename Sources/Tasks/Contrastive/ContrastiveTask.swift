import Basics
import Checkpoints
import Corpora
import Execution
import Files
import FoundationEssentials
import Glibc
import Models
import Training

/// Contrastive training of a text encoder against an image encoder: the `encoder:` stage of every recipe that trains its
/// own, and all of the recipe with `task: contrastive`.
///
/// Retrieval on the validation split is measured twenty times during the training, and the pair of encoders that retrieves
/// best is the result; if it has not improved for a while, the training may end early.
final class ContrastiveTask: TrainingTask {
    let name = "encoder"
    let schedule: TrainingSchedule
    private let recipe: Recipe
    private let images: ImageStore
    private let run: RunDirectory
    private let logger: RunLogger
    private let device: any Device
    private let trainer: ContrastiveTrainer
    private let validationSplit: ValidationSplit
    private var retrieval: RetrievalHistory

    private static let stepsPerCheckpoint = 200
    private static let validations = 20

    /// Compiles the networks, after the features of all images were computed, if the recipe's image encoder reads features.
    /// - Parameters:
    ///   - start: what the encoders start with; nil is random values and a vocabulary of the captions.
    ///   - vectors: of the corpus's captions by a pretrained text encoder, if the recipe names one.
    ///   - run: of this stage.
    init(
        _ recipe: Recipe, start: StartingPoint?, images: ImageStore, vectors: CaptionVectors, run: RunDirectory,
        logger: RunLogger, device: any Device
    ) throws {
        self.recipe = recipe
        self.images = images
        self.run = run
        self.logger = logger
        self.device = device
        let encoder = recipe.encoder
        var schedule = TrainingSchedule(
            images: encoder.images, batch: encoder.batch,
            checkpoint: .every(images: Self.stepsPerCheckpoint * encoder.batch))
        validationSplit = ValidationSplit(images, share: recipe.data.holdOut)
        if validationSplit.examples.count >= ValidationSplit.minimum {
            schedule.validation = .times(Self.validations, inImages: encoder.images)
        }
        self.schedule = schedule
        let tower = try TextTower(
            recipe, captions: vectors.captions, vocabulary: start?.vocabulary, vectors: vectors.pretrained)
        let imageTower = try ImageTower(recipe) {
            try FeatureViews($0, of: images, recipe: recipe, logger: logger, device: device)
        }
        trainer = try ContrastiveTrainer(
            recipe, corpus: images.corpus, tower: tower, images: imageTower, device: device)
        try start?.apply(to: trainer)
        retrieval = RetrievalHistory(run)
        try logger.log("encoder: \(tower.summary); \(imageTower.summary)")
        if images.corpus.classes.isEmpty {
            let unused = [("images_per_class", encoder.imagesPerClass > 1), ("class_loss", encoder.classLoss > 0)]
                .filter(\.1).map { "encoder.\($0.0)" }
            if !unused.isEmpty {
                try logger.log(
                    "encoder: the images have no classes, so \(unused.joined(separator: " and ")) has no effect")
            }
        }
    }

    var state: TrainingState { trainer.state }

    func prepare() throws {
        try retrieval.rewind(to: state.imagesSeen)
        try logger.log(
            "encoder: \(trainer.parameterCount) parameters, \(formatted(trainer.flopsPerStep / 1e9, digits: 1)) GFLOP "
                + "per step, \(validationSplit.examples.count) images in the validation split")
    }

    func batches(firstImage: Int) throws -> CorpusBatches {
        try CorpusBatches(
            images, recipe, excluding: validationSplit, size: schedule.batch, firstImage: firstImage,
            imagesPerClass: recipe.encoder.imagesPerClass, ranks: device.ranks)
    }

    func step(_ batch: Batch) throws -> Measurements { try trainer.step(batch) }

    func progressDetail(_ measurements: Measurements) -> String {
        "loss \(formatted(measurements["loss"] ?? .nan, digits: 3))\(retrieval.detail)"
    }

    /// Measures retrieval on the validation split, and keeps the pair of encoders if it is the best so far.
    func validate() throws -> String? {
        let pair = trainer.encoderPair(name: recipe.name)
        let pairs = try validationSplit.pairs()
        let sentences = try trainer.sentenceVectors(of: pairs.captions)
        let found = RetrievalMeasurement(
            imagesSeen: state.imagesSeen, recall: try pairs.recall(pair, sentences: sentences, device: device))
        // The file before the row: a run killed between the two measures again. Files of former best rows are kept to the end, since
        // a resumed run goes back to fewer rows.
        if retrieval.isBest(found) { try pair.write(to: Self.best(run, imagesSeen: state.imagesSeen)) }
        try retrieval.add(found)
        try logger.showValidation("retrieval", found.measurements, imagesSeen: state.imagesSeen)
        try logger.log("encoder: \(found.summary)")
        let since = retrieval.countSinceBest
        guard recipe.encoder.patience > 0, since >= recipe.encoder.patience else { return nil }
        return "no improvement in \(since) validations"
    }

    func writeSnapshot() throws {}

    func finish() throws {
        let path = Self.result(run.path)
        if retrieval.best == nil {
            // Without a validation split there is nothing to choose by: the last pair is the result.
            try trainer.encoderPair(name: recipe.name).write(to: path)
        } else if let best = retrieval.best.map({ Self.best(run, imagesSeen: $0.imagesSeen) }),
            FileManager.default.fileExists(atPath: best)
        {
            guard rename(best, path) == 0 else { throw FileError(.write, path, code: errno) }
            for name in try fileNames(in: run.path) where name.hasPrefix("best-") { unlink("\(run.path)/\(name)") }
        }
        try logger.log("encoder: finished, \(path)")
        if let best = retrieval.best { try logger.log("encoder: \(best.summary)") }
    }

    /// The finished pair of the stage in the directory `run`.
    static func result(_ run: String) -> String { "\(run)/\(RunDirectory.pairName)" }

    private static func best(_ run: RunDirectory, imagesSeen: Int) -> String {
        "\(run.path)/best-\(zeroPadded(imagesSeen, width: 9)).safetensors"
    }
}
