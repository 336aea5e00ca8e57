import Basics
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
    private let source: String?
    private let path: String
    private let badFiles: BadFilePolicy
    private let followsLinks: Bool
    private let resumes: Bool
    private let changes: Set<String>
    private let device: any Device
    private var ranks: any Communicator { device.ranks }
    private let interruption: Interruption?

    /// A run that is yet to be started.
    /// - Parameters:
    ///   - data: the folder of the corpus; for image-to-image that of the targets, or of both.
    ///   - source: for image-to-image the folder of the sources, if it is another one.
    ///   - path: the run directory.
    ///   - badFiles: how rows and images that cannot be used are treated.
    ///   - followsLinks: whether links out of the corpus's folder, and links to folders, are followed.
    ///   - resume: continue what the directory holds, or start if it is empty; otherwise it must be new.
    ///   - changes: keys of the recipe that were changed on purpose and may differ from those of the run, if they are among
    ///     `changeable`.
    ///   - interruption: asks the run to stop after the current step.
    public init(
        _ recipe: Recipe, data: String, source: String? = nil, path: String, badFiles: BadFilePolicy = .limited,
        followsLinks: Bool = false,
        resume: Bool, changes: Set<String> = [], device: any Device, interruption: Interruption? = nil
    ) {
        self.recipe = recipe
        self.data = data
        self.source = source
        self.path = path
        self.badFiles = badFiles
        self.followsLinks = followsLinks
        resumes = resume
        self.changes = changes
        self.device = device
        self.interruption = interruption
    }

    /// Runs the remaining stages.
    /// - Throws: errors of one line (`ClassifiedError`) of the recipe, the corpus, files, networks, the device and other ranks:
    ///   `ConfigurationError`, `CorpusError`, `FileError`, `StateError`, `ExecutionError`, `CommunicationError` and others.
    public func train() throws -> TrainingOutcome {
        // Read everything that can be missing before a run directory is made.
        try requireInputs()
        try recipe.requireBatches(for: ranks)
        guard recipe.task != .imageToImage else { return try trainTranslator() }
        guard source == nil else {
            throw ConfigurationError(
                key: "task", problem: "is \(recipe.task.rawValue), which has no sources; omit --source")
        }
        let listed = try recipe.data.corpus(in: data, badFiles: badFiles, followsLinks: followsLinks)
        let run = try openDirectory(listed)
        let dominant = listed.dominantClass
        let corpus = dominant == nil ? listed : listed.withoutClasses()
        let images = store(of: corpus, in: run)
        let logger = try introduce(run, images)
        if let dominant {
            try logger.log(
                "classes are ignored: \(formatted(100 * dominant.share, digits: 0)) % of the images are of the class "
                    + "\(quoted(dominant.name)), which would leave too few mismatched captions")
        }
        // Whatever was skipped is logged at the end, however the run ends.
        defer { try? logSkipped(images, logger) }

        // Train the stages.
        let start = try StartingPoint(of: run)
        if let start { try logger.log("starts with \(start.summary(for: recipe))") }
        let vectors = CaptionVectors(captions: Array(corpus.captions), run: run, logger: logger, device: device)
        guard let encoders = try trainEncoders(start, images, vectors, run) else { return .interrupted }
        guard recipe.task == .textToImage else { return .finished }
        let task = try TextToImageTask(
            AdversarialOutput(recipe: recipe, run: run, logger: logger, device: device), start: start, images: images,
            encoders: encoders, vectors: vectors)
        return try loop(task, run, logger).train()
    }

    /// Trains a translator of images, after the text encoder if it depends on text.
    private func trainTranslator() throws -> TrainingOutcome {
        let corpora = try TranslationCorpora(
            recipe, data: data, source: source, badFiles: badFiles, followsLinks: followsLinks)
        let run = try openDirectory(corpora.target, source: corpora.source)
        let images = try TranslationImages(
            recipe, source: corpora.source.map { store(of: $0, in: run, cache: "source.cache") },
            target: store(of: corpora.target, in: run))
        let logger = try introduce(run, images.target)
        defer {
            try? logSkipped(images.target, logger)
            if let source = images.source { try? logSkipped(source, logger) }
        }
        if let source = corpora.source {
            try logger.log("\(source.examples.count) sources in \(self.source ?? data)")
        } else {
            try logger.log("sources made by \(images.degradations.map(\.description).joined(separator: ", "))")
        }
        var text: (SentenceEncoder, CaptionVectors)?
        if recipe.imageToImage.text {
            let vectors = CaptionVectors(
                captions: Array(corpora.target.captions), run: run, logger: logger, device: device)
            guard let encoders = try trainEncoders(nil, images.target, vectors, run) else { return .interrupted }
            text = (encoders.text, vectors)
        }
        let task = try ImageToImageTask(
            AdversarialOutput(recipe: recipe, run: run, logger: logger, device: device), images: images, text: text)
        return try loop(task, run, logger).train()
    }

    private func store(of corpus: Corpus, in run: RunDirectory, cache: String = "images.cache") -> ImageStore {
        ImageStore(
            corpus: corpus, preprocessing: recipe.data.form, badFiles: badFiles, cache: "\(run.path)/\(cache)",
            isShared: ranks.size > 1)
    }

    /// Introduces the run in its log.
    private func introduce(_ run: RunDirectory, _ images: ImageStore) throws -> RunLogger {
        let logger = RunLogger(run, ranks: ranks)
        let corpus = images.corpus
        try logger.log("limn train \(recipe.name) on \(device.summary)")
        if ranks.size > 1 {
            // Launchers name the process of a rank that ended.
            let processes = try ranks.gather([ProcessInfo.processInfo.processIdentifier])
            let list = zip(processes, ranks.hosts).enumerated().map { "rank \($0) is process \($1.0[0]) on \($1.1)" }
            try logger.log(list.prefix(16).joined(separator: ", ") + (list.count > 16 ? ", …" : ""))
        }
        if let notice = device.notice { try logger.log(notice) }
        for notice in images.takeNotices() { try logger.logNotice(notice) }
        for problem in corpus.skipped.first { try logger.log("skipped: \(problem)") }
        let captions = corpus.options.requiresCaptions ? "\(corpus.captionCount) captions, " : ""
        try logger.log(
            "\(corpus.examples.count) images, \(captions)\(corpus.classes.count) classes in \(data)")
        if corpus.splits.isEmpty, !recipe.data.split.isEmpty {
            try logger.log("the rows name no split, so all are used for training; limn corpus split makes splits")
        }
        return logger
    }

    /// The encoders, from the run, from the path that the recipe names, or trained now; nil if that was interrupted.
    private func trainEncoders(
        _ start: StartingPoint?, _ images: ImageStore, _ vectors: CaptionVectors, _ run: RunDirectory
    ) throws -> EncoderPair? {
        guard recipe.text.isTrained else { return try EncoderPair(contentsOf: recipe.text.encoder) }
        let folder = "\(run.path)/\(RunDirectory.encoderName)"
        let result = ContrastiveTask.result(folder)
        if try ranks.broadcast([FileManager.default.fileExists(atPath: result) ? 1 : 0]) == [0] {
            // A run directory of its own, with its own statistics and checkpoints.
            let stage = try ranks.rootFirst {
                guard ranks.isRoot else { return try RunDirectory(joining: folder) }
                let isStarted = RunReader.isRun(folder)
                let stage = try isStarted ? RunDirectory(opening: folder) : RunDirectory(creating: folder)
                if !isStarted { try AtomicFile.write(recipe.yaml(), to: stage.recipe) }
                return stage
            }
            let logger = RunLogger(stage, ranks: ranks)
            let task = try ContrastiveTask(
                recipe, start: start, images: images, vectors: vectors, run: stage, logger: logger, device: device)
            guard try loop(task, stage, logger).train() == .finished else { return nil }
        }
        // Read back, so that resumed and uninterrupted runs have the same rounded values.
        return try EncoderPair(contentsOf: result)
    }

    private func loop<Task: TrainingTask>(
        _ task: Task, _ run: RunDirectory, _ logger: RunLogger
    ) throws -> TrainingLoop<Task> {
        TrainingLoop(
            task, run: run, logger: logger, recipe: try recipe.yaml(), seed: recipe.seed,
            isInterrupted: { [interruption] in interruption?.isRequested ?? false })
    }

    // MARK: Preparation

    private func requireInputs() throws {
        if recipe.task != .contrastive, recipe.evaluate.every > 0 {
            _ = try PretrainedFeatures(recipe.evaluate.network)
        }
        for network in recipe.trainingFeatures { _ = try PretrainedFeatures(network) }
        guard recipe.task != .imageToImage || recipe.imageToImage.text else { return }
        if recipe.task == .textToImage, recipe.evaluate.every > 0, !recipe.evaluate.judge.isEmpty {
            _ = try EncoderPair(contentsOf: recipe.evaluate.judge)
        }
        if !recipe.text.isTrained {
            _ = try EncoderPair(contentsOf: recipe.text.encoder)
        } else if !recipe.text.isBuiltIn {
            _ = try PretrainedEncoder(contentsOf: recipe.text.encoder)
        }
    }

    /// Opens the run if it may be resumed and was started; otherwise makes it. Rank 0 does so for all.
    /// - Throws: before, if the ranks do not agree, or if there are too few images for the validation split.
    private func openDirectory(_ corpus: Corpus, source: Corpus? = nil) throws -> RunDirectory {
        let corpora = [corpus, source].compactMap(\.self)
        try RankAgreement(recipe, corpora: corpora, device: device).require(ranks)
        try ValidationSplit.require(recipe, of: corpora)
        return try ranks.rootFirst {
            try ranks.isRoot ? ownDirectory(corpus, source: source) : RunDirectory(joining: path)
        }
    }

    private func ownDirectory(_ corpus: Corpus, source: Corpus?) throws -> RunDirectory {
        if resumes, RunReader.isRun(path) {
            let run = try RunDirectory(opening: path)
            try requireSameRecipe(run)
            try DataRecord.require(corpus, in: run, .data)
            if let source { try DataRecord.require(source, in: run, .source) }
            return run
        }
        let start = try StartingPoint(for: recipe)
        let run = try RunDirectory(creating: path)
        if start != nil { try StartingPoint.copy(from: recipe.from, to: run) }
        // The recipe last: a directory with a recipe can be resumed.
        try DataRecord(corpus).write(in: run, .data)
        if let source { try DataRecord(source).write(in: run, .source) }
        try AtomicFile.write(recipe.yaml(), to: run.recipe)
        return run
    }

    /// Keys that may differ when a run is resumed: how long it goes on, what it writes when, and its task, so that encoders
    /// trained alone can go on to a generator.
    private static let free: Set = [
        "task", "gan.images", "gan.snapshot_every", "gan.snapshots_kept", "gan.checkpoint_every", "evaluate.every",
        "evaluate.captions", "evaluate.judge", "evaluate.network",
    ]
    /// Keys that may be changed on purpose when a run is resumed; the run then differs from an uninterrupted one.
    public static let changeable: Set = [
        "generator.learning_rate", "discriminator.learning_rate", "translator.learning_rate", "gan.batch",
        "gan.augmentation", "gan.contrastive", "gan.reconstruction", "gan.diversity",
        "gan.ema_half_life", "gan.mismatch_weight", "gan.text_noise", "gan.interpolation", "encoder.patience",
    ]

    /// Compares the recipe with the one that the run was started with, and records what changed.
    /// - Throws: `RecipeError`, which names the keys that differ and must not.
    private func requireSameRecipe(_ run: RunDirectory) throws {
        let before = try Recipe(yaml: String(contentsOfFile: run.recipe, encoding: .utf8), named: run.recipe)
        let differences = try recipe.differences(from: before)
        let refused = differences.filter {
            !Self.free.contains($0.key) && !(changes.contains($0.key) && Self.changeable.contains($0.key))
        }
        guard refused.isEmpty else {
            let list = refused.map { "\($0.key) (\($0.other) in the run, \($0.own) now)" }.joined(separator: ", ")
            let canChange = refused.allSatisfy { Self.changeable.contains($0.key) }
            throw RecipeError(
                description: "\(run.recipe) differs in \(list); "
                    + (canChange ? "pass --set to change it on purpose, " : "")
                    + "omit the recipe to resume with the run's own, or choose another --run")
        }
        guard !differences.isEmpty else { return }
        try AtomicFile.write(recipe.yaml(), to: run.recipe)
        let list = differences.map { "\($0.key) from \($0.other) to \($0.own)" }.joined(separator: ", ")
        try RunLogger(run).log("changed \(list)")
    }

    /// Logs the rows and images that could not be used, and their number.
    private func logSkipped(_ images: ImageStore, _ logger: RunLogger) throws {
        for notice in images.takeNotices() { try logger.logNotice(notice) }
        let bad = images.skipped
        for problem in bad.first.sorted(by: { $0.description < $1.description }) {
            try logger.logNotice("skipped: \(problem)")
        }
        var sum = images.corpus.skipped
        sum.add(bad)
        if sum.total > 0 { try logger.logNotice("\(sum)") }
    }
}
