import ArgumentParser
import Corpora
import Basics
import Execution
import Glibc
import Tasks
import Training

/// Options of `limn train` and `limn encoder train`.
struct TrainingOptions: ParsableArguments {
    @Option(help: "The folder of captioned images.")
    var data: String

    @Option(name: .customLong("run"), help: ArgumentHelp("The run directory.", valueName: "dir"))
    var directory: String

    @Option(help: ArgumentHelp("Change one key of the recipe; may be repeated.", valueName: "key=value"))
    var set: [String] = []

    @OptionGroup var badFiles: BadFilesOption

    @Flag(help: "Resume the run, or start it if the directory is empty.")
    var resume = false

    @Flag(help: "Print what would be trained and what it costs, and stop.")
    var dryRun = false

    @OptionGroup var device: DeviceOptions

    /// Trains what the recipe says, or prints the plan of it.
    /// - Parameters:
    ///   - recipe: path of the recipe, `-` for standard input.
    ///   - overrides: further changes of the recipe, as `--set` takes them.
    func train(recipe path: String, overrides: [String] = []) throws {
        try Paths.requireNotEmpty(("--data", data), ("--run", directory))
        let recipe = try Recipe(yaml: InputFile.text(path), named: path, settings: set + overrides)
        let device = try device.open(precision: recipe.precision)
        if dryRun {
            print(try TrainingPlan(recipe, data: data, badFiles: badFiles.badFiles, device: device).description)
            return
        }
        // A training must survive the end of whatever reads its progress.
        signal(SIGPIPE, SIG_IGN)
        let interruption = Interruption { Terminal.say("\nstopping after this step; once more ends at once") }
        let run = TrainingRun(
            recipe, data: data, path: directory, badFiles: badFiles.badFiles, resume: resume, device: device,
            interruption: interruption)
        guard try run.train() == .finished else { throw ExitCode(130) }
    }
}

/// How rows and images that cannot be used are treated.
struct BadFilesOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How to treat rows and images that cannot be used: few skips them while they are at most 1 %, skip skips any \
            number, fail stops at the first.
            """, valueName: "few|skip|fail"))
    var badFiles = BadFilePolicy.limited
}

extension BadFilePolicy: ExpressibleByArgument {}
