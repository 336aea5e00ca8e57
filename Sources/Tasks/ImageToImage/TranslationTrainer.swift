import Execution
import Graphs
import Layers
import Models
import Networks
import RandomStreams
import Training

/// Trains a translator of images, alone or against a discriminator: pix2pix, CycleGAN or CUT, as the losses of the recipe say.
package final class TranslationTrainer {
    package let generator: OptimizedParameters
    package let discriminator: OptimizedParameters?
    package let translatorSizes: TranslatorConfiguration
    /// The step of all networks.
    package let networks: AdversarialStep
    private let recipe: Recipe
    /// Sentence vectors of all captions, [captions×condition]; empty if the translation does not depend on text.
    private let embeddings: [Float]
    private let condition: Int
    private let areas: [Int]

    /// Progress and all networks.
    package var state: TrainingState { networks.state }

    /// Traces and compiles the programs of a step.
    /// - Parameters:
    ///   - embeddings: unit sentence vectors of the targets' captions, [captions×condition], by caption number.
    ///   - condition: their width; 0 if the translation does not depend on text.
    package init(
        _ recipe: Recipe, embeddings: [Float] = [], condition: Int = 0, frozen: FrozenFeatures, device: any Device
    ) throws {
        self.recipe = recipe
        self.embeddings = embeddings
        self.condition = condition
        let gan = recipe.gan
        translatorSizes = recipe.translatorConfiguration(condition: condition)
        try translatorSizes.validate()
        let shards = device.trainingShards(forBatch: gan.batch)
        let phases = TranslationPhases(
            recipe: recipe, translatorSizes: translatorSizes,
            discriminatorSizes: recipe.translationDiscriminator(condition: condition), generator: ParameterStore(),
            discriminator: ParameterStore(), frozen: frozen, shards: shards)
        // Parameters must be declared before they are laid out.
        phases.declare()
        areas = phases.contrastedAreas()
        let generator = try OptimizedParameters(phases.generator, recipe, shards: shards, device: device)
        let discriminator =
            recipe.imageToImage.adversarial > 0
            ? try OptimizedParameters(phases.discriminator, recipe, shards: shards, device: device) : nil
        (self.generator, self.discriminator) = (generator, discriminator)
        let parameters = ParameterMap(
            generator.current.merging(discriminator?.current ?? [:]) { $1 }, frozen: frozen.parameters)
        networks = try AdversarialStep(
            generator: generator, discriminator: discriminator, gan: gan,
            discriminatorPhase: { penalty in
                try device.compile(shards: shards, parameters: parameters) { shard in
                    phases.discriminatorOutputs(penalty: penalty) {
                        discriminator?.gradientWrites(of: $0, shard: shard) ?? []
                    }
                }
            },
            generatorPhase: {
                try device.compile(shards: shards, parameters: parameters) { shard in
                    phases.generatorOutputs { generator.gradientWrites(of: $0, shard: shard) }
                }
            })
    }

    /// A trainer with neutral statistics of features, for plans and profiles: its steps cost as much as those of a training.
    /// - Parameter captions: those of the targets, if the translation depends on text and steps are made.
    package convenience init(untrained recipe: Recipe, captions: Int = 0, device: any Device) throws {
        let condition = try recipe.imageToImage.text ? recipe.sentenceWidth() : 0
        let configuration = recipe.translationDiscriminator(condition: condition)
        var frozen = try FrozenFeatures(device: device)
        if recipe.imageToImage.adversarial > 0, let network = configuration.featureNetwork {
            frozen = try FrozenFeatures(
                configuration, features: PretrainedFeatures(network), statistics: .neutral(network), imageHead: nil,
                device: device, seed: recipe.seed)
        }
        let embeddings = [Float](
            repeating: 1 / Float(max(condition, 1)).squareRoot(), count: captions * condition)
        try self.init(recipe, embeddings: embeddings, condition: condition, frozen: frozen, device: device)
    }

    /// One step on one batch.
    package func step(_ batch: TranslationBatch) throws -> Measurements {
        let factor = rateFactor
        return try networks(
            inputs(batch), batch: batch.count,
            rates: (factor * recipe.translator.learningRate, factor * recipe.discriminator.learningRate))
    }

    /// Where a step's time goes, nothing updated.
    package func profile(_ batch: TranslationBatch) throws -> [(phase: String, costs: [KernelCost])] {
        try networks.profile(inputs(batch))
    }

    /// The factor of the learning rates: 1, then linearly down to 0 over the last `decay` of the training.
    private var rateFactor: Float {
        let left = Float(recipe.gan.images - state.imagesSeen) / Float(recipe.gan.images)
        return left < recipe.imageToImage.decay ? max(left, 0) / recipe.imageToImage.decay : 1
    }

    /// The averaged translators as the arrays of a model.
    var averagedArrays: NetworkArrays {
        generator.averagedArrays.filter { !$0.key.hasPrefix("heads.") }
    }

    // MARK: Inputs

    /// The inputs of a step: a pure function of the seed, the images seen and the batch.
    package func inputs(_ batch: TranslationBatch) -> [String: HostArray] {
        var values: [String: HostArray] = [
            "source": .floats(batch.source), "target": .floats(batch.target.images),
        ]
        if condition > 0 {
            values["text"] = .floats(batch.target.captions.flatMap { embedding($0.number) })
            values["mismatch"] = .floats(batch.target.mismatches.flatMap { embedding($0.number) })
        }
        var draws = RandomStream(seed: recipe.seed, purpose: "augmentation", index: UInt64(state.imagesSeen))
        let isPaired = recipe.imageToImage.pairing == .paired
        for prefix in recipe.imageToImage.cycle > 0 ? ["", "reverse."] : [""] {
            for kind in ["real", "fake"] {
                // The discriminator must not tell the images of a pair from their augmentation.
                var stream = draws
                let drawn = Augmentation.inputs(
                    prefix + kind, batch: batch.count, side: recipe.data.side, probability: recipe.gan.augmentation,
                    &stream)
                if !isPaired { draws = stream }
                values.merge(drawn) { $1 }
            }
        }
        var stream = RandomStream(seed: recipe.seed, purpose: "positions", index: UInt64(state.imagesSeen))
        for (map, area) in areas.enumerated() {
            let positions = stream.choose(PatchContrast.count(area), of: Array(Int32(0)..<Int32(area)))
            values["positions.\(map)"] = .integers(Array(positions))
        }
        return values
    }

    private func embedding(_ number: Int) -> ArraySlice<Float> {
        embeddings[number * condition..<(number + 1) * condition]
    }
}
