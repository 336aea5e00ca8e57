import ArgumentParser
import CommandSupport

@main
struct Limn: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limn",
        abstract: "Generate images from text, translate images, and train and evaluate models of both kinds.",
        discussion: """
            EXAMPLES
              limn generate "a purple flower with a yellow center" --out flower.png
              limn translate denoise.safetensors photos/ --out clean/
              limn serve
              limn train recipes/flowers-64.yaml --data images --run runs/mine --resume
              limn evaluate models/flowers-64.safetensors --data flowers102 --split test

            EXIT CODES
              0 success · 64 invalid usage · 65 invalid data or model
              66 input not found · 71 out of memory · 73 output cannot be written
              130 interrupted · 1 other errors
            """,
        version: "limn \(Release.version)",
        subcommands: [
            GenerateCommand.self, InterpolateCommand.self, EditCommand.self, TranslateCommand.self, ServeCommand.self,
            TrainCommand.self, EvaluateCommand.self, InfoCommand.self, ExportCommand.self, ProfileCommand.self,
            CorpusCommand.self,
            VocabularyCommand.self, EncoderCommand.self, EncodeCommand.self, SimilarityCommand.self,
        ])

    static func main() { runProgram(finish: StandardOutput.flush) }
}
