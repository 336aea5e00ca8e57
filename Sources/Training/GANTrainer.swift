import Corpora
import Execution
import Graphs
import Layers
import Networks
import RandomStreams

#if canImport(Glibc)
    import Glibc
#endif

/// What one step measured, by name: means of verdicts, terms of the losses, lengths of gradients.
public typealias Measurements = [String: Double]

/// Trains a generator against a matching-aware discriminator. In a step the generator paints, the discriminator has its
/// turn on real pictures and on these, and the generator has its turn on the verdicts of the discriminator so improved.
/// Each turn leaves gradients in its network's buffer and updates that network.
public final class GANTrainer {
    package let generator: OptimizedStore
    package let discriminator: OptimizedStore
    package let networks: GANConfiguration
    /// The discriminator's turn with the gradient penalty, and without.
    private let judging: (penalized: Replicas, plain: Replicas)
    private let painting: Replicas
    private let recipe: Recipe
    private let device: CPUDevice
    private let condition: Int
    /// Sentence vectors of all captions, [captions×condition].
    private let embeddings: [Float]

    /// Pictures seen since the start.
    public internal(set) var imagesSeen = 0
    /// Updates left out because a loss or gradient was not finite.
    public internal(set) var skipped = 0
    /// Updates that one of the networks has had left out since its last one that was made; the larger number of both.
    var skippedInARow: Int { max(generator.skippedInARow, discriminator.skippedInARow) }

    /// Draws and compiles the programs of a step.
    /// - Parameters:
    ///   - embeddings: unit sentence vectors, [captions×condition], by caption number.
    ///   - condition: their width.
    public init(_ recipe: Recipe, embeddings: [Float], condition: Int, device: CPUDevice) throws {
        self.recipe = recipe
        self.device = device
        self.condition = condition
        self.embeddings = embeddings
        let gan = recipe.gan
        networks = gan.networks(side: recipe.data.side, condition: condition)
        try networks.validate()
        // Stores must know every parameter before they are laid out: the networks are drawn once for that alone.
        let (generatorStore, discriminatorStore) = (ParameterStore(), ParameterStore())
        let sketch = Graph()
        _ = Generator(ParameterScope(sketch, generatorStore) / "generator", networks)
        _ = Discriminator(ParameterScope(sketch, discriminatorStore) / "discriminator", networks)
        // First moments are not used: with an adversary, yesterday's direction misleads (Tao et al. 2022, β = (0, 0.9)).
        let replicas = Replicas.count(batch: gan.batch, device: device)
        func optimized(_ store: ParameterStore) -> OptimizedStore {
            OptimizedStore(store, seed: recipe.seed, beta1: 0, beta2: 0.9, replicas: replicas)
        }
        generator = optimized(generatorStore)
        discriminator = optimized(discriminatorStore)

        let turns = TurnCompiler(
            gan: gan, networks: networks, generator: generator, discriminator: discriminator, device: device,
            replicas: replicas)
        let penalized = try turns.discriminatorTurn(penalty: gan.penalty * Float(gan.penaltyEvery))
        judging = (penalized, gan.penaltyEvery == 1 ? penalized : try turns.discriminatorTurn(penalty: 0))
        painting = try turns.generatorTurn()
    }

    /// Learnt values of both networks.
    public var parameterCounts: (generator: Int, discriminator: Int) {
        (generator.store.count, discriminator.store.count)
    }
    /// Arithmetic operations of one step, penalty included.
    public var flopsPerStep: Double { judging.penalized.flops + painting.flops }
    /// The same, as the mean over steps with and without the penalty.
    public var meanFlopsPerStep: Double {
        let every = Double(recipe.gan.penaltyEvery)
        return (judging.penalized.flops + (every - 1) * judging.plain.flops) / every + painting.flops
    }
    /// Bytes that the programs of a step hold.
    public var memory: Int {
        let plain = judging.plain === judging.penalized ? 0 : judging.plain.memory
        return judging.penalized.memory + plain + painting.memory
    }

