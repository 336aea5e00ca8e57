import Basics
import Checkpoints
import Corpora
import Evaluation
import Execution
import Files
import Images
import Inference
import Models
import Networks
import RandomStreams
import Training

/// Training of a translator of images: the `gan:` stage of a recipe whose task is `image-to-image`.
final class ImageToImageTask: TrainingTask {
    let name = "gan"
    private let output: AdversarialOutput
    private let images: TranslationImages
    private let trainer: TranslationTrainer
    /// The text encoder; nil if the translation does not depend on text.
    private let encoder: SentenceEncoder?
    private let features: TranslationFeatures?
    /// Examples of the sources and of the targets that nothing is trained on: those that cannot be used, and the validation split.
    private let excluded: (source: Set<Int>, target: Set<Int>)
    private let samples: ValidationImages
    private let validation: ValidationImages

    /// Compiles the networks.
    /// - Parameters:
    ///   - output: where results go; its recipe and device are those of the training.
    ///   - text: the text encoder and the vectors of the targets' captions; nil if the translation does not depend on text.
    /// - Throws: among others if `evaluate:` measures, and too few images of the validation split can be decoded.
    init(
        _ output: AdversarialOutput, images: TranslationImages,
        text: (encoder: SentenceEncoder, vectors: CaptionVectors)?
    ) throws {
        self.output = output
        self.images = images
        encoder = text?.encoder
        let (recipe, device) = (output.recipe, output.device)
        let unusable = try images.unusablePairs(agreedBy: device.ranks)
        let targets = ValidationSplit(images.target, share: recipe.data.holdOut).examples
        let sources =
            images.isPaired
            ? targets : images.source.map { ValidationSplit($0, share: recipe.data.holdOut).examples } ?? []
        excluded = (unusable.union(sources), unusable.union(targets))
        let kept = (
            source: sources.filter { !unusable.contains($0) }, target: targets.filter { !unusable.contains($0) }
        )
        validation = try ValidationImages(images, kept, count: recipe.evaluate.every > 0 ? recipe.evaluate.captions : 0)
        // Of a corpus too small for a validation split, training images.
        func first(_ examples: [Int], of store: ImageStore?) -> [Int] {
            examples.isEmpty
                ? (store?.corpus.examples.indices).map {
                    Array($0.lazy.filter { !unusable.contains($0) }.prefix(ImageToImageTask.shown))
                } ?? [] : examples
        }
        samples = try ValidationImages(
            images,
            (
                first(kept.source, of: images.source ?? images.target), first(kept.target, of: images.target)
            ), count: ImageToImageTask.shown)
        trainer = try TranslationTrainer(
            recipe, embeddings: text.map { try $0.vectors.vectors($0.encoder) } ?? [], condition: encoder?.width ?? 0,
            frozen: recipe.imageToImage.adversarial == 0
                ? FrozenFeatures(device: device)
                : FrozenFeatures(
                    recipe.translationDiscriminator(condition: encoder?.width ?? 0), images: images.target,
                    run: output.run,
                    device: device, seed: recipe.seed),
            device: device)
        guard recipe.evaluate.every > 0 else {
            features = nil
            return
        }
        try ValidationSplit.require(validation.targets.count)
        try ValidationSplit.require(validation.sources.count)
        features = try TranslationFeatures(
            PretrainedFeatures(recipe.evaluate.network), device: device.with(precision: .float32))
    }

    var schedule: TrainingSchedule { output.schedule }
    var state: TrainingState { trainer.state }
    private var recipe: Recipe { output.recipe }
    private var device: any Device { output.device }

    func prepare() throws {
        let counts = trainer.networks.parameterCounts
        let flops = trainer.networks.flops / 1e9 / Double(recipe.gan.batch)
        try output.logger.log(
            "gan: translator\(recipe.imageToImage.cycle > 0 ? "s" : "") \(counts.generator) and discriminator "
                + "\(counts.discriminator) parameters, \(formatted(flops, digits: 2)) GFLOP per image, "
                + "\(trainer.networks.memory >> 20) MiB")
    }

