import Corpora
import Execution
import Networks

/// What a recipe would train on a corpus, without training: for `--dry-run`.
public struct TrainingPlan: CustomStringConvertible {
    /// Several lines for people.
    public let description: String

    /// Draws and compiles everything; reads the corpus's listing but no picture.
    public init(_ recipe: Recipe, data: String, device: CPUDevice) throws {
        let corpus = try Corpus(folder: data, split: recipe.data.split.isEmpty ? nil : recipe.data.split)
        var lines = [
            "recipe         \(recipe.name), seed \(recipe.seed)",
            "data           \(corpus.examples.count) pictures, \(corpus.captionCount) captions, \(corpus.classes.count) classes",
            "device         \(device.summary)",
        ]
        let encoder = recipe.encoder
        lines.append(
            encoder.file.isEmpty
                ? "encoder        \(encoder.layers) blocks of width \(encoder.width), \(encoder.images) pairs by \(encoder.batch)"
                : "encoder        \(encoder.file)")
        let gan = recipe.gan
        if gan.images > 0 {
            let trainer = try GANTrainer(recipe, embeddings: [], condition: encoder.embedding, device: device)
            let perImage = trainer.flopsPerStep / Double(gan.batch) / 1e9
            lines += [
                "networks       \(gan.family.rawValue) at \(recipe.data.side)×\(recipe.data.side)",
                "generator      \(trainer.parameterCounts.generator) parameters, width \(gan.generatorWidth)",
                "discriminator  \(trainer.parameterCounts.discriminator) parameters, width \(gan.discriminatorWidth)",
                "step           \(gan.batch) pictures, \(Journal.number(perImage, digits: 2)) GFLOP each, \(trainer.memory >> 20) MiB",
                "training       \(gan.images) pictures, \(Journal.number(perImage * Double(gan.images) / 1e6, digits: 2)) PFLOP; at 100 GFLOP/s \(Journal.duration(perImage * Double(gan.images) / 100))",
            ]
        }
        description = lines.joined(separator: "\n")
    }
}
