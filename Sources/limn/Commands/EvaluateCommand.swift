import ArgumentParser
import CommandSupport
import Basics
import Corpora
import Evaluation
import Files
import FoundationEssentials
import Networks
import Inference
import Models

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Evaluate a model on captions that it was not trained on.",
        discussion: """
            Generates one image per caption of the split and reports how well images match their captions (R-precision) and \
            how they differ from real images (Fréchet and kernel distance, precision, recall, diversity, nearest training \
            images), with real images as the upper bound and shuffled captions as chance.

            R-precision needs a judge, a pair of text and image encoders that was not used to train the model. Train one on \
            your images in a few minutes:
              limn encoder train recipes/judge.yaml --data images --run runs/judge

            EXAMPLES
              limn evaluate models/flowers-64.safetensors --data flowers102 --colors
              limn evaluate runs/mine/model.safetensors --data images \\
                --judge runs/judge/encoder/encoder.safetensors --json
              limn evaluate models/flowers-64.safetensors --data flowers102 --report report
            """)

    @Argument(help: "The model, a safetensors file or a run directory.")
    var model: String

    @Option(help: "The folder of captioned images.")
    var data: String

    @Option(help: "The split to evaluate on; \"\" is all rows.")
    var split: String = "test"

    @Option(
        help:
            "The split used for training, for the real-vs-real baseline and the nearest training images; \"\" omits both."
    )
    var trainingSplit: String = "train"

    @Option(
        help: """
            The judge, a pair of encoders trained independently of the model; by default NAME-judge.safetensors next to the \
            model NAME.safetensors.
            """
    )
    var judge: String?

    @Option(
        help: ArgumentHelp(
            "Frozen network in whose features distances are measured: a name (see scripts/get-features) or a safetensors file; may be repeated. By default efficientnet-lite2; without its file, no distances are measured.",
            valueName: "network"))
    var features: [String] = []

    @Flag(help: "Allow --features networks that were used to train the model.")
    var allowTrainingFeatures = false

    @Flag(help: "Measure whether flowers have the petal colours that their captions name.")
    var colors = false

    @Option(
        help: ArgumentHelp(
            "Replace words of the prompts by synonyms, and score images against the original captions. A file with one word and its synonym per line.",
            valueName: "file"))
    var synonyms: String?

    @Option(
        help: ArgumentHelp(
            "The folder of the pretrained text encoder that the model refers to; by default its original path, then next to the model.",
            valueName: "folder"))
    var encoder: String?

    @OptionGroup var badFiles: BadFilesOption

    @OptionGroup var reading: ReadingOptions

    @Option(help: "Seed of the noise and of the choice of mismatched captions.")
    var seed: UInt64 = 0

    @OptionGroup var device: DeviceOptions

    @Flag(help: "Print the report as JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Also write a page with the report and example images, index.html, and report.json to this folder.",
            valueName: "folder"))
    var report: String?

    func run() throws {
        // Before the evaluation, which takes minutes.
        try report.map(EvaluateCommand.createFolder)
        let device = try device.open()
        let file = try ModelLocation.resolved(model)
        let path = judge ?? EvaluateCommand.judge(of: file)
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(
                .noInput,
                "\(path): judge not found; train one with `limn encoder train recipes/judge.yaml --data \(data) --run runs/judge` "
                    + "and pass --judge runs/judge/encoder/encoder.safetensors")
        }
        let judge = try EncoderPair(contentsOf: path)
        let model = try Model(contentsOf: file)
        let networks = try features.isEmpty ? defaultFeatures() : features.map { try EvaluateCommand.network($0) }
        for network in networks where !allowTrainingFeatures {
            guard model.configuration.trainingFeatures?.contains(network.network) != true else {
                throw CommandError(
                    .usage,
                    "\(network.network.rawValue) was used to train \(model.configuration.name), so its distances are too "
                        + "optimistic; use another network with --features, or pass --allow-training-features")
            }
        }
        let evaluator = Evaluator(
            model, judge: judge, measures: .init(features: networks, colors: colors), encoder: encoder, device: device,
            seed: seed
        ) {
            Terminal.show("\($0) \($1)/\($2)")
        }
        let found = try evaluator.evaluate(
            data: data, split: split.isEmpty ? nil : split, trainingSplit: trainingSplit.isEmpty ? nil : trainingSplit,
            badFiles: badFiles.badFiles,
            options: reading.options(),
            synonyms: synonyms.map { try Synonyms(text: InputFile.text($0), named: $0) })
        Terminal.clear()
        if networks.isEmpty {
            let name = FeatureNetwork.efficientNetLite2.rawValue
            Terminal.say("distances are not measured without \(name); download it with scripts/get-features \(name)")
        }
        func encoded() throws -> String {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            return String(decoding: try encoder.encode(found.report), as: UTF8.self)
        }
        // Before the files, so that a full disk does not lose the figures.
        print(json ? try encoded() : found.report.table)
        if let report {
            let origin = IllustratedReport.Origin(
                command: (["limn"] + CommandLine.arguments.dropFirst()).map(quotedForShell).joined(separator: " "),
                version: Release.version, model: file, data: data, seed: seed, device: device.summary,
                date: Date().ISO8601Format())
            try AtomicFile.write(encoded() + "\n", to: "\(report)/report.json")
            try AtomicFile.write(found.page(origin), to: "\(report)/index.html")
            Terminal.say("\(report)/index.html")
        }
    }

    private static func createFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FileError(.createFolder, path, code: posixCode(error))
        }
    }

    /// The default path of a model's judge.
    static func judge(of model: String) -> String {
        let suffix = ".safetensors"
        return (model.hasSuffix(suffix) ? String(model.dropLast(suffix.count)) : model) + "-judge" + suffix
    }

    /// EfficientNet-Lite2 if its file exists; otherwise none.
    private func defaultFeatures() throws -> [PretrainedFeatures] {
        let network = FeatureNetwork.efficientNetLite2
        let exists = FileManager.default.fileExists(atPath: PretrainedFeatures.path(of: network))
        return exists ? [try PretrainedFeatures(network)] : []
    }

    /// The network with a name or in a file.
    private static func network(_ text: String) throws -> PretrainedFeatures {
        if let network = FeatureNetwork(rawValue: text) { return try PretrainedFeatures(network) }
        guard text.hasSuffix(".safetensors") else {
            let known = FeatureNetwork.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandError(.usage, "--features \(text): expected a safetensors file or one of \(known)")
        }
        return try PretrainedFeatures(contentsOf: text)
    }
}
