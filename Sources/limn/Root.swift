import ArgumentParser
import Checkpoints
import Corpora
import Evaluation
import Images
import Language
import Layers
import Networks
import Synthesis
import Training

#if canImport(Glibc)
    import Glibc
#endif

@main
struct Root: ParsableCommand {
    /// The release, as in its tag; the only place that says so.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "limn", abstract: "Paint pictures from sentences, and train the networks that do.",
        discussion: """
            EXAMPLES
              limn generate "a flower with purple petals and a yellow center" --out flower.png
              limn train recipes/flowers-64.yaml --data pictures --run runs/mine --resume
              limn evaluate models/flowers-64.safetensors --data flowers102 --split test

            EXIT CODES
              0 done · 64 bad usage · 65 bad data or model · 66 no such input · 73 output cannot be written
              1 anything else · 130 interrupted
            """,
        version: "limn \(version)",
        subcommands: [
            GenerateCommand.self, TrainCommand.self, EvaluateCommand.self, ProfileCommand.self, CorpusCommand.self,
            VocabularyCommand.self, EncoderCommand.self, EncodeCommand.self, SimilarityCommand.self,
        ])

    /// Failures end in one line on standard error and the code that fits them.
    static func main() {
        // A limit on the size of files should end in a message, as a full disk does, and not in a signal.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
            try StandardOutput.flush()
        } catch let failure as CommandError {
            fail(failure, failure.exit)
        } catch let failure as CheckpointError {
            switch failure {
            case .refused: fail(failure, failure.isAboutInput ? .noInput : .cannotCreate)
            case .runExists, .runInUse: fail(failure, .cannotCreate)
            default: fail(failure, .badData)
            }
        } catch let failure as CorpusError {
            switch failure {
            case .noSuchFolder, .cannotRead: fail(failure, .noInput)
            case .folderNotEmpty, .cannotWrite: fail(failure, .cannotCreate)
            default: fail(failure, .badData)
            }
        } catch let failure as ImageError {
            fail(failure, .badData)
        } catch let failure as LanguageError {
            if case .sizeOutOfRange = failure { fail(failure, .usage) }
            if case .unreadable = failure { fail(failure, .noInput) }
            fail(failure, .badData)
        } catch let failure as ModelError {
            fail(failure, .badData)
        } catch let failure as Synonyms.FormatError {
            fail(failure, .badData)
        } catch let failure as EvaluationError {
            fail(failure, .badData)
        } catch let failure as ParameterMismatch {
            fail(failure, .badData)
        } catch let failure as StateError {
            fail(failure, .badData)
        } catch let failure as RecipeError {
            fail(failure, .usage)
        } catch let failure as ConfigurationError {
            fail(failure, .usage)
        } catch {
            exit(withError: error)
        }
    }

    private static func fail(_ failure: any Error, _ code: CommandError.Exit) -> Never {
        Terminal.clear()
        Terminal.say("limn: \(failure)")
        Glibc.exit(code.rawValue)
    }
}
