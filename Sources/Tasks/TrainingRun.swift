import Checkpoints
import Corpora
import Execution
import Files
import FoundationEssentials
import Models
import Networks
import Training

/// The training of a recipe in a run directory: the `encoder:` stage, if the recipe trains its own text encoder, and then
/// the stage of its task. Every stage continues from what the directory holds.
public struct TrainingRun {
    private let recipe: Recipe
    private let data: String
    private let path: String
    private let badFiles: BadFilePolicy
    private let resumes: Bool
    private let device: any Device
    private let interruption: Interruption?

    /// A run that is yet to be started.
    /// - Parameters:
    ///   - data: the folder of the corpus.
    ///   - path: the run directory.
    ///   - badFiles: how rows and images that cannot be used are treated.
    ///   - resume: continue what the directory holds, or start if it is empty; otherwise it must be new.
    ///   - interruption: asks the run to stop after the current step.
    public init(
        _ recipe: Recipe, data: String, path: String, badFiles: BadFilePolicy = .limited, resume: Bool,
        device: any Device, interruption: Interruption? = nil
    ) {
        self.recipe = recipe
        self.data = data
        self.path = path
        self.badFiles = badFiles
        resumes = resume
        self.device = device
        self.interruption = interruption
    }

    /// Trains what is left to train.
    public func train() throws -> TrainingOutcome {
        // Read everything that can be missing before a run directory is made.
        try requireInputs()
        let corpus = try recipe.data.corpus(in: data, badFiles: badFiles)
        let run = try openDirectory(corpus)
        let images = ImageStore(
            corpus: corpus, preprocessing: recipe.data.form, badFiles: badFiles, cache: "\(run.path)/images.cache")

        // Introduce the run in its log, and whatever was skipped at its end, however it ends.
        let logger = RunLogger(run)
        try logger.log("limn train \(recipe.name) on \(device.summary)")
        if let notice = device.notice { try logger.log("slower without oneDNN: \(notice)") }
        for notice in images.takeNotices() { try logger.log(notice) }
        for problem in corpus.skipped.first { try logger.log("skipped: \(problem)") }
        try logger.log(
            "\(corpus.examples.count) images, \(corpus.captionCount) captions, \(corpus.classes.count) classes in \(data)"
        )
        defer { try? logSkipped(images, logger) }

        // Train the stages.
        let vectors = CaptionVectors(captions: Array(corpus.captions), run: run, logger: logger, device: device)
        guard let encoders = try trainEncoders(images, vectors, run) else { return .interrupted }
        switch recipe.task {
        case .contrastive: return .finished
        case .textToImage:
            let task = try TextToImageTask(
                recipe, resolved: recipe.yaml(), images: images, encoders: encoders, vectors: vectors, run: run,
                logger: logger, device: device)
            return try loop(task, run, logger).train()
        }
    }

    /// The encoders, from the run, from the path that the recipe names, or trained now; nil if that was interrupted.
    private func trainEncoders(
        _ images: ImageStore, _ vectors: CaptionVectors, _ run: RunDirectory
    ) throws -> EncoderPair? {
        guard recipe.text.isTrained else { return try EncoderPair(contentsOf: recipe.text.encoder) }
        let folder = "\(run.path)/encoder"
        let result = ContrastiveTask.result(folder)
        if !FileManager.default.fileExists(atPath: result) {
            // A run directory of its own, with its own statistics and checkpoints.
            let isStarted = FileManager.default.fileExists(atPath: "\(folder)/recipe.yaml")
            let stage = try isStarted ? RunDirectory(opening: folder) : RunDirectory(creating: folder)
            if !isStarted { try AtomicFile.write(recipe.yaml(), to: stage.recipe) }
            let logger = RunLogger(stage)
            let task = try ContrastiveTask(
                recipe, images: images, vectors: vectors, run: stage, logger: logger, device: device)
            guard try loop(task, stage, logger).train() == .finished else { return nil }
        }
        // Read back, so that resumed and uninterrupted runs have the same rounded values.
        return try EncoderPair(contentsOf: result)
    }

    private func loop<Task: TrainingTask>(
        _ task: Task, _ run: RunDirectory, _ logger: RunLogger
    ) throws -> TrainingLoop<Task> {
        TrainingLoop(
            task, run: run, logger: logger, recipe: try recipe.yaml(), seed: recipe.seed, interruption: interruption)
    }

    // MARK: Preparation

    private func requireInputs() throws {
        if recipe.task == .textToImage, let network = recipe.discriminator.featureNetwork {
            _ = try PretrainedFeatures(network)
        }
        if let network = recipe.encoder.featureNetwork, recipe.text.isTrained { _ = try PretrainedFeatures(network) }
        if !recipe.text.isTrained {
            _ = try EncoderPair(contentsOf: recipe.text.encoder)
        } else if !recipe.text.isOwn {
            _ = try PretrainedEncoder(contentsOf: recipe.text.encoder)
        }
    }

    /// Opens the run if it may be resumed and was started; otherwise makes it.
    private func openDirectory(_ corpus: Corpus) throws -> RunDirectory {
        if resumes, FileManager.default.fileExists(atPath: "\(path)/recipe.yaml") {
            let run = try RunDirectory(opening: path)
            try requireSameRecipe(run)
            try DataRecord.require(corpus, in: run)
            return run
        }
        let run = try RunDirectory(creating: path)
        // The recipe last: a directory with a recipe can be resumed.
        try DataRecord(corpus).write(in: run)
        try AtomicFile.write(recipe.yaml(), to: run.recipe)
        return run
    }

    /// A run is resumed with the recipe it was started with. Only its length and intervals may change, and its task, so that
    /// encoders trained alone can go on to a generator.
    private func requireSameRecipe(_ run: RunDirectory) throws {
        var before = try Recipe(yaml: String(contentsOfFile: run.recipe, encoding: .utf8), named: run.recipe)
        before.task = recipe.task
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

    /// Logs the rows and images that could not be used, and their number.
    private func logSkipped(_ images: ImageStore, _ logger: RunLogger) throws {
        for notice in images.takeNotices() { try logger.log(notice) }
        let bad = images.skipped
        for problem in bad.first.sorted(by: { $0.description < $1.description }) {
            try logger.log("skipped: \(problem)")
        }
        var sum = images.corpus.skipped
        sum.add(bad)
        if sum.total > 0 { try logger.log("\(sum)") }
    }
}
