import Corpora
import Execution
import Glibc
import Graphs
import Layers
import Networks
import RandomStreams

/// What one step measured, by name: means of logits, terms of the losses, lengths of gradients.
public typealias Measurements = [String: Double]

/// Trains a generator against a matching-aware discriminator.
///
/// A step has two phases. The generator makes images; the discriminator's phase updates the discriminator on real images and
/// on these; the generator's phase updates the generator by the logits of the improved discriminator. Each phase leaves
/// gradients in its network's buffer.
public final class GANTrainer {
    package let generator: OptimizedStore
    package let discriminator: OptimizedStore
    package let generatorSizes: GeneratorConfiguration
    /// What the networks read and do not change.
    package let frozen: FrozenFeatures
    /// The discriminator's phase with the gradient penalty, and without; one program where there is no difference.
    private let discriminatorPhase: (penalized: Replicas, plain: Replicas)
    private let generatorPhase: Replicas
    private let recipe: Recipe
    private let device: CPUDevice
    private let condition: Int
    /// Sentence vectors of all captions, [captions×condition].
    private let embeddings: [Float]
    private let corpus: Corpus?

    /// Images seen since the start.
    public internal(set) var imagesSeen = 0
    /// Updates skipped because a loss or gradient was not finite.
    public internal(set) var skipped = 0
    /// Updates that one of the networks has skipped since its last one that was made; the larger number of both.
    var skippedInARow: Int { max(generator.skippedInARow, discriminator.skippedInARow) }

    /// Traces and compiles the programs of a step.
    /// - Parameters:
    ///   - embeddings: unit sentence vectors, [captions×condition], by caption number.
    ///   - condition: their width.
    ///   - corpus: whose classes say which sentences of a batch may describe the same image; nil where there are none.
    ///   - frozen: what the discriminator and the comparison with sentences read and do not change.
    package init(
        _ recipe: Recipe, embeddings: [Float], condition: Int, corpus: Corpus?, frozen: FrozenFeatures,
        device: CPUDevice
    ) throws {
        self.recipe = recipe
        self.device = device
        self.condition = condition
        self.embeddings = embeddings
        self.corpus = corpus
        self.frozen = frozen
        let gan = recipe.gan
        generatorSizes = recipe.generatorConfiguration(condition: condition)
        let discriminatorSizes = recipe.discriminatorConfiguration(condition: condition)
        try generatorSizes.validate()
        try discriminatorSizes.validate()
        // Stores must know every parameter before they are laid out: the networks are traced once for that alone.
        let (generatorStore, discriminatorStore) = (ParameterStore(), ParameterStore())
        let declared = Graph()
        _ = Generator(ParameterScope(declared, generatorStore) / "generator", generatorSizes)
        _ = discriminatorSizes.discriminator(
            ParameterScope(declared, discriminatorStore) / "discriminator",
            frozen: ParameterScope(declared, ParameterStore()) / "frozen")
        let replicas = Replicas.count(batch: gan.batch, device: device)
        func optimized(_ store: ParameterStore) -> OptimizedStore {
            OptimizedStore(store, seed: recipe.seed, beta1: gan.beta1, beta2: gan.beta2, replicas: replicas)
        }
        generator = optimized(generatorStore)
        discriminator = optimized(discriminatorStore)

        let phases = PhaseCompiler(
            gan: gan, generatorSizes: generatorSizes, discriminatorSizes: discriminatorSizes, generator: generator,
            discriminator: discriminator, frozen: frozen, device: device, replicas: replicas)
        let penalized = try phases.discriminatorPhase(penalty: gan.penalty * Float(gan.penaltyInterval))
        let isLazy = gan.penaltyInterval > 1 && gan.penalty > 0
        discriminatorPhase = (penalized, isLazy ? try phases.discriminatorPhase(penalty: 0) : penalized)
        generatorPhase = try phases.generatorPhase()
    }

    /// A trainer whose discriminator learns all it knows.
    package convenience init(_ recipe: Recipe, embeddings: [Float], condition: Int, device: CPUDevice) throws {
        try self.init(
            recipe, embeddings: embeddings, condition: condition, corpus: nil, frozen: FrozenFeatures(), device: device)
    }

    /// The frozen network that the discriminator reads, if it does.
    var trainingFeatures: [FeatureNetwork]? {
        recipe.discriminator.kind == .features ? [recipe.discriminator.network] : nil
    }

    /// Learned values of both networks.
    public var parameterCounts: (generator: Int, discriminator: Int) {
        (generator.store.count, discriminator.store.count)
    }
    /// Arithmetic operations of one step, penalty included.
    public var flopsPerStep: Double { discriminatorPhase.penalized.flops + generatorPhase.flops }
    /// The same, as the mean over steps with and without the penalty.
    public var meanFlopsPerStep: Double {
        let interval = Double(recipe.gan.penaltyInterval)
        let phase = discriminatorPhase
        return (phase.penalized.flops + (interval - 1) * phase.plain.flops) / interval + generatorPhase.flops
    }
    /// Bytes that the programs of a step hold.
    public var memory: Int {
        let phase = discriminatorPhase
        return phase.penalized.memory + (phase.plain === phase.penalized ? 0 : phase.plain.memory)
            + generatorPhase.memory
    }

    /// One step on one batch.
    public func step(_ batch: Batch) throws -> Measurements {
        let inputs = inputs(batch)
        let isPenalized = imagesSeen / batch.count % recipe.gan.penaltyInterval == 0
        var measurements: Measurements = [:]
        // Generate, and see the images as the discriminator does.
        let fake = try generatorPhase.begin(inputs).mapValues { HostArray.floats($0) }
        // Update the discriminator.
        let phase = isPenalized ? discriminatorPhase.penalized : discriminatorPhase.plain
        let judged = try phase.run(inputs.merging(fake) { $1 })
        update(discriminator, "discriminator", rate: recipe.discriminator.learningRate, judged, &measurements)
        // Update the generator.
        let answered = try generatorPhase.finish(inputs.merging(GANTrainer.passed(judged)) { $1 })
        update(generator, "generator", rate: recipe.generator.learningRate, answered, &measurements)
        imagesSeen += batch.count
        return measurements
    }

