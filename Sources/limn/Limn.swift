import ArgumentParser
import Basics
import Glibc

@main
struct Limn: ParsableCommand {
    /// The version of the release, as in its tag. Defined only here.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "limn", abstract: "Generate images from text, and train and evaluate text-to-image models.",
        discussion: """
            EXAMPLES
              limn generate "a purple flower with a yellow center" --out flower.png
              limn train recipes/flowers-64.yaml --data images --run runs/mine --resume
              limn evaluate models/flowers-64.safetensors --data flowers102 --split test

            EXIT CODES
              0 success · 64 invalid usage · 65 invalid data or model
              66 input not found · 71 out of memory · 73 output cannot be written
              130 interrupted · 1 other errors
            """,
        version: "limn \(version)",
        subcommands: [
            GenerateCommand.self, InterpolateCommand.self, EditCommand.self, TrainCommand.self, EvaluateCommand.self,
            InfoCommand.self, ProfileCommand.self, CorpusCommand.self,
            VocabularyCommand.self, EncoderCommand.self, EncodeCommand.self, SimilarityCommand.self,
        ])

    /// Runs the command. A failure prints one line to standard error and exits with the code of its kind.
    static func main() {
        // Exceeding the limit on file sizes should be reported as an error, not end the process by a signal.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
            try StandardOutput.flush()
        } catch let failure as any ClassifiedError {
            Terminal.clear()
            Terminal.say("limn: \(failure)")
            Glibc.exit(ExitCode(failure.kind).rawValue)
        } catch {
            exit(withError: error)
        }
    }
}
