import Execution
import Graphs
import Layers
import Networks
import Training

/// Traces and compiles the two phases of a step.
struct PhaseCompiler {
    let gan: GANRecipe
    let generatorSizes: GeneratorConfiguration
    let discriminatorSizes: DiscriminatorConfiguration
    let generator: OptimizedParameters
    let discriminator: OptimizedParameters
    let frozen: FrozenFeatures
    let device: any Device
    /// The equal parts of a batch.
    let shards: Shards

    /// Both phases' networks in one graph, for one shard.
    private struct Networks {
        let graph = Graph()
        let discriminator: any Discriminator
        private let phase: PhaseCompiler
        private var shard: Int { phase.gan.batch / phase.shards.total }
        private var side: Int { phase.generatorSizes.side }

        init(_ phase: PhaseCompiler) {
            self.phase = phase
            discriminator = phase.discriminatorSizes.discriminator(
                ParameterScope(graph, phase.discriminator.store) / "discriminator",
                frozen: ParameterScope(graph, phase.frozen.store) / "frozen")
        }

        /// Sentence vectors: `text`, `mismatch`, or the `condition` that images are generated from.
        func sentences(_ name: String) -> TextEmbedding {
            TextEmbedding(graph.input(name, [shard, phase.generatorSizes.condition]))
        }

        /// Features of augmented real images.
        func realFeatures() -> ImageFeatures {
            discriminator.features(of: augmented(ImageBatch(graph.input("real", [shard, side, side, 3])), "real"))
        }

        /// Images from noise and the condition, and their features. If these are compared with those of real images, both are
        /// augmented alike.
        func generated() -> (images: ImageBatch, features: ImageFeatures) {
            let generator = Generator(
                ParameterScope(graph, phase.generator.store) / "generator", phase.generatorSizes)
            let images = generator(
                noise: graph.input("noise", [shard, phase.generatorSizes.noise]), text: sentences("condition"))
            let augmentation = phase.gan.reconstruction > 0 ? "real" : "fake"
            return (images, discriminator.features(of: augmented(images, augmentation)))
        }

        /// Logits of images with these features.
        func logits(_ features: ImageFeatures, _ sentences: TextEmbedding) -> [Logits] {
            discriminator.logits(of: discriminator.states(of: features), given: sentences)
        }

        /// Logits of the three kinds of pairs.
        /// - Parameter inOneBatch: whether all are computed as one batch, which keeps small maps efficient; a penalty on real
        ///   images would then go through generated ones too.
        func logitsOfPairs(
            real: ImageFeatures, fake: ImageFeatures, text: TextEmbedding, mismatch: TextEmbedding,
            condition: TextEmbedding, inOneBatch: Bool
        ) -> (real: [Logits], mismatch: [Logits], fake: [Logits]) {
            guard inOneBatch else { return (logits(real, text), logits(real, mismatch), logits(fake, condition)) }
            let features = ImageFeatures(
                maps: zip(real.maps, fake.maps).map { Tensor.concatenated([$0, $1], axis: 0) })
            let states = discriminator.states(of: features).map {
                Tensor.concatenated([$0, $0.slice(axis: 0, start: 0, count: shard)], axis: 0)
            }
            let sentences = Tensor.concatenated([text, condition, mismatch].map(\.tensor), axis: 0)
            let all = discriminator.logits(of: states, given: TextEmbedding(sentences))
            func part(_ index: Int) -> [Logits] {
                all.map { Logits($0.tensor.slice(axis: 0, start: index * shard, count: shard)) }
            }
            return (part(0), part(2), part(1))
        }

        /// Augmented images; with probability 0 no augmentation is traced.
        private func augmented(_ images: ImageBatch, _ name: String) -> ImageBatch {
            phase.gan.augmentation > 0 ? Augmentation(graph, name, batch: shard, side: side)(images) : images
        }

