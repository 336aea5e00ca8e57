import Execution
import Graphs
import Layers
import Networks
import Training

/// Traces the two phases of a step of image-to-image training.
///
/// The translator goes from sources to targets. With a cycle there is a second one back, whose results have a discriminator of their
/// own; the names of what belongs to it begin with `reverse`.
struct TranslationPhases {
    let recipe: Recipe
    let translatorSizes: TranslatorConfiguration
    let discriminatorSizes: DiscriminatorConfiguration
    let generator: ParameterStore
    let discriminator: ParameterStore
    let frozen: FrozenFeatures
    /// Each computes an equal shard of the batch.
    let shards: Shards

    private var losses: ImageToImageRecipe { recipe.imageToImage }
    private var gan: GANRecipe { recipe.gan }

    /// One of the two directions of a translation.
    private enum Direction {
        case forward, reverse

        /// Prefix of the names of inputs and results.
        var prefix: String { self == .forward ? "" : "reverse." }
        var translator: String { self == .forward ? "translator" : "reverse" }
        var discriminator: String { self == .forward ? "discriminator" : "reverseDiscriminator" }
        var source: String { self == .forward ? "source" : "target" }
        var target: String { self == .forward ? "target" : "source" }
    }

    private var directions: [Direction] { losses.cycle > 0 ? [.forward, .reverse] : [.forward] }

    /// One phase's networks in one graph, for one shard.
    private struct Networks {
        let graph = Graph()
        let phases: TranslationPhases
        private var shard: Int { phases.gan.batch / phases.shards.total }
        private var side: Int { phases.recipe.data.side }

        init(_ phases: TranslationPhases) { self.phases = phases }

        /// The images `source` or `target`.
        func images(_ name: String) -> ImageBatch { ImageBatch(graph.input(name, [shard, side, side, 3])) }

        /// Sentence vectors: `text` of the targets, or `mismatch`; nil if the translation does not depend on text.
        func sentences(_ name: String) -> TextEmbedding? {
            let condition = phases.translatorSizes.condition
            return condition > 0 ? TextEmbedding(graph.input(name, [shard, condition])) : nil
        }

        func translator(_ direction: Direction) -> Translator {
            Translator(
                ParameterScope(graph, phases.generator) / direction.translator, phases.translatorSizes)
        }

        func discriminator(_ direction: Direction) -> any Discriminator {
            phases.discriminatorSizes.discriminator(
                ParameterScope(graph, phases.discriminator) / direction.discriminator,
                frozen: ParameterScope(graph, phases.frozen.store) / "frozen")
        }

        /// What the discriminator reads of images that are, or should be, translations: their features after augmentation, together
        /// with the sources if it sees both.
        func features(_ name: String, of images: ImageBatch, _ direction: Direction) -> ImageFeatures {
            var seen = images
            if phases.discriminatorSizes.channels == 6 {
                let source = self.images(direction.source).tensor
                seen = ImageBatch(Tensor.concatenated([source, images.tensor], axis: 3))
            }
            if phases.gan.augmentation > 0 {
                seen = Augmentation(graph, direction.prefix + name, batch: shard, side: side)(seen)
            }
            return discriminator(direction).features(of: seen)
        }

        func logits(_ features: ImageFeatures, _ direction: Direction, _ sentences: TextEmbedding?) -> [Logits] {
            let discriminator = discriminator(direction)
            return discriminator.logits(of: discriminator.states(of: features), given: sentences)
        }
    }

    /// Declares the parameters of all networks.
    func declare() {
        let networks = Networks(self)
        _ = generatorLosses(networks)
        if losses.adversarial > 0 { _ = discriminatorLoss(networks, penalty: 0) }
    }

    // MARK: The discriminator's phase

    /// Scores targets and results, and with text the targets with sentences of others; each kind is a term of its own for each head.
    /// - Parameter penalty: the weight of the gradient penalty R1, with relativistic pairs R2 too; 0 is none.
    func discriminatorOutputs(penalty: Float, gradients: (Tensor) -> [(tensor: Tensor, destination: BufferSlice)])
        -> Outputs
    {
        let (loss, results) = discriminatorLoss(Networks(self), penalty: penalty)
        return Outputs(results: results, writes: gradients(loss))
    }

