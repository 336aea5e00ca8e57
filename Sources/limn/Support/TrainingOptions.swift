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

    @Option(help: ArgumentHelp("Override one key of the recipe; may be repeated.", valueName: "key=value"))
    var set: [String] = []

    @OptionGroup var badFiles: BadFilesOption

    @Flag(help: "Resume the run from its last checkpoint, or start it if the directory is empty.")
    var resume = false

    @Flag(help: "Print the networks, their sizes and the estimated cost, and exit without training.")
    var dryRun = false

    @OptionGroup var device: DeviceOptions

    /// Trains a recipe, or prints its plan with `--dry-run`.
    /// - Parameters:
    ///   - recipe: path of the recipe, `-` for standard input.
    ///   - overrides: further changes of the recipe, in the form of `--set`.
    func train(recipe path: String, overrides: [String] = []) throws {
        try Paths.requireNotEmpty(("--data", data), ("--run", directory))
        let recipe = try Recipe(yaml: InputFile.text(path), named: path, settings: set + overrides)
        let device = try device.open(precision: recipe.precision)
        if dryRun {
            print(try TrainingPlan(recipe, data: data, badFiles: badFiles.badFiles, device: device).description)
            return
        }
        // Training must survive the end of a process that reads its output.
        signal(SIGPIPE, SIG_IGN)
        let interruption = Interruption {
            Terminal.say("\nstopping after this step; press Ctrl-C again to stop at once")
        }
        let run = TrainingRun(
            recipe, data: data, path: directory, badFiles: badFiles.badFiles, resume: resume, device: device,
            interruption: interruption)
        guard try run.train() == .finished else { throw ExitCode(130) }
    }
}

/// How to treat unusable rows and images.
struct BadFilesOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How to treat unusable rows and images: few skips them as long as they are at most 1 % of all, skip skips any \
            number, fail stops at the first.
            """, valueName: "few|skip|fail"))
    var badFiles = BadFilePolicy.limited
}

extension BadFilePolicy: ExpressibleByArgument {}