    /// One step on one batch.
    public func step(_ batch: Batch) throws -> Measurements {
        let (forJudging, forPainting) = (inputs(batch, .judging), inputs(batch, .painting))
        let isPenalized = imagesSeen / batch.count % recipe.gan.penaltyEvery == 0
        var measurements: Measurements = [:]
        let painted = try painting.begin(forPainting).mapValues { HostArray.floats($0) }
        let judged = try (isPenalized ? judging.penalized : judging.plain).run(forJudging.merging(painted) { $1 })
        update(discriminator, "discriminator", rate: recipe.gan.discriminatorRate, judged, &measurements)
        let answered = try painting.finish(forPainting)
        update(generator, "generator", rate: recipe.gan.generatorRate, answered, &measurements)
        imagesSeen += batch.count
        return measurements
    }

    /// Updates a network by the gradients its turn has left, unless something is not finite.
    /// - Parameter results: what each replica of the turn measured, each a mean over its part of the batch.
    private func update(
        _ network: OptimizedStore, _ name: String, rate: Float, _ results: [[String: [Float]]],
        _ measurements: inout Measurements
    ) {
        var turn: Measurements = ["\(name).gradient_norm": network.meanGradient(threads: device.threads)]
        for key in results[0].keys {
            turn[key] = results.reduce(0) { $0 + Double($1[key]?[0] ?? .nan) } / Double(results.count)
        }
        measurements.merge(turn) { $1 }
        guard turn.values.allSatisfy(\.isFinite) else {
            skipped += 1
            network.skippedInARow += 1
            return
        }
        network.skippedInARow = 0
        network.update(rate: rate, averageDecay: averageDecay, threads: device.threads)
    }

    /// Where a step's time goes: the cost of each kernel call of each turn, penalty included, nothing updated.
    public func profile(_ batch: Batch) throws -> [(turn: String, costs: [Program.StepCost])] {
        let painted = try painting.begin(inputs(batch, .painting)).mapValues { HostArray.floats($0) }
        return [
            (
                "discriminator",
                try judging.penalized.profile(inputs(batch, .judging).merging(painted) { $1 })
            ),
            ("generator", try painting.profile(inputs(batch, .painting))),
        ]
    }

    /// The moving average's decay over one step. The half-life grows with the pictures seen, so that the first
    /// pictures, which know nothing, are soon forgotten (Karras et al. 2022, EDM).
    private var averageDecay: Float {
        let halfLife = min(Double(recipe.gan.averageHalfLife) * 1000, Double(imagesSeen) * 0.05)
        return halfLife > 0 ? Float(pow(0.5, Double(recipe.gan.batch) / halfLife)) : 0
    }

    // MARK: Inputs

    /// Whose turn the inputs are for.
    package enum Turn: String {
        case judging, painting
    }

    /// Values for a turn, a pure function of the seed, the pictures seen and the batch. Both turns have the same noise
    /// and sentences to paint from; each augments on its own.
    package func inputs(_ batch: Batch, _ turn: Turn) -> [String: HostArray] {
        let gan = recipe.gan
        var stream = RandomStream(seed: recipe.seed, purpose: "painting", index: UInt64(imagesSeen))
        let noise = stream.normals(batch.count * gan.noise)
        let text = batch.captions.flatMap { embedding($0) }
        let other = batch.mismatches.flatMap { embedding($0) }
        let painted = paintedText(text, other, &stream)
        var values: [String: HostArray] = [
            "real": .floats(batch.images), "noise": .floats(noise), "text": .floats(text), "mismatch": .floats(other),
            "painted": .floats(painted),
        ]
        var draws = RandomStream(seed: recipe.seed, purpose: "augmentation \(turn)", index: UInt64(imagesSeen))
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

    /// The sentence vectors that pictures are painted from: a share of noise fills the gaps between captions
    /// (Zhou et al. 2022, Lafite, section 3.1), and part of them lie halfway between two sentences.
    private func paintedText(_ text: [Float], _ other: [Float], _ stream: inout RandomStream)
        -> [Float]
    {
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
}
