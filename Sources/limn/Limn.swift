import ArgumentParser
import Basics
import Glibc

@main
struct Limn: ParsableCommand {
    /// The release, as in its tag; the only place that says so.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "limn", abstract: "Generate images from sentences, and train the networks that do.",
        discussion: """
            EXAMPLES
              limn generate "a flower with purple petals and a yellow center" --out flower.png
              limn train recipes/flowers-64.yaml --data images --run runs/mine --resume
              limn evaluate models/flowers-64.safetensors --data flowers102 --split test

            EXIT CODES
              0 success · 64 bad usage · 65 bad data or model · 66 no such input · 71 out of memory
              73 output cannot be written · 130 interrupted · 1 anything else
            """,
        version: "limn \(version)",
        subcommands: [
            GenerateCommand.self, TrainCommand.self, EvaluateCommand.self, ProfileCommand.self, CorpusCommand.self,
            VocabularyCommand.self, EncoderCommand.self, EncodeCommand.self, SimilarityCommand.self,
        ])

    /// Failures end in one line on standard error and the exit code of their kind.
    static func main() {
        // A limit on the size of files should end in a message, as a full disk does, and not in a signal.
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
