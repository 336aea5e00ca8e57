import Corpora
import Execution
import Graphs
import Images
import Layers
import Models
import Networks
import RandomStreams
import Training

/// Trains a generator of images from text against a matching-aware discriminator.
package final class GANTrainer {
    package let generator: OptimizedParameters
    package let discriminator: OptimizedParameters
    package let generatorSizes: GeneratorConfiguration
    /// The parameters that are not trained.
    package let frozen: FrozenFeatures
    /// The step of both networks.
    package let networks: AdversarialStep
    private let recipe: Recipe
    private let condition: Int
    /// Sentence vectors of all captions, [captions×condition].
    private let embeddings: [Float]
    private let corpus: Corpus?

    /// Progress and both networks.
    package var state: TrainingState { networks.state }
    private var imagesSeen: Int { state.imagesSeen }

    /// Traces and compiles the programs of a step.
    /// - Parameters:
    ///   - embeddings: unit sentence vectors, [captions×condition], by caption number.
    ///   - condition: their width.
    ///   - corpus: its classes say which sentences of a batch may describe the same image; nil if there are none.
    ///   - frozen: the parameters that are not trained.
    package init(
        _ recipe: Recipe, embeddings: [Float], condition: Int, corpus: Corpus?, frozen: FrozenFeatures,
        device: any Device
    ) throws {
        self.recipe = recipe
        self.condition = condition
        self.embeddings = embeddings
        self.corpus = corpus
        self.frozen = frozen
        let gan = recipe.gan
        generatorSizes = recipe.generatorConfiguration(condition: condition)
        let discriminatorSizes = recipe.discriminatorConfiguration(condition: condition)
        try generatorSizes.validate()
        try discriminatorSizes.validate()
        // Parameters must be declared before they are laid out: the networks are traced once for that alone.
        let (generatorStore, discriminatorStore) = (ParameterStore(), ParameterStore())
        let declared = Graph()
        _ = Generator(ParameterScope(declared, generatorStore) / "generator", generatorSizes)
        _ = discriminatorSizes.discriminator(
            ParameterScope(declared, discriminatorStore) / "discriminator",
            frozen: ParameterScope(declared, ParameterStore()) / "frozen")
        let shards = device.trainingShards(forBatch: gan.batch, groupsOf: gan.imagesTogether)
        generator = try OptimizedParameters(generatorStore, recipe, shards: shards, device: device)
        discriminator = try OptimizedParameters(discriminatorStore, recipe, shards: shards, device: device)
        let phases = PhaseCompiler(
            gan: gan, generatorSizes: generatorSizes, discriminatorSizes: discriminatorSizes, generator: generator,
            discriminator: discriminator, frozen: frozen, device: device, shards: shards)
        networks = try AdversarialStep(
            generator: generator, discriminator: discriminator, gan: gan,
            discriminatorPhase: phases.discriminatorPhase, generatorPhase: phases.generatorPhase)
    }

    /// A trainer whose discriminator has no frozen parameters.
    package convenience init(_ recipe: Recipe, embeddings: [Float], condition: Int, device: any Device) throws {
        try self.init(
            recipe, embeddings: embeddings, condition: condition, corpus: nil, frozen: FrozenFeatures(device: device),
            device: device)
    }

    /// How images were made square, as a model file keeps it.
    var aspect: AspectMode? { recipe.data.modelAspect }

    /// The frozen networks that the training uses; nil if there are none.
    var trainingFeatures: [FeatureNetwork]? {
        let networks = recipe.trainingFeatures.sorted { $0.rawValue < $1.rawValue }
        return networks.isEmpty ? nil : networks
    }

    /// One step on one batch.
    package func step(_ batch: Batch) throws -> Measurements {
        try networks(
            inputs(batch), batch: batch.count,
            rates: (recipe.generator.learningRate, recipe.discriminator.learningRate))
    }

    /// The mean logit of real images with their captions; nothing is updated.
    /// - Parameter batch: as large as those of the training.
    package func logits(of batch: Batch) throws -> Double {
        try networks.discriminated(inputs(batch)).mean("logits.real")
    }

    /// Where a step's time goes: the cost of each kernel call of each phase, penalty included, nothing updated.
    package func profile(_ batch: Batch) throws -> [(phase: String, costs: [KernelCost])] {
        try networks.profile(inputs(batch))
    }

    // MARK: Inputs

    /// The inputs of a step: a pure function of the seed, the images seen and the batch. Both phases augment generated images
    /// alike.
    package func inputs(_ batch: Batch) -> [String: HostArray] {
        let gan = recipe.gan
        var stream = RandomStream(seed: recipe.seed, purpose: "generation", index: UInt64(imagesSeen))
        let noise = stream.normals(batch.count * recipe.generator.noise)
        let text = batch.captions.flatMap { embedding($0) }
        let other = batch.mismatches.flatMap { embedding($0) }
        let rows = conditioningRows(batch.count)
        let sentences = conditions(text, other, &stream)
        let conditions = rows.flatMap { sentences[$0 * condition..<($0 + 1) * condition] }
        var values: [String: HostArray] = [
            "real": .floats(batch.images), "noise": .floats(noise), "text": .floats(text), "mismatch": .floats(other),
            "condition": .floats(conditions), "sentences": .floats(conditions),
            "mask": .floats(mask(rows.map { batch.captions[$0] })),
        ]
        var draws = RandomStream(seed: recipe.seed, purpose: "augmentation", index: UInt64(imagesSeen))
        for name in ["real", "fake"] {
            let drawn = Augmentation.inputs(
                name, batch: batch.count, side: recipe.data.side, probability: gan.augmentation, &draws)
            values.merge(drawn) { $1 }
        }
        return values
    }

    /// The items of the batch whose sentences condition the generator: all, or every second one twice where images of one sentence
    /// are compared with each other.
    private func conditioningRows(_ count: Int) -> [Int] {
        (0..<count).map { recipe.gan.diversity > 0 ? $0 - $0 % 2 : $0 }
    }

    private func embedding(_ caption: CaptionReference) -> ArraySlice<Float> {
        embeddings[caption.number * condition..<(caption.number + 1) * condition]
    }

    /// The sentence vectors that condition the generator: with a share of noise, which fills the gaps between captions
    /// (Zhou et al. 2022, Lafite, section 3.1), and some of them means of two sentences.
    private func conditions(_ text: [Float], _ other: [Float], _ stream: inout RandomStream) -> [Float] {
        var result = text
        for row in 0..<text.count / condition {
            let range = row * condition..<(row + 1) * condition
            let isMixed = stream.uniform() < recipe.gan.interpolation
            let noise = stream.normals(condition)
            let length = noise.reduce(0) { $0 + $1 * $1 }.squareRoot()
            var squares: Float = 0
            for (index, draw) in zip(range, noise) {
                let clean = isMixed ? 0.5 * (text[index] + other[index]) : text[index]
                result[index] = (1 - recipe.gan.textNoise) * clean + recipe.gan.textNoise * draw / length
                squares += result[index] * result[index]
            }
            let scale = 1 / max(squares.squareRoot(), 1e-6)
            for index in range { result[index] *= scale }
        }
        return result
    }

    /// The mask of the contrastive loss, [batch × batch]: −10⁹ for sentences of other items that may describe the image as
    /// well, which are no negatives; 0 elsewhere.
    private func mask(_ captions: [CaptionReference]) -> [Float] {
        let count = captions.count
        var mask = [Float](repeating: 0, count: count * count)
        for (row, own) in captions.enumerated() {
            for (column, other) in captions.enumerated() where row != column {
                let isSame = corpus?.mayDescribe(other, imageOf: own) ?? (own.example == other.example)
                if isSame { mask[row * count + column] = -1e9 }
            }
        }
        return mask
    }
}

