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
    public init(
        _ recipe: Recipe, data: String, source: String? = nil, badFiles: BadFilePolicy = .limited,
        followsLinks: Bool = false, device: any Device
    ) throws {
        if recipe.task == .imageToImage {
            let corpora = try TranslationCorpora(
                recipe, data: data, source: source, badFiles: badFiles, followsLinks: followsLinks)
            description = try TrainingPlan.translation(recipe, corpora, device: device)
            return
        }
        let corpus = try recipe.data.corpus(in: data, badFiles: badFiles, followsLinks: followsLinks)
        var lines = [
            "recipe         \(recipe.name), seed \(recipe.seed)",
            "data           \(corpus.examples.count) images, \(corpus.captionCount) captions, \(corpus.classes.count) classes",
            "device         \(device.summary)",
        ]
        let start = try StartingPoint(for: recipe)
        if let start { lines.append("start          \(start.summary(for: recipe))") }
        let cost = try TrainingPlan.cost(on: device)
        let encoder = recipe.encoder
        var condition = encoder.embedding
        if recipe.text.isTrained {
            let tower = try TextTower(recipe, captions: Array(corpus.captions), vocabulary: start?.vocabulary) { _ in []
            }
            // The cost of a step does not depend on the features' values.
            let images = try ImageTower(recipe) { _ in .placeholder(recipe.encoder.views) }
            let trainer = try ContrastiveTrainer(recipe, corpus: corpus, tower: tower, images: images, device: device)
            let steps = Double(encoder.images) / Double(encoder.batch)
            lines += [
                "encoder        \(tower.summary); \(images.summary); \(trainer.parameterCount) parameters",
                "               \(encoder.images) pairs by \(encoder.batch): \(cost(steps * trainer.flopsPerStep))",
            ]
        } else {
            condition = try SentenceEncoder(contentsOf: recipe.text.encoder).width
            lines.append("encoder        \(recipe.text.encoder), vectors of width \(condition)")
        }
        let gan = recipe.gan
        if recipe.task == .textToImage {
            let trainer = try GANTrainer(untrained: recipe, embeddings: [], condition: condition, device: device)
            let perImage = trainer.meanFlopsPerStep / Double(gan.batch)
            lines += [
                "generator      \(recipe.generator.kind.rawValue) at \(recipe.data.side)×\(recipe.data.side), width \(recipe.generator.width), \(trainer.parameterCounts.generator) parameters",
                "discriminator  \(recipe.discriminatorSummary), \(trainer.parameterCounts.discriminator) parameters",
                "step           \(gan.batch) images, \(formatted(perImage / 1e9, digits: 2)) GFLOP each, \(trainer.memory >> 20) MiB",
                "training       \(gan.images) images: \(cost(perImage * Double(gan.images)))",
            ]
        }
        description = lines.joined(separator: "\n")
    }

    /// Spells the cost of a number of arithmetic operations.
    private static func cost(on device: any Device) throws -> (Double) -> String {
        // Estimated throughput: 60 % of peak.
        let pace = 0.6 * (try PeakRates(of: device)).arithmetic
        return { "\(formatted($0 / 1e15, digits: 2)) PFLOP, about \(spelledDuration($0 / pace)) here" }
    }

    private static func translation(_ recipe: Recipe, _ corpora: TranslationCorpora, device: any Device) throws
        -> String
    {
        let (gan, side) = (recipe.gan, recipe.data.side)
        let trainer = try TranslationTrainer(untrained: recipe, device: device)
        let perImage = trainer.meanFlopsPerStep / Double(gan.batch)
        let sources = corpora.source.map { "\($0.examples.count) sources" } ?? "sources made from them"
        let discriminator =
            recipe.imageToImage.adversarial > 0
            ? "\(recipe.discriminatorSummary), \(trainer.parameterCounts.discriminator) parameters" : "none"
        return try [
            "recipe         \(recipe.name), seed \(recipe.seed)",
            "data           \(corpora.target.examples.count) targets, \(sources)",
            "device         \(device.summary)",
            "translator     \(recipe.translator.kind.rawValue) at \(side)×\(side), width \(recipe.translator.width), \(trainer.parameterCounts.generator) parameters",
            "discriminator  \(discriminator)",
            "step           \(gan.batch) images, \(formatted(perImage / 1e9, digits: 2)) GFLOP each, \(trainer.memory >> 20) MiB",
            "training       \(gan.images) images: \(cost(on: device)(perImage * Double(gan.images)))",
        ].joined(separator: "\n")
    }
}