        /// The InfoNCE loss of generated images against the sentences of the whole batch; nil without one.
        func imageToText(_ features: ImageFeatures) -> Tensor? {
            guard phase.gan.contrastive > 0, let sizes = phase.frozen.imageHead, let found = features.frozen else {
                return nil
            }
            let head = ProjectionHead(ParameterScope(graph, phase.frozen.store) / "frozen" / "imageHead", sizes)
            return imageToTextLoss(
                images: head(found.vectors(width: sizes.inputs)), own: sentences("condition").tensor,
                sentences: graph.input("sentences", [phase.gan.batch, phase.generatorSizes.condition]),
                mask: graph.input("mask", [shard, phase.gan.batch]), scale: PhaseCompiler.inverseTemperature)
        }
    }

    /// Inverse temperature of the InfoNCE loss on generated images.
    private static let inverseTemperature: Float = 10

    /// The discriminator's phase on real images and on the features of generated ones: three kinds of pairs, each a term of its
    /// own for each head, and the gradient penalty unless its weight is 0.
    func discriminatorPhase(penalty: Float) throws -> any Executable {
        try device.compile(shards: shards, parameters: parameters) {
            discriminatorOutputs(penalty: penalty, shard: $0)
        }
    }

    private func discriminatorOutputs(penalty: Float, shard: Int) -> Outputs {
        let networks = Networks(self)
        let realFeatures = networks.realFeatures()
        let fakeFeatures = realFeatures.inputs("fake", of: networks.graph)
        let text = networks.sentences("text")
        let (real, mismatch, fake) = networks.logitsOfPairs(
            real: realFeatures, fake: fakeFeatures, text: text, mismatch: networks.sentences("mismatch"),
            condition: networks.sentences("condition"), inOneBatch: penalty == 0)
        var found = pairLoss(
            gan.loss, real: real, mismatch: mismatch, fake: fake, mismatchWeight: gan.mismatchWeight)
        addPenalty(
            to: &found, gan.loss, real: (real, realFeatures), fake: (fake, fakeFeatures), text: text, weight: penalty)
        if needsRealFeatures { found.results.merge(realFeatures.results("\(AdversarialStep.passed)real")) { $1 } }
        return Outputs(results: found.results, writes: discriminator.gradientWrites(of: found.loss, shard: shard))
    }

    /// The generator's phase. Its first stage generates images and computes their features, which the discriminator's phase
    /// reads; its second computes the updated discriminator's logits of them, and the gradients.
    func generatorPhase() throws -> any Executable {
        try device.compile(shards: shards, parameters: parameters) { shard in
            let networks = Networks(self)
            let (_, features) = networks.generated()
            let condition = networks.sentences("condition")
            let fake = networks.logits(features, condition)
            let realFeatures = needsRealFeatures ? features.inputs("real", of: networks.graph) : nil
            let real =
                gan.loss == .relativistic
                ? realFeatures.map { networks.logits($0, networks.sentences("text")) } : nil
            var loss = generatorLoss(gan.loss, fake: fake, real: real)
            var results = ["loss.generator": loss]
            if gan.reconstruction > 0, let realFeatures {
                let difference = featureDifference(features, realFeatures)
                results["loss.reconstruction"] = difference
                loss = loss + difference * gan.reconstruction
            }
            if gan.diversity > 0 {
                let term = modeSeekingLoss(features)
                results["loss.mode_seeking"] = term
                loss = loss + term * gan.diversity
            }
            if let contrastive = networks.imageToText(features) {
                results["loss.contrastive"] = contrastive
                loss = loss + contrastive * gan.contrastive
            }
            return Outputs(
                results: results, writes: generator.gradientWrites(of: loss, shard: shard),
                firstStage: features.results("fake"))
        }
    }

    /// Whether the generator's phase compares with the features of real images.
    private var needsRealFeatures: Bool { gan.loss == .relativistic || gan.reconstruction > 0 }

    private var parameters: ParameterMap {
        ParameterMap(generator.current.merging(discriminator.current) { $1 }, frozen: frozen.parameters)
    }
}