extension GANTrainer {
    /// A trainer of the recipe's networks with neutral statistics and an untrained encoder, for plans and profiles: its steps
    /// cost as much as those of a training.
    package convenience init(untrained recipe: Recipe, embeddings: [Float], condition: Int, device: any Device) throws {
        let configuration = recipe.discriminatorConfiguration(condition: condition)
        var frozen = try FrozenFeatures(device: device)
        if let network = configuration.featureNetwork {
            let head = ProjectionHeadConfiguration(
                inputs: recipe.encoder.headInputs(network), hidden: recipe.encoder.imageHidden, embedding: condition)
            let store = ParameterStore()
            let graph = Graph()
            _ = ProjectionHead(ParameterScope(graph, store), head)(graph.input("features", [1, head.inputs]))
            let values = NetworkArrays(
                uniqueKeysWithValues: store.entries.map {
                    ($0.path, ($0.shape.dimensions, $0.initialValues(seed: recipe.seed)))
                })
            frozen = try FrozenFeatures(
                configuration, features: PretrainedFeatures(network),
                statistics: .neutral(network),
                imageHead: recipe.gan.contrastive > 0 ? TrainedHead(head, arrays: values) : nil, device: device,
                seed: recipe.seed)
        }
        try self.init(
            recipe, embeddings: embeddings, condition: condition, corpus: nil, frozen: frozen, device: device)
    }
}