    func batches(firstImage: Int) throws -> TranslationBatches {
        try TranslationBatches(
            images, recipe, excluding: excluded, firstImage: firstImage, ranks: device.ranks)
    }

    func step(_ batch: TranslationBatch) throws -> Measurements { try trainer.step(batch) }

    func progressDetail(_ measurements: Measurements) -> String {
        ["loss.pixels", "loss.contrastive", "loss.cycle", "logits.real", "logits.fake"].compactMap { name in
            measurements[name].map {
                "\(name.split(separator: ".")[1]) \(formatted($0, digits: name == "loss.pixels" ? 4 : 2))"
            }
        }.joined(separator: " ")
    }

    /// Measures the averaged translator on the validation split.
    func validate() throws -> String? {
        let model = model(card: "")
        let results = try translator(model).translate(validation.sources, prompts: prompts(validation))
        let returned =
            model.configuration.hasReverse ? try translator(model, isReverse: true).translate(results) : nil
        let measures = try TranslationMeasures(
            sources: validation.sources, results: results, targets: validation.targets, arePairs: images.isPaired,
            returned: returned, network: features, seed: recipe.seed)
        let (seen, values) = (state.imagesSeen, measures.values)
        try output.writeValidation(
            values.merging(["images": Double(seen)]) { $1 }, values,
            summary: "validation after \(seen) images: \(measures.summary)", imagesSeen: seen)
        return nil
    }

    /// Writes the averaged translator as a model, and samples: source, result and, of pairs, target.
    func writeSnapshot() throws {
        let written = try output.writeSnapshot(model(card: card()), imagesSeen: state.imagesSeen)
        let results = try translator(written).translate(samples.sources, prompts: prompts(samples))
        var columns = [samples.sources, results]
        // With text, the image whose caption the result should follow.
        if images.isPaired || encoder != nil { columns.append(samples.targets) }
        if written.configuration.hasReverse {
            columns += [samples.targets, try translator(written, isReverse: true).translate(samples.targets)]
        }
        // There may be fewer targets than sources; source n has the caption of target n modulo their number.
        columns.removeAll(where: \.isEmpty)
        let shown = samples.sources.indices.flatMap { row in columns.map { $0[row % $0.count] } }
        let grid = Image.grid(shown, columns: columns.count * ImageToImageTask.shown / 8)
        try output.writeSamples(grid, imagesSeen: state.imagesSeen)
    }

    func finish() throws { try output.finish() }

    /// Images shown in a sample grid, eight per column.
    private static let shown = 24

    private func translator(_ model: TranslationModel, isReverse: Bool = false) throws -> ImageTranslator {
        try ImageTranslator(model, isReverse: isReverse, device: device)
    }

    /// One caption of a target per source; none if the translation does not depend on text.
    private func prompts(_ images: ValidationImages) -> [String] { encoder == nil ? [] : images.prompts }

    private func model(card: String) -> TranslationModel {
        let stored = encoder?.stored
        return TranslationModel(
            configuration: .init(
                name: recipe.name, translator: trainer.translatorSizes, side: recipe.data.side,
                hasReverse: recipe.imageToImage.cycle > 0, degradation: recipe.imageToImage.degradation,
                trainingFeatures: recipe.trainingFeatures.sorted { $0.rawValue < $1.rawValue },
                aspect: recipe.data.modelAspect, encoder: stored?.builtIn, pretrained: stored?.pretrained),
            vocabulary: stored?.vocabulary,
            arrays: trainer.averagedArrays.merging(encoder?.arrays.above("encoder") ?? [:]) { $1 }, card: card)
    }

    private func card() throws -> String {
        let side = recipe.data.side
        let sources =
            images.source.map { "\($0.corpus.examples.count - excluded.source.count) sources" }
            ?? "sources made by \(images.degradations.map(\.description).joined(separator: ", "))"
        return try output.card(
            kind: "An image-to-image translator trained with Limn on images of \(side)×\(side): "
                + "\(recipe.translator.kind.rawValue), \(trainer.networks.parameterCounts.generator) parameters",
            data: "\(images.target.corpus.examples.count - excluded.target.count) targets and \(sources), "
                + (images.isPaired ? "in pairs" : "not paired"),
            state: state)
    }
}
