import Execution
import Layers
import Training

/// A step of adversarial training, of whatever task: a generator and a discriminator, updated in turn.
///
/// The generator's program has two stages. The first makes images and computes the features that the discriminator reads; then the
/// discriminator's program updates the discriminator on real images and on these features; the second stage updates the generator by
/// the logits of the improved discriminator. Each program leaves gradients in its network's buffers.
package struct AdversarialStep {
    package let generator: OptimizedParameters
    /// Nil if the generator is trained without one, by other losses alone.
    package let discriminator: OptimizedParameters?
    /// Progress and both networks.
    package let state: TrainingState
    private let generatorPhase: any Executable
    /// The discriminator's program with the gradient penalty, and without; one program where there is no difference.
    private let discriminatorPhase: (penalized: any Executable, plain: any Executable)?
    private let gan: GANRecipe

    /// Prefix of the discriminator's results that are inputs of the generator's second stage rather than measurements.
    static let passed = "features."

    /// - Parameters:
    ///   - discriminatorPhase: compiles the discriminator's program with a gradient penalty of the given weight; not called without
    ///     a discriminator.
    ///   - generatorPhase: compiles the generator's.
    init(
        generator: OptimizedParameters, discriminator: OptimizedParameters?, gan: GANRecipe,
        discriminatorPhase: (_ penalty: Float) throws -> any Executable, generatorPhase: () throws -> any Executable
    ) throws {
        self.generator = generator
        self.discriminator = discriminator
        self.gan = gan
        state = TrainingState(
            [("generator", generator)] + (discriminator.map { [("discriminator", $0)] } ?? []))
        if discriminator != nil {
            let penalized = try discriminatorPhase(gan.penalty * Float(gan.penaltyInterval))
            let isLazy = gan.penaltyInterval > 1 && gan.penalty > 0
            self.discriminatorPhase = (penalized, isLazy ? try discriminatorPhase(0) : penalized)
        } else {
            self.discriminatorPhase = nil
        }
        self.generatorPhase = try generatorPhase()
    }

    /// The number of trained values of each network.
    package var parameterCounts: (generator: Int, discriminator: Int) {
        (generator.store.count, discriminator?.store.count ?? 0)
    }

    /// Arithmetic operations of one step over all ranks, penalty included.
    package var flops: Double {
        (generatorPhase.flops + (discriminatorPhase?.penalized.flops ?? 0)) * Double(state.ranks.size)
    }

    /// The same, as the mean over steps with and without the penalty.
    package var meanFlops: Double {
        guard let phase = discriminatorPhase else { return flops }
        let share = 1 - 1 / Double(gan.penaltyInterval)
        return flops - share * (phase.penalized.flops - phase.plain.flops) * Double(state.ranks.size)
    }

    /// Bytes of the programs of a step.
    package var memory: Int {
        guard let phase = discriminatorPhase else { return generatorPhase.memory }
        return phase.penalized.memory + (phase.plain === phase.penalized ? 0 : phase.plain.memory)
            + generatorPhase.memory
    }

    /// One step on one batch.
    /// - Parameter rates: the learning rates of the two networks.
    func callAsFunction(
        _ inputs: [String: HostArray], batch: Int, rates: (generator: Float, discriminator: Float)
    ) throws -> Measurements {
        let generation = try generatorPhase.begin(inputs)
        var (measurements, passed): (Measurements, [String: HostArray]) = ([:], [:])
        if let discriminator, let phase = discriminatorPhase {
            let isPenalized = state.imagesSeen / batch % gan.penaltyInterval == 0
            let program = isPenalized ? phase.penalized : phase.plain
            let found = try program.run(
                inputs.merging(generation.outputs) { $1 }, observer: discriminator.startReduction(of: program))
            measurements = AdversarialStep.measurements(found)
            passed = AdversarialStep.passedFeatures(found)
            try update(discriminator, "discriminator", rate: rates.discriminator, &measurements)
        }
        let generated = try generation.finish(
            inputs.merging(passed) { $1 }, observer: generator.startReduction(of: generatorPhase))
        var answer = AdversarialStep.measurements(generated)
        try update(generator, "generator", rate: rates.generator, &answer)
        state.imagesSeen += batch
        return measurements.merging(answer) { $1 }
    }

    /// The discriminator's measurements on a batch; nothing is updated.
    /// - Precondition: there is a discriminator.
    func discriminated(_ inputs: [String: HostArray]) throws -> RunResults {
        guard let phase = discriminatorPhase else { preconditionFailure("a step without a discriminator") }
        let generation = try generatorPhase.begin(inputs)
        return try phase.plain.run(inputs.merging(generation.outputs) { $1 })
    }

    /// Where a step's time goes: the cost of each kernel call of each phase, penalty included, nothing updated.
    func profile(_ inputs: [String: HostArray]) throws -> [(phase: String, costs: [KernelCost])] {
        let generation = try generatorPhase.begin(inputs)
        let fake = generation.outputs
        // Features of real images are as large as those of generated ones, and their values cost the same.
        let passed = Dictionary(uniqueKeysWithValues: fake.map { ($0.replacing("fake", with: "real"), $1) })
        let discriminator = try discriminatorPhase.map {
            [("discriminator", try $0.penalized.profile(inputs.merging(fake) { $1 }))]
        }
        return (discriminator ?? []) + [("generator", try generatorPhase.profile(inputs.merging(passed) { $1 }))]
    }

    /// Means over the shards.
    private static func measurements(_ results: RunResults) -> Measurements {
        var measurements: Measurements = [:]
        for name in results.names where !name.hasPrefix(passed) { measurements[name] = results.mean(name) }
        return measurements
    }

    private static func passedFeatures(_ results: RunResults) -> [String: HostArray] {
        var features: [String: HostArray] = [:]
        for name in results.names where name.hasPrefix(passed) {
            features[String(name.dropFirst(passed.count))] = .floats(results[name])
        }
        return features
    }

    private func update(_ network: OptimizedParameters, _ name: String, rate: Float, _ measurements: inout Measurements)
        throws
    {
        let decay = state.averageDecay(halfLife: Double(gan.emaHalfLife) * 1000, batch: gan.batch)
        try state.update(network, learningRate: rate, averageDecay: decay, prefix: "\(name).", &measurements)
    }
}

extension OptimizedParameters {
    /// A network of an adversarial training, with the recipe's optimizer and gradients for each of this rank's shards.
    convenience init(_ store: ParameterStore, _ recipe: Recipe, shards: Shards, device: any Device) throws {
        try self.init(
            store, device: device, seed: recipe.seed, beta1: recipe.gan.beta1, beta2: recipe.gan.beta2,
            shards: shards.own.count)
    }
}
