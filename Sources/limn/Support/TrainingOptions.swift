import ArgumentParser
import CommandSupport
import Basics
import Checkpoints
import Execution
import FoundationEssentials
import Glibc
import Tasks
import Training

/// Options of `limn train` and `limn encoder train`.
struct TrainingOptions: ParsableArguments {
    @Option(help: "The folder of captioned images; with --resume, by default the run's own.")
    var data: String?

    @Option(
        help: ArgumentHelp(
            "For image-to-image, the folder of the sources, if they are not in the folder of the targets.",
            valueName: "folder"))
    var source: String?

    @Option(help: ArgumentHelp("For image-to-image, the folder of the targets; same as --data.", valueName: "folder"))
    var target: String?

    @Option(name: .customLong("run"), help: ArgumentHelp("The run directory.", valueName: "dir"))
    var directory: String

    @Option(help: ArgumentHelp("Override one key of the recipe; may be repeated.", valueName: "key=value"))
    var set: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            Start with the text encoder and the generator of a model, or with the encoders and the generator of a run, \
            instead of random values; same as --set from=MODEL.
            """, valueName: "model|run"))
    var from: String?

    @OptionGroup var badFiles: BadFilesOption

    @OptionGroup var links: LinksOption

    @Flag(help: "Resume the run from its last checkpoint, or start it if the directory is empty.")
    var resume = false

    @Flag(help: "Print the networks, their sizes and the estimated cost, and exit without training.")
    var dryRun = false

    @OptionGroup var device: DeviceOptions

    @OptionGroup var ranks: RankOptions

    /// Trains a recipe, or prints its plan with `--dry-run`.
    /// - Parameters:
    ///   - recipe: path of the recipe, `-` for standard input; nil resumes with the run's own.
    ///   - overrides: further changes of the recipe, in the form of `--set`.
    func train(recipe path: String?, overrides: [String] = []) throws {
        try Paths.requireNotEmpty(
            ("--data", data), ("--source", source), ("--target", target), ("--run", directory), ("--from", from))
        let own = "\(directory)/\(RunDirectory.recipeName)"
        let isStarted = resume && FileManager.default.fileExists(atPath: own)
        guard let file = path ?? (isStarted ? own : nil) else {
            throw CommandError(.usage, "no recipe; name one, or --resume a run that was started (\(own) is missing)")
        }
        guard data == nil || target == nil else {
            throw CommandError(.usage, "--target is the same as --data; pass one of them")
        }
        guard let data = try data ?? target ?? (isStarted ? DataRecord.folder(ofRun: directory) : nil) else {
            throw CommandError(.usage, "no data; name the folder of images with --data")
        }
        // Sources in the folder of the targets have a record too.
        let recorded = try isStarted ? DataRecord.folder(ofRun: directory, .source) : nil
        let source = source ?? (recorded == data ? nil : recorded)
        let settings = set + (from.map { ["from=\($0)"] } ?? []) + overrides
        let recipe = try Recipe(yaml: InputFile.text(file), named: file, settings: settings)
        guard self.source == nil || recipe.task == .imageToImage else {
            throw CommandError(
                .usage, "--source is for recipes with task: image-to-image; this one is \(recipe.task.rawValue)")
        }
        let changes = Set(settings.compactMap { $0.split(separator: "=").first.map(String.init) })
        if dryRun {
            let device = device.open(precision: recipe.precision)
            let plan = try TrainingPlan(
                recipe, data: data, source: source, badFiles: badFiles.badFiles, followsLinks: links.followLinks,
                device: device)
            print(plan.description)
            return
        }
        try ranks.launch(readsInput: file == "-")
        let device = try ranks.open(device, precision: recipe.precision)
        // Training must survive the end of a process that reads its output.
        signal(SIGPIPE, SIG_IGN)
        let interruption = Interruption { [ranks = device.ranks] in
            ranks.limitWaiting()
            guard ranks.isRoot else { return }
            Terminal.say("\nstopping after this step; press Ctrl-C again to stop at once")
        }
        let run = TrainingRun(
            recipe, data: data, source: source, path: directory, badFiles: badFiles.badFiles,
            followsLinks: links.followLinks,
            resume: resume, changes: changes, device: device, interruption: interruption)
        try RankOptions.run(device) {
            guard try run.train() == .finished else { throw ExitCode(.interrupted) }
        }
    }
}