    private func discriminatorLoss(_ networks: Networks, penalty: Float) -> (loss: Tensor, results: [String: Tensor]) {
        var results: [String: Tensor] = [:]
        let terms = directions.map { direction in
            let prefix = direction.prefix
            let features = networks.features("real", of: networks.images(direction.target), direction)
            let fakeFeatures = features.inputs("\(prefix)fake", of: networks.graph)
            let (text, mismatch) = (networks.sentences("text"), networks.sentences("mismatch"))
            let real = networks.logits(features, direction, text)
            let wrong = mismatch.map { networks.logits(features, direction, $0) }
            let fake = networks.logits(fakeFeatures, direction, text)
            var found = pairLoss(
                gan.loss, real: real, mismatch: wrong, fake: fake, mismatchWeight: gan.mismatchWeight)
            addPenalty(to: &found, gan.loss, real: (real, features), fake: (fake, fakeFeatures), weight: penalty)
            for (name, tensor) in found.results { results[prefix + name] = tensor }
            if needsRealFeatures {
                results.merge(features.results("\(AdversarialStep.passed)\(prefix)real")) { $1 }
            }
            return found.loss
        }
        return (terms.sum(), results)
    }

    /// Whether the generator's phase compares with the features of real images.
    private var needsRealFeatures: Bool { gan.loss == .relativistic || losses.features > 0 }

    // MARK: The generator's phase

    /// Its first stage translates and computes the features of the results, its second the losses and gradients.
    func generatorOutputs(gradients: (Tensor) -> [(tensor: Tensor, destination: BufferSlice)]) -> Outputs {
        let (loss, results, features) = generatorLosses(Networks(self))
        return Outputs(results: results, writes: gradients(loss), firstStage: features)
    }

    private func generatorLosses(_ networks: Networks)
        -> (loss: Tensor, results: [String: Tensor], firstStage: [String: Tensor])
    {
        var (terms, results, firstStage): ([Tensor], [String: Tensor], [String: Tensor]) = ([], [:], [:])
        func add(_ name: String, _ weight: Float, _ loss: @autoclosure () -> Tensor) {
            guard weight > 0 else { return }
            let loss = loss()
            results["loss.\(name)"] = loss
            terms.append(loss * weight)
        }
        let text = networks.sentences("text")
        for direction in directions {
            let prefix = direction.prefix
            let (source, target) = (networks.images(direction.source), networks.images(direction.target))
            let translator = networks.translator(direction)
            let result = translator(source, sentences: text)
            if losses.adversarial > 0 {
                let features = networks.features("fake", of: result, direction)
                firstStage.merge(features.results("\(prefix)fake")) { $1 }
                let fake = networks.logits(features, direction, text)
                let realFeatures = needsRealFeatures ? features.inputs("\(prefix)real", of: networks.graph) : nil
                let real = gan.loss == .relativistic ? realFeatures.map { networks.logits($0, direction, text) } : nil
                add("\(prefix)generator", losses.adversarial, generatorLoss(gan.loss, fake: fake, real: real))
                if let realFeatures {
                    add("features", losses.features, featureDifference(features, realFeatures))
                }
            }
            add("pixels", losses.pixels, meanDifference(result.tensor, target.tensor))
            if losses.cycle > 0 {
                let back = networks.translator(direction == .forward ? .reverse : .forward)
                add("\(prefix)cycle", losses.cycle, meanDifference(back(result).tensor, source.tensor))
                add("\(prefix)identity", losses.identity, meanDifference(translator(target).tensor, target.tensor))
            }
            if losses.contrastive > 0, direction == .forward {
                let maps = translator.encoded(source, sentences: text)
                let contrast = PatchContrast(ParameterScope(networks.graph, generator) / "heads", maps: maps)
                add(
                    "contrastive", losses.contrastive,
                    contrast(results: translator.encoded(result, sentences: text), sources: maps))
                guard losses.cycle == 0 else { continue }
                add(
                    "identity", losses.identity,
                    contrast(
                        results: translator.encoded(translator(target, sentences: text), sentences: text),
                        sources: translator.encoded(target, sentences: text)))
            }
        }
        return (terms.sum(), results, firstStage)
    }

    /// For each map that the contrastive loss compares, the number of its positions; empty without that loss.
    func contrastedAreas() -> [Int] {
        guard losses.contrastive > 0 else { return [] }
        let networks = Networks(self)
        return networks.translator(.forward).encoded(networks.images("source"), sentences: networks.sentences("text"))
            .map { $0.shape[1] * $0.shape[2] }
    }
}
