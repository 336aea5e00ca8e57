import ArgumentParser
import Evaluation
import Execution
import FoundationEssentials
import Synthesis

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measure a model on captions it was not trained on.",
        discussion: """
            Paints one picture for each caption of the split and prints how well pictures match their captions \
            (R-precision by a judge that had no part in the training, named colours) and how far they are from real \
            ones (Fréchet distances), each beside what real pictures and chance reach.

            EXAMPLES
              limn evaluate models/flowers-64.safetensors --data flowers102 --split test
              limn evaluate runs/mine/model.safetensors --data pictures --split test --judge runs/judge/encoder/encoder.safetensors --json
            """)

    @Argument(help: "The model, a safetensors file.")
    var model: String

    @Option(help: "The folder of captioned pictures.")
    var data: String

    @Option(help: "The part of it to measure on.")
    var split: String = "test"

    @Option(
        help:
            "The part that was trained on, for the real/real floor and the nearest training pictures; \"\" leaves them out."
    )
    var trainingSplit: String = "train"

    @Option(
        help:
            "The judge, a pair of encoders trained apart from the model; flowers-judge.safetensors beside the model by default."
    )
    var judge: String?

    @Option(help: "MobileNetV2's weights for FMD, a safetensors file.")
    var features: String?

    @Option(
        help: ArgumentHelp(
            "Paint from captions with other words, judged by the captions as they are: a word and its synonym a line.",
            valueName: "file"))
    var synonyms: String?

    @Option(
        help: ArgumentHelp(
            "Where the pretrained encoder lies that the model names; else looked for where it lay, and beside the model.",
            valueName: "folder"))
    var encoder: String?

    @OptionGroup var badFiles: BadFilesOption

    @Option(help: "Seed of the noise and of the rivals.")
    var seed: UInt64 = 0

    @Option(help: "Threads; all processors by default.")
    var threads: Int?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let device = CPUDevice(threads: threads)
        let folder = model.lastIndex(of: "/").map { String(model[...$0]) } ?? ""
        let path = judge ?? folder + "flowers-judge.safetensors"
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(.noInput, "\(path): no such judge; name a pair of encoders with --judge")
        }
        let judge = try EncoderPair(contentsOf: path)
        let evaluator = Evaluator(
            try Model(contentsOf: model), judge: judge, encoder: encoder, mobileNet: features, device: device,
            seed: seed
        ) {
            Terminal.show("\($0) \($1)/\($2)")
        }
        let report = try evaluator.evaluate(
            data: data, split: split, trainingSplit: trainingSplit.isEmpty ? nil : trainingSplit,
            badFiles: badFiles.badFiles,
            synonyms: synonyms.map { try Synonyms(text: InputFile.text($0), named: $0) })
        Terminal.clear()
        guard json else {
            print(report.table)
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
}
