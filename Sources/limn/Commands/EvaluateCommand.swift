import ArgumentParser
import Basics
import Corpora
import Evaluation
import FoundationEssentials
import Networks
import Inference
import Models

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measure a model on captions it was not trained on.",
        discussion: """
            Generates one image for each caption of the split and prints how well images match their captions \
            (R-precision by a judge that had no part in the training) and how far they are from real ones (Fréchet and \
            kernel distance, precision, recall, diversity, nearest training images), each beside what real images and chance \
            reach.

            The judge is a pair of encoders; train one on your images in a few minutes:
              limn encoder train recipes/judge.yaml --data images --run runs/judge

            EXAMPLES
              limn evaluate models/flowers-64.safetensors --data flowers102 --split test --colors
              limn evaluate runs/mine/model.safetensors --data images --split test --judge runs/judge/encoder/encoder.safetensors --json
            """)

    @Argument(help: "The model, a safetensors file.")
    var model: String

    @Option(help: "The folder of captioned images.")
    var data: String

    @Option(help: "The part of it to measure on.")
    var split: String = "test"

    @Option(
        help:
            "The part that was trained on, for the real-vs-real baseline and the nearest training images; \"\" skips them."
    )
    var trainingSplit: String = "train"

    @Option(
        help: """
            The judge, a pair of encoders trained apart from the model; by default NAME-judge.safetensors beside \
            NAME.safetensors.
            """
    )
    var judge: String?

    @Option(
        help: ArgumentHelp(
            "Frozen network in whose features distances are measured, by name (scripts/get-features fetches it) or as a safetensors file; may be repeated. By default efficientnet-lite2, and no distances where it is missing.",
            valueName: "network"))
    var features: [String] = []

    @Flag(help: "Measure even in the features of the network that the model was trained with.")
    var allowTrainingFeatures = false

    @Flag(help: "Measure whether flowers have the colours that their captions give the petals.")
    var colors = false

    @Option(
        help: ArgumentHelp(
            "Generate from captions with other words, judged by the captions as they are: one word and its synonym per line.",
            valueName: "file"))
    var synonyms: String?

    @Option(
        help: ArgumentHelp(
            "The folder of the pretrained encoder that the model names; by default its original path, then next to the model.",
            valueName: "folder"))
    var encoder: String?

    @OptionGroup var badFiles: BadFilesOption

    @Option(name: .customLong("class"), help: "The metadata column that holds the class, as data.class of a recipe.")
    var classColumn = "class"

    @Option(help: "A template of further captions, such as \"{text}, {style} style\", as data.caption of a recipe.")
    var caption: String?

    @Option(help: "Seed of the noise and of the captions that are compared.")
    var seed: UInt64 = 0

    @OptionGroup var device: DeviceOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let device = try device.open()
        let path = judge ?? EvaluateCommand.judge(of: model)
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(
                .noInput,
                "\(path): no such judge; train one with `limn encoder train recipes/judge.yaml --data \(data) --run runs/judge` "
                    + "and name runs/judge/encoder/encoder.safetensors with --judge")
        }
        let judge = try EncoderPair(contentsOf: path)
        let model = try Model(contentsOf: model)
        let networks = try features.isEmpty ? defaultFeatures() : features.map { try EvaluateCommand.network($0) }
        for network in networks where !allowTrainingFeatures {
            guard model.configuration.trainingFeatures?.contains(network.network) != true else {
                throw CommandError(
                    .usage,
                    "\(network.network.rawValue) took part in the training of \(model.configuration.name), which makes its "
                        + "distances too good; name another --features, or say --allow-training-features")
            }
        }
        let evaluator = Evaluator(
            model, judge: judge, measures: .init(features: networks, colors: colors), encoder: encoder, device: device,
            seed: seed
        ) {
            Terminal.show("\($0) \($1)/\($2)")
        }
        let report = try evaluator.evaluate(
            data: data, split: split, trainingSplit: trainingSplit.isEmpty ? nil : trainingSplit,
            badFiles: badFiles.badFiles,
            columns: CorpusColumns(className: classColumn, template: caption.map { try CaptionTemplate($0) }),
            synonyms: synonyms.map { try Synonyms(text: InputFile.text($0), named: $0) })
        Terminal.clear()
        if networks.isEmpty {
            let name = FeatureNetwork.efficientNetLite2.rawValue
            Terminal.say("no distances are measured without \(name); get it with scripts/get-features \(name)")
        }
        guard json else {
            print(report.table)
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }

    /// Where a model's judge lies unless another is named.
    static func judge(of model: String) -> String {
        let suffix = ".safetensors"
        return (model.hasSuffix(suffix) ? String(model.dropLast(suffix.count)) : model) + "-judge" + suffix
    }

    /// EfficientNet-Lite2 where it is there; else none.
    private func defaultFeatures() throws -> [PretrainedFeatures] {
        let network = FeatureNetwork.efficientNetLite2
        let isThere = FileManager.default.fileExists(atPath: PretrainedFeatures.path(of: network))
        return isThere ? [try PretrainedFeatures(network)] : []
    }

    /// The network of a name or a file.
    private static func network(_ text: String) throws -> PretrainedFeatures {
        if let network = FeatureNetwork(rawValue: text) { return try PretrainedFeatures(network) }
        guard text.hasSuffix(".safetensors") else {
            let known = FeatureNetwork.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandError(.usage, "--features \(text): expected a safetensors file or one of \(known)")
        }
        return try PretrainedFeatures(contentsOf: text)
    }
}
