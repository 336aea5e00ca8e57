import ArgumentParser
import CommandSupport
import Basics
import Checkpoints
import Corpora
import Evaluation
import Execution
import Files
import FoundationEssentials
import Inference
import JSON
import Models
import Tasks

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Evaluate a model on captions or images that it was not trained on.",
        discussion: """
            Generates one image per caption of the split and reports how well images match their captions (R-precision) and \
            how they differ from real images (Fréchet and kernel distance, precision, recall, diversity, nearest training \
            images), with real images as the upper bound and shuffled captions as chance.

            R-precision needs a judge, a pair of text and image encoders that was not used to train the model. Train one on \
            your images in half an hour on two cores (--set encoder.images=100000 for a rough one, in some five minutes):
              limn encoder train recipes/judge.yaml --data images --run runs/judge

            Of an image-to-image model, translates the images of the split and reports how near the results are to what they should \
            be: PSNR, SSIM and perceptual distance to the targets of pairs, Fréchet and kernel distance to the targets as a whole, \
            and how much of the edges is kept, each beside the untranslated sources.

            EXAMPLES
              limn evaluate models/flowers-64.safetensors --data flowers102 --colors
              limn evaluate runs/mine/model.safetensors --data images \\
                --judge runs/judge/encoder/encoder.safetensors --json
              limn evaluate models/flowers-64.safetensors --data flowers102 --report report
              limn evaluate models/denoise-64.safetensors --data flowers102 \\
                --degradation "noise 25"
              limn evaluate runs/style --data emoji-styles --class style \\
                --source-class twemoji --target-class noto
            """)

    @Argument(help: "The model, a safetensors file or a run directory.")
    var model: String

    @Option(help: "The folder of captioned images; for image-to-image, of the targets, or of both.")
    var data: String

    @OptionGroup(title: "Image-to-image options") var translation: TranslationEvaluationOptions

    @Option(help: "The split to evaluate on; \"\" is all rows.")
    var split: String = "test"

    @Option(
        help:
            "The split used for training, for the real-vs-real baseline and the nearest training images; by default train. \"\" omits both, as does a --split that contains it."
    )
    var trainingSplit: String?

    @Option(
        help: """
            The judge, a pair of encoders trained independently of the model; by default NAME-judge.safetensors next to the \
            model NAME.safetensors.
            """
    )
    var judge: String?

    @OptionGroup var features: FeatureOptions

    @Flag(help: "Measure whether flowers have the petal colours that their captions name.")
    var colors = false

    @Option(
        help: ArgumentHelp(
            "Replace words of the prompts by synonyms, and score images against the original captions. A file with one word and its synonym per line.",
            valueName: "file"))
    var synonyms: String?

    @OptionGroup var pretrained: PretrainedEncoderOption

    @OptionGroup var badFiles: BadFilesOption

    @OptionGroup var reading: ReadingOptions

    @Option(
        help: """
            Seed of the noise, of the choice of mismatched captions, and of the subsets of the kernel distance; for \
            image-to-image, of degradations and of these subsets.
            """)
    var seed: UInt64 = 0

    @OptionGroup var device: DeviceOptions

    @Flag(help: "Print the report as JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Also write a page with the report and example images, index.html, and report.json to this folder; for image-to-image report.json, samples.png (source, result, target) and all images in folders.",
            valueName: "folder"))
    var report: String?

    func run() throws {
        // Before the evaluation, which takes minutes.
        try report.map(createFolder)
        let device = device.open()
        let file = try ModelLocation.resolved(model)
        guard try ModelFile(contentsOf: file).task == .textToImage else { return try evaluateTranslation(file, device) }
        try translation.requireNone()
        let path = judge ?? EvaluateCommand.judge(of: file)
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(
                .noInput,
                "\(path): judge not found; train one with `limn encoder train recipes/judge.yaml --data \(data) --run runs/judge` "
                    + "and pass --judge runs/judge/encoder/encoder.safetensors")
        }
        let judge = try EncoderPair(contentsOf: path)
        let model = try Model(contentsOf: file)
        let networks = try features.networks(
            besides: model.configuration.trainingFeatures ?? [], of: model.configuration.name)
        let evaluator = Evaluator(
            model, judge: judge, measures: .init(features: networks, colors: colors), encoder: pretrained.encoder,
            device: device,
            seed: seed
        ) {
            Terminal.show("\($0) \($1)/\($2)")
        }
        let training = trainingSplit ?? "train"
        let found = try evaluator.evaluate(
            data: data, split: split.isEmpty ? nil : split, trainingSplit: training.isEmpty ? nil : training,
            badFiles: badFiles.badFiles,
            options: reading.options(),
            synonyms: synonyms.map { try Synonyms(text: InputFile.text($0), named: $0) })
        Terminal.clear()
        FeatureOptions.sayIfNone(networks)
        // Before the files, so that a full disk does not lose the figures.
        print(json ? try jsonText(found.report, isIndented: true) : found.report.table)
        if let report {
            let origin = IllustratedReport.Origin(
                command: (["limn"] + CommandLine.arguments.dropFirst()).map(quotedForShell).joined(separator: " "),
                version: Release.version, model: file, data: data, seed: seed, device: device.summary,
                date: Date().ISO8601Format())
            try AtomicFile.write(jsonText(found.report, isIndented: true) + "\n", to: "\(report)/report.json")
            try AtomicFile.write(found.page(origin), to: "\(report)/index.html")
            Terminal.say("\(report)/index.html")
        }
    }

    /// Evaluates an image-to-image model.
    private func evaluateTranslation(_ file: String, _ device: any Device) throws {
        let given: [(String, Bool)] = [
            ("--judge", judge != nil), ("--colors", colors), ("--synonyms", synonyms != nil),
            ("--training-split", trainingSplit != nil), ("--caption", reading.caption != nil),
            ("--caption-per", reading.captionPer != ReadingOptions.defaults.captionUnit),
        ]
        if let option = given.first(where: \.1) {
            throw CommandError(
                .usage, "\(option.0) is for models that make images from text; \(file) makes them from images")
        }
        let model = try TranslationModel(contentsOf: file)
        let images = try translation.images(
            data: data, split: split, classColumn: reading.classColumn, model: model)
        let networks = try features.networks(
            besides: model.configuration.trainingFeatures, of: model.configuration.name)
        guard networks.count < 2 else {
            throw CommandError(.usage, "--features may be given once for a model that makes images from images")
        }
        let found = try TranslationEvaluation(
            model, on: images, encoder: pretrained.encoder, network: networks.first,
            badFiles: badFiles.badFiles, followsLinks: reading.links.followLinks, seed: seed, device: device
        ) { Terminal.show("translated \($0)/\($1)") }
        Terminal.clear()
        FeatureOptions.sayIfNone(networks)
        print(
            json
                ? try jsonText(found.measures, isIndented: true)
                : "\(model.configuration.name) on \(data)\n\(found.measures.table)")
        if let report {
            try AtomicFile.write(jsonText(found.measures, isIndented: true) + "\n", to: "\(report)/report.json")
            try AtomicFile.write(found.sheet.pngData(), to: "\(report)/samples.png")
            for (name, images) in [("sources", found.sources), ("results", found.results), ("targets", found.targets)] {
                try createFolder("\(report)/\(name)")
                for (number, image) in images.enumerated() {
                    try AtomicFile.write(image.pngData(), to: "\(report)/\(name)/\(EvaluateCommand.name(of: number))")
                }
                try EvaluateCommand.removeImages(from: images.count, in: "\(report)/\(name)")
            }
            Terminal.say("\(report)/samples.png")
        }
    }

    /// The file of an image in the folders of a report.
    private static func name(of number: Int) -> String { "\(zeroPadded(number, width: 5)).png" }

    /// Removes images of an earlier report, those numbered from `count` on.
    private static func removeImages(from count: Int, in folder: String) throws {
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            guard let number = Int(file.dropLast(".png".count)), number >= count, file == name(of: number) else {
                continue
            }
            do {
                try FileManager.default.removeItem(atPath: "\(folder)/\(file)")
            } catch {
                throw CommandError(
                    .cannotWrite, "\(folder)/\(file): is of an earlier report and cannot be removed: \(error)")
            }
        }
    }

    /// The default path of a model's judge.
    static func judge(of model: String) -> String {
        let suffix = ".safetensors"
        return (model.hasSuffix(suffix) ? String(model.dropLast(suffix.count)) : model) + "-judge" + suffix
    }
}