    /// The mean logit of real images with their captions, nothing updated.
    /// - Parameter batch: as large as those of the training.
    func logits(of batch: Batch) throws -> Double {
        let inputs = inputs(batch)
        let fake = try generatorPhase.begin(inputs).mapValues { HostArray.floats($0) }
        let found = try discriminatorPhase.plain.run(inputs.merging(fake) { $1 })
        return found.reduce(0) { $0 + Double($1["logits.real"]?[0] ?? .nan) } / Double(found.count)
    }

    /// Features that the discriminator's phase passes on, joined over its shards.
    private static func passed(_ results: [[String: [Float]]]) -> [String: HostArray] {
        var joined: [String: HostArray] = [:]
        for name in results[0].keys where name.hasPrefix(PhaseCompiler.passed) {
            joined[String(name.dropFirst(PhaseCompiler.passed.count))] = .floats(results.flatMap { $0[name] ?? [] })
        }
        return joined
    }

    /// Updates a network by the gradients its phase has left, unless something is not finite.
    /// - Parameter results: what each replica of the phase measured, each a mean over its shard of the batch.
    private func update(
        _ network: OptimizedStore, _ name: String, rate: Float, _ results: [[String: [Float]]],
        _ measurements: inout Measurements
    ) {
        var phase: Measurements = ["\(name).gradient_norm": network.meanGradient(threads: device.threads)]
        for key in results[0].keys where !key.hasPrefix(PhaseCompiler.passed) {
            phase[key] = results.reduce(0) { $0 + Double($1[key]?[0] ?? .nan) } / Double(results.count)
        }
        measurements.merge(phase) { $1 }
        guard phase.values.allSatisfy(\.isFinite) else {
            skipped += 1
            network.skippedInARow += 1
            return
        }
        network.skippedInARow = 0
        network.update(rate: rate, averageDecay: averageDecay, threads: device.threads)
    }

    /// Where a step's time goes: the cost of each kernel call of each phase, penalty included, nothing updated.
    public func profile(_ batch: Batch) throws -> [(phase: String, costs: [Program.StepCost])] {
        let inputs = inputs(batch)
        let fake = try generatorPhase.begin(inputs).mapValues { HostArray.floats($0) }
        // Features of real images are as large as those of generated ones, and their values cost the same.
        let passed = Dictionary(uniqueKeysWithValues: fake.map { ($0.replacing("fake", with: "real"), $1) })
        return [
            ("discriminator", try discriminatorPhase.penalized.profile(inputs.merging(fake) { $1 })),
            ("generator", try generatorPhase.profile(inputs.merging(passed) { $1 })),
        ]
    }

    /// The moving average's decay over one step. The half-life grows with the images seen, so that the first
    /// images, which know nothing, are soon forgotten (Karras et al. 2022, EDM).
    private var averageDecay: Float {
        let halfLife = min(Double(recipe.gan.emaHalfLife) * 1000, Double(imagesSeen) * 0.05)
        return halfLife > 0 ? Float(pow(0.5, Double(recipe.gan.batch) / halfLife)) : 0
    }

    // MARK: Inputs

    /// Values for a step, a pure function of the seed, the images seen and the batch. Both phases see generated images
    /// augmented in the same way.
    package func inputs(_ batch: Batch) -> [String: HostArray] {
        let gan = recipe.gan
        var stream = RandomStream(seed: recipe.seed, purpose: "generation", index: UInt64(imagesSeen))
        let noise = stream.normals(batch.count * recipe.generator.noise)
        let text = batch.captions.flatMap { embedding($0) }
        let other = batch.mismatches.flatMap { embedding($0) }
        let condition = conditions(text, other, &stream)
        var values: [String: HostArray] = [
            "real": .floats(batch.images), "noise": .floats(noise), "text": .floats(text), "mismatch": .floats(other),
            "condition": .floats(condition), "sentences": .floats(condition), "mask": .floats(mask(batch)),
        ]
        var draws = RandomStream(seed: recipe.seed, purpose: "augmentation", index: UInt64(imagesSeen))
        for name in ["real", "fake"] {
            let drawn = Augmentation.inputs(
                name, batch: batch.count, side: recipe.data.side, probability: gan.augmentation, &draws)
            values.merge(drawn) { $1 }
        }
        return values
    }

    private func embedding(_ caption: CaptionReference) -> ArraySlice<Float> {
        embeddings[caption.number * condition..<(caption.number + 1) * condition]
    }

    /// The sentence vectors that images are generated from: a share of noise fills the gaps between captions
    /// (Zhou et al. 2022, Lafite, section 3.1), and part of them lie halfway between two sentences.
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

    /// For each image of a batch the sentences that are no negatives of its own, [batch×batch]: −10⁹ for those of the same
    /// image or class, 0 elsewhere.
    private func mask(_ batch: Batch) -> [Float] {
        var mask = [Float](repeating: 0, count: batch.count * batch.count)
        for (row, own) in batch.captions.enumerated() {
            for (column, other) in batch.captions.enumerated() where row != column {
                let label = corpus?.label(of: own.example)
                let isSame = own.example == other.example || (label != nil && label == corpus?.label(of: other.example))
                if isSame { mask[row * batch.count + column] = -1e9 }
            }
        }
        return mask
    }
}
