import ArgumentParser
import Corpora
import Execution
import Glibc
import Training

/// What `limn train` and `limn encoder train` ask alike.
struct TrainingOptions: ParsableArguments {
    @Option(help: "The folder of captioned images.")
    var data: String

    @Option(name: .customLong("run"), help: ArgumentHelp("The run directory.", valueName: "dir"))
    var directory: String

    @Option(help: ArgumentHelp("Change one key of the recipe; may be repeated.", valueName: "key=value"))
    var set: [String] = []

    @OptionGroup var badFiles: BadFilesOption

    @Flag(help: "Go on with the run, or start it when nothing is there.")
    var resume = false

    @Flag(help: "Print what would be trained and what it costs, and stop.")
    var dryRun = false

    @Option(help: "Threads; all processors by default.")
    var threads: Int?

    /// Trains what the recipe says, or prints the plan of it.
    /// - Parameters:
    ///   - recipe: path of the recipe, `-` for standard input.
    ///   - images: what to put in place of the recipe's `gan.images`; 0 trains the encoders alone.
    func train(recipe path: String, images: Int?) throws {
        try Paths.requireNotEmpty(("--data", data), ("--run", directory))
        let settings = set + (images.map { ["gan.images=\($0)"] } ?? [])
        let recipe = try Recipe(yaml: InputFile.text(path), named: path, settings: settings)
        let device = CPUDevice(threads: threads, precision: recipe.precision)
        if dryRun {
            print(try TrainingPlan(recipe, data: data, device: device).description)
            return
        }
        // Progress that nobody reads any more is no reason to stop a training.
        signal(SIGPIPE, SIG_IGN)
        let interruption = Interruption { Terminal.say("\nstopping after this step; once more ends at once") }
        let run = try TrainingRun(
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
