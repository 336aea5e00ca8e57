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

/// Trains a generator against a matching-aware discriminator. A step is a list of phases; each runs its program,
/// which leaves gradients in its network's buffer, and updates that network.
public final class GANTrainer {
    /// One network's turn within a step.
    private struct Phase {
        let name: String
        let network: OptimizedStore
        let rate: Float
        /// The program of step `n`.
        let program: (Int) -> Program
    }

    let generator: OptimizedStore
    let discriminator: OptimizedStore
    let networks: GANConfiguration
    private let phases: [Phase]
    private let recipe: Recipe
    private let device: CPUDevice
    private let condition: Int
    /// Sentence vectors of all captions, [captions×condition].
    private let embeddings: [Float]

    /// Pictures seen since the start.
    public internal(set) var imagesSeen = 0
    /// Updates left out because a loss or gradient was not finite.
    public internal(set) var skipped = 0
    /// Updates left out since the last one that was made.
    var skippedInARow = 0

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
        generator = OptimizedStore(generatorStore, seed: recipe.seed, beta1: 0, beta2: 0.9)
        discriminator = OptimizedStore(discriminatorStore, seed: recipe.seed, beta1: 0, beta2: 0.9)

        let turns = TurnCompiler(
            gan: gan, networks: networks, generator: generator, discriminator: discriminator, device: device)
        let penalized = try turns.discriminatorTurn(penalty: gan.penalty * Float(gan.penaltyEvery))
        let plain = gan.penaltyEvery == 1 ? penalized : try turns.discriminatorTurn(penalty: 0)
        let painting = try turns.generatorTurn()
        phases = [
            Phase(name: "discriminator", network: discriminator, rate: gan.discriminatorRate) {
                $0 % gan.penaltyEvery == 0 ? penalized : plain
            },
            Phase(name: "generator", network: generator, rate: gan.generatorRate) { _ in painting },
        ]
    }

    /// Learnt values of both networks.
    public var parameterCounts: (generator: Int, discriminator: Int) {
        (generator.store.count, discriminator.store.count)
    }
    /// Arithmetic operations of one step, penalty included.
    public var flopsPerStep: Double { phases.reduce(0) { $0 + $1.program(0).flops } }
    /// Bytes that the programs hold.
    public var memory: Int { phases.reduce(0) { $0 + $1.program(0).memory } }

    /// One step: every phase on one batch.
    public func step(_ batch: Batch) throws -> Measurements {
        let index = imagesSeen / batch.count
        var measurements: Measurements = [:]
        for phase in phases {
            let results = try phase.program(index).run(inputs(batch, phase.name))
            for (name, values) in results { measurements[name] = Double(values[0]) }
            let norm = phase.network.gradientNorm
            measurements["\(phase.name).gradient_norm"] = norm
            guard norm.isFinite, results.values.allSatisfy({ $0[0].isFinite }) else {
                skipped += 1
                skippedInARow += 1
                continue
            }
            skippedInARow = 0
            phase.network.update(rate: phase.rate, averageDecay: averageDecay, threads: device.threads)
        }
        imagesSeen += batch.count
        return measurements
    }

    /// Where a step's time goes: the cost of each kernel call of each phase, nothing updated.
    public func profile(_ batch: Batch) throws -> [(phase: String, costs: [Program.StepCost])] {
        try phases.map { ($0.name, try $0.program(0).profile(inputs(batch, $0.name))) }
    }

    /// The moving average's decay over one step. The half-life grows with the pictures seen, so that the first
    /// pictures, which know nothing, are soon forgotten (Karras et al. 2022, EDM).
    private var averageDecay: Float {
        let halfLife = min(Double(recipe.gan.averageHalfLife) * 1000, Double(imagesSeen) * 0.05)
        return halfLife > 0 ? Float(pow(0.5, Double(recipe.gan.batch) / halfLife)) : 0
    }

    // MARK: Inputs

    /// Values for a phase's program, a pure function of the seed, the phase, the pictures seen and the batch.
    private func inputs(_ batch: Batch, _ phase: String) -> [String: HostArray] {
        var stream = RandomStream(seed: recipe.seed, purpose: "phase \(phase)", index: UInt64(imagesSeen))
        let gan = recipe.gan
        var values: [String: HostArray] = [
            "real": .floats(batch.images), "noise": .floats(stream.normals(batch.count * gan.noise)),
        ]
        let text = batch.captions.flatMap { embedding($0) }
        let other = batch.mismatches.flatMap { embedding($0) }
        values["text"] = .floats(text)
        values["mismatch"] = .floats(other)
        values["painted"] = .floats(paintedText(text, other, phase, &stream))
        for name in ["real", "fake"] {
            let drawn = Augmentation.inputs(
                name, batch: batch.count, side: recipe.data.side, probability: gan.augmentation, &stream)
            values.merge(drawn) { $1 }
        }
        return values
    }

    private func embedding(_ caption: CaptionReference) -> ArraySlice<Float> {
        embeddings[caption.number * condition..<(caption.number + 1) * condition]
    }

    /// The sentence vectors that pictures are painted from: a share of noise fills the gaps between captions
    /// (Zhou et al. 2022, Lafite, section 3.1), and part of them lie halfway between two sentences.
    private func paintedText(_ text: [Float], _ other: [Float], _ phase: String, _ stream: inout RandomStream)
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
