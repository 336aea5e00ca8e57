import ArgumentParser
import Execution
import FoundationEssentials
import Training

#if canImport(Glibc)
    import Glibc
#endif

struct EncoderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encoder", abstract: "Train what reads captions, and what judges pictures by them.",
        discussion: """
            EXAMPLE
              limn encoder train recipes/flowers-judge.yaml --data flowers --run runs/judge
            """,
        subcommands: [Train.self])

    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Train a text encoder against an image encoder, and no generator.",
            discussion: """
                The result, encoder/encoder.safetensors in the run directory, is what text.encoder of a recipe and limn \
                evaluate --judge take. A share of the pictures is held out (encoder.hold_out); how many of them find their \
                captions, and captions their pictures, is told twenty times in a training, and the encoders that find \
                most are kept.

                EXAMPLES
                  limn encoder train recipes/flowers-judge.yaml --data flowers --run runs/judge
                  limn encoder train recipes/flowers-64.yaml --data flowers --run runs/words --set encoder.patience=5
                """)

        @Argument(help: "The recipe, a YAML file; what it says of the generator is not used.")
        var recipe: String

        @Option(help: "The folder of captioned pictures.")
        var data: String

        @Option(name: .customLong("run"), help: ArgumentHelp("The run directory.", valueName: "dir"))
        var directory: String

        @Option(help: ArgumentHelp("Change one key of the recipe; may be repeated.", valueName: "key=value"))
        var set: [String] = []

        @OptionGroup
        var badFiles: BadFilesOption

        @Flag(help: "Go on with the run, or start it when nothing is there.")
        var resume = false

        @Option(help: "Threads; all processors by default.")
        var threads: Int?

        func run() throws {
            var train = TrainCommand()
            (train.recipe, train.data, train.directory, train.threads) = (recipe, data, directory, threads)
            train.badFiles = badFiles
            (train.set, train.images, train.resume, train.dryRun) = (set, 0, resume, false)
            try train.run()
        }
    }
}
