import Basics
import Corpora
import Execution
import Tokenizers
import Networks
import Inference
import Models

/// The plan of a training, for `--dry-run`.
public struct TrainingPlan: CustomStringConvertible {
    /// Several lines.
    public let description: String

    /// Traces and compiles all networks; reads the corpus's listing and captions, but no image.
    /// - Throws: errors of one line (`ClassifiedError`) of the recipe, the corpus, networks and the device: `ConfigurationError`,
    ///   `CorpusError`, `ModelError`, `ExecutionError` and others.
    public init(
        _ recipe: Recipe, data: String, source: String? = nil, badFiles: BadFilePolicy = .limited,
        followsLinks: Bool = false, device: any Device
    ) throws {
        if recipe.task == .imageToImage {
            let corpora = try TranslationCorpora(
                recipe, data: data, source: source, badFiles: badFiles, followsLinks: followsLinks)
            try ValidationSplit.require(recipe, of: [corpora.target, corpora.source].compactMap(\.self))
            description = try TrainingPlan.translation(recipe, corpora, device: device)
            return
        }
        let corpus = try recipe.data.corpus(in: data, badFiles: badFiles, followsLinks: followsLinks)
        try ValidationSplit.require(recipe, of: [corpus])
        var lines = [
            "recipe         \(recipe.name), seed \(recipe.seed)",
            "data           \(corpus.examples.count) images, \(corpus.captionCount) captions, \(corpus.classes.count) classes",
            "device         \(device.summary)",
        ]
        let start = try StartingPoint(for: recipe)
        if let start { lines.append("start          \(start.summary(for: recipe))") }
        let cost = try TrainingPlan.cost(on: device)
        lines += try TrainingPlan.encoders(recipe, corpus, vocabulary: start?.vocabulary, device: device, cost: cost)
        let gan = recipe.gan
        if recipe.task == .textToImage {
            let trainer = try GANTrainer(
                untrained: recipe, embeddings: [], condition: recipe.sentenceWidth(), device: device)
            let perImage = trainer.networks.meanFlops / Double(gan.batch)
            lines += [
                "generator      \(recipe.generator.kind.rawValue) at \(recipe.data.side)×\(recipe.data.side), width \(recipe.generator.width), \(trainer.networks.parameterCounts.generator) parameters",
                "discriminator  \(recipe.discriminatorSummary), \(trainer.networks.parameterCounts.discriminator) parameters",
                "step           \(gan.batch) images, \(formatted(perImage / 1e9, digits: 2)) GFLOP each, \(trainer.networks.memory >> 20) MiB",
                "training       \(gan.images) images: \(cost(perImage * Double(gan.images), Share.adversarial))",
            ]
        }
        description = lines.joined(separator: "\n")
    }

    /// The share of the peak convolution rate that a training reaches, as measured of the recipes on two cores.
    private enum Share {
        static let adversarial = 0.45
        /// The matrices of the text encoder are small.
        static let encoder = 0.15
    }

    /// Describes the cost of a number of arithmetic operations, at a share of the peak rate.
    private static func cost(on device: any Device) throws -> (_ flops: Double, _ share: Double) -> String {
        let peak = (try PeakRates(of: device)).arithmetic
        return { "\(formatted($0 / 1e15, digits: 2)) PFLOP, about \(spelledDuration($0 / (peak * $1))) here" }
    }

    /// The text encoder and, if it is trained, the cost of that.
    private static func encoders(
        _ recipe: Recipe, _ corpus: Corpus, vocabulary: Vocabulary?, device: any Device,
        cost: (_ flops: Double, _ share: Double) -> String
    ) throws -> [String] {
        guard recipe.text.isTrained else {
            return ["encoder        \(recipe.text.encoder), vectors of width \(try recipe.sentenceWidth())"]
        }
        let encoder = recipe.encoder
        let tower = try TextTower(recipe, captions: Array(corpus.captions), vocabulary: vocabulary) { _ in [] }
        // The cost of a step does not depend on the features' values.
        let images = try ImageTower(recipe) { .placeholder(encoder, $0.network) }
        let trainer = try ContrastiveTrainer(recipe, corpus: corpus, tower: tower, images: images, device: device)
        let steps = Double(encoder.images) / Double(encoder.batch)
        return [
            "encoder        \(tower.summary); \(images.summary); \(trainer.parameterCount) parameters",
            "               \(encoder.images) pairs by \(encoder.batch): \(cost(steps * trainer.flopsPerStep, Share.encoder))",
        ]
    }

    private static func translation(_ recipe: Recipe, _ corpora: TranslationCorpora, device: any Device) throws
        -> String
    {
        let (gan, side) = (recipe.gan, recipe.data.side)
        let trainer = try TranslationTrainer(untrained: recipe, device: device)
        let perImage = trainer.networks.meanFlops / Double(gan.batch)
        let sources = corpora.source.map { "\($0.examples.count) sources" } ?? "sources made from them"
        let discriminator =
            recipe.imageToImage.adversarial > 0
            ? "\(recipe.discriminatorSummary), \(trainer.networks.parameterCounts.discriminator) parameters" : "none"
        let cost = try cost(on: device)
        let encoders =
            try recipe.imageToImage.text
            ? encoders(recipe, corpora.target, vocabulary: nil, device: device, cost: cost) : []
        let lines = [
            "recipe         \(recipe.name), seed \(recipe.seed)",
            "data           \(corpora.target.examples.count) targets, \(sources)",
            "device         \(device.summary)",
        ]
        return
            (lines + encoders + [
                "translator     \(recipe.translator.kind.rawValue) at \(side)×\(side), width \(recipe.translator.width), \(trainer.networks.parameterCounts.generator) parameters",
                "discriminator  \(discriminator)",
                "step           \(gan.batch) images, \(formatted(perImage / 1e9, digits: 2)) GFLOP each, \(trainer.networks.memory >> 20) MiB",
                "training       \(gan.images) images: \(cost(perImage * Double(gan.images), Share.adversarial))",
            ]).joined(separator: "\n")
    }
}
