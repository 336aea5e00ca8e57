import Corpora
import Execution
import Glibc
import Graphs
import Layers
import Models
import Networks
import RandomStreams
import Training

/// Trains a text encoder and an image encoder with the symmetric InfoNCE loss of a batch's pairs, and optionally with the
/// cross-entropy of a classifier on the vectors of both.
package final class ContrastiveTrainer {
    package let pair: OptimizedParameters
    /// Computes the vectors of each shard in its first stage, and in its second the gradients by the parameters from those
    /// of the loss by the vectors.
    private let encoders: any Executable
    /// The loss of the whole batch's vectors, every image against every sentence.
    private let comparison: any Executable
    /// The number of classes that a classifier tells apart; 0 without a classifier.
    private let classCount: Int
    let recipe: Recipe
    private let corpus: Corpus
    let tower: TextTower
    let images: ImageTower
    let device: any Device
    /// Progress and the networks.
    package let state: TrainingState
    private var imagesSeen: Int { state.imagesSeen }

    /// - Parameters:
    ///   - corpus: the images and captions that batches refer to.
    ///   - tower: the text encoder.
    ///   - images: the image encoder.
    package init(
        _ recipe: Recipe, corpus: Corpus, tower: TextTower, images: ImageTower, device: any Device
    ) throws {
        self.recipe = recipe
        self.corpus = corpus
        self.tower = tower
        self.images = images
        self.device = device
        let (encoder, side) = (recipe.encoder, recipe.data.side)
        let classCount = encoder.classLoss > 0 ? corpus.classes.count : 0
        self.classCount = classCount
        try tower.validate()

        let store = ParameterStore()
        let declared = ParameterScope(Graph(), store)
        _ = (tower(declared / "text", batch: 1), images(declared / "image", batch: 1, side: side))
        _ = LossParameters(declared, encoder, classCount: classCount)
        let shards = device.trainingShards(forBatch: encoder.batch)
        let pair = try OptimizedParameters(
            store, device: device, seed: recipe.seed, beta1: 0.9, beta2: 0.98, shards: shards.own.count)
        self.pair = pair
        state = TrainingState([("pair", pair)], origins: images.origin.map { ["image features": $0] } ?? [:])

        comparison = try device.compile(
            Self.lossOutputs(encoder, classCount: classCount, shards: shards.total, store),
            parameters: ParameterMap(pair.current))
        let size = encoder.batch / shards.total
        encoders = try device.compile(shards: shards, parameters: ParameterMap(pair.current)) { shard in
            let root = ParameterScope(Graph(), store)
            let sentences = tower(root / "text", batch: size)
            let vectors = [images(root / "image", batch: size, side: side), sentences.tensor]
            var variables: [(name: String, tensor: Tensor)] = [("images", vectors[0]), ("sentences", vectors[1])]
            variables += LossParameters(root, encoder, classCount: classCount).named
            // The gradient of this sum by the parameters is that of the loss, by the chain rule.
            let linear = variables.map { name, tensor in
                (tensor * root.graph.input(Self.gradient(name), tensor.shape)).sum()
            }
            return Outputs(
                writes: pair.gradientWrites(of: linear.sum(), shard: shard),
                firstStage: ["images": vectors[0], "sentences": vectors[1]])
        }
    }

    /// The trained values that the loss has beside the encoders.
    private struct LossParameters {
        /// The logarithm of the factor of all scores, [1]. That is the inverse of the temperature, which starts at 0.07 and is
        /// trained as a logarithm (Radford et al. 2021, CLIP, section 2.5).
        let logScale: Tensor
        /// The weights of the classifier, [classes × embedding]; nil without one.
        let classifier: Tensor?

        /// Declares them below `root`, or finds them if they are declared already.
        init(_ root: ParameterScope, _ encoder: EncoderRecipe, classCount: Int) {
            logScale = (root / "scale").parameter([1], .constant(log(1 / 0.07)))
            classifier =
                classCount > 0
                ? (root / "classifier").parameter([classCount, encoder.embedding], .normal(deviation: 1)) : nil
        }

        /// Each with the name from which `gradient` makes that of its gradient.
        var named: [(name: String, tensor: Tensor)] {
            var named: [(name: String, tensor: Tensor)] = [("temperature", logScale)]
            if let classifier { named.append(("classifier", classifier)) }
            return named
        }
    }

    /// The loss of a whole batch's vectors, and its gradients by the vectors and by `LossParameters`, which `gradient` names.
    /// - Parameter shards: the number of the encoders' shards, over all ranks.
    private static func lossOutputs(
        _ encoder: EncoderRecipe, classCount: Int, shards: Int, _ store: ParameterStore
    ) -> Outputs {
        let graph = Graph()
        let own = LossParameters(ParameterScope(graph, store), encoder, classCount: classCount)
        let vectors = ["images", "sentences"].map { graph.input($0, [encoder.batch, encoder.embedding]) }
        let scale = own.logScale.exp()
        var loss = contrastiveLoss(
            images: vectors[0], sentences: vectors[1], scale: scale,
            mask: graph.input("mask", [encoder.batch, encoder.batch]))
        var results = ["scale": scale]
        if let classifier = own.classifier {
            let classes = graph.input("classes", [encoder.batch, classCount])
            let ofClasses = vectors.map { classLoss($0, weights: classifier, classes: classes) }.sum() * 0.5
            results["loss.class"] = ofClasses
            loss = loss + ofClasses * encoder.classLoss
        }
        results["loss"] = loss
        // The gradients of the shards are averaged, and those by their vectors are to be added: each is multiplied by their number.
        let factor = Float(shards)
        var variables: [(name: String, tensor: Tensor, factor: Float)] = [
            ("images", vectors[0], factor), ("sentences", vectors[1], factor),
        ]
        for (name, tensor) in own.named { variables.append((name, tensor, 1)) }
        let gradients = gradients(of: loss, withRespectTo: variables.map(\.tensor))
        for (variable, gradient) in zip(variables, gradients) {
            results[Self.gradient(variable.name)] = variable.factor == 1 ? gradient : gradient * variable.factor
        }
        return Outputs(results: results)
    }

    /// The name of the loss's gradient by a variable, a result of the comparison and an input of the encoders' second stage.
    private static func gradient(_ variable: String) -> String { prefix + variable }
    private static let prefix = "gradient of "

    /// The number of trained values of both encoders.
    package var parameterCount: Int { pair.store.count }
    /// Arithmetic operations of one step over all ranks.
    package var flopsPerStep: Double { (encoders.flops + comparison.flops) * Double(device.ranks.size) }

    /// One step on the matching pairs of a batch.
    package func step(_ batch: Batch) throws -> Measurements {
        let inputs = try inputs(batch)
        let vectors = try encoders.begin(inputs)
        var (measurements, gradients) = try compare(vectors.outputs, inputs)
        try vectors.finish(gradients, observer: pair.startReduction(of: encoders))
        // Gradients are clipped to a norm of 1: those of the first steps after warm-up are the largest.
        // The average's half-life is a fiftieth of the training.
        let decay = state.averageDecay(
            halfLife: Double(recipe.encoder.images) / 50, batch: recipe.encoder.batch)
        try state.update(pair, learningRate: learningRate, averageDecay: decay, maximumNorm: 1, &measurements)
        state.imagesSeen += batch.count
        return measurements
    }

    /// The loss of a batch's vectors, and its gradients by them as inputs of the encoders' second stage.
    private func compare(_ vectors: [String: HostArray], _ inputs: [String: HostArray]) throws -> (
        measurements: Measurements, gradients: [String: HostArray]
    ) {
        var values = vectors
        if device.ranks.size > 1 {
            // Every rank compares the vectors of the whole batch. All ranks must exchange them in one order.
            for name in vectors.keys.sorted() {
                values[name] = .floats(try device.ranks.gather(vectors[name]?.floats ?? []).flatMap { $0 })
            }
        }
        values["mask"] = inputs["mask"]
        values["classes"] = inputs["classes"]
        let results = try comparison.run(values)
        var measurements: Measurements = [:]
        var gradients: [String: HostArray] = [:]
        for name in results.names {
            if name.hasPrefix(Self.prefix) {
                gradients[name] = .floats(results[name])
            } else {
                measurements[name] = results.mean(name)
            }
        }
        return (measurements, gradients)
    }

    /// The cost of each kernel call of a step except the comparison; nothing is updated.
    func profile(_ batch: Batch) throws -> [KernelCost] {
        let inputs = try inputs(batch)
        let gradients = try compare(encoders.begin(inputs).outputs, inputs).gradients
        return try encoders.profile(inputs.merging(gradients) { $1 })
    }

    /// Linear warm-up over the first twentieth, then half a cosine down to zero.
    private var learningRate: Float {
        let progress = Double(imagesSeen) / Double(max(recipe.encoder.images, 1))
        let shape = progress < 0.05 ? (progress + 0.001) / 0.05 : 0.5 * (1 + cos(Double.pi * (progress - 0.05) / 0.95))
        return recipe.encoder.learningRate * Float(max(shape, 0))
    }

    private func inputs(_ batch: Batch) throws -> [String: HostArray] {
        let count = batch.count
        var stream = RandomStream(seed: recipe.seed, purpose: "contrastive", index: UInt64(imagesSeen))
        let reach = Int(Float(recipe.data.side) * recipe.encoder.translation)
        let seen = images.inputs(batch, reach: reach, &stream)
        let read = tower.inputs(batch.captions.map(\.number), &stream)
        var mask = [Float](repeating: 0, count: count * count)
        let fingerprints = try device.ranks.gather(batch.fingerprints).flatMap { $0 }
        for row in 0..<count {
            for column in 0..<count where row != column {
                let isNegative =
                    !isAlsoMatch(batch.captions[row], batch.captions[column])
                    && !fingerprints[row].isNear(fingerprints[column])
                mask[row * count + column] = isNegative ? 0 : -1e9
            }
        }
        var values = ["mask": HostArray.floats(mask)].merging(seen) { $1 }.merging(read) { $1 }
        if classCount > 0 {
            var classes = [Float](repeating: 0, count: count * classCount)
            for (row, caption) in batch.captions.enumerated() {
                if let own = corpus.label(of: caption.example) { classes[row * classCount + own] = 1 }
            }
            values["classes"] = .floats(classes)
        }
        return values
    }

    /// Whether the second caption may describe the first one's image, so that it is no negative: one of the same image or
    /// class, or one of the same words.
    private func isAlsoMatch(_ own: CaptionReference, _ other: CaptionReference) -> Bool {
        tower.texts[own.number] == tower.texts[other.number] || corpus.mayDescribe(other, imageOf: own)
    }

    /// Both encoders with their averaged weights; the temperature serves training alone.
    func encoderPair(name: String) -> EncoderPair {
        let averaged = pair.averagedArrays
        let image = images.half(averaged.below("image"))
        return EncoderPair(
            name: name, text: tower.encoder(averaged.below("text")), image: image.configuration,
            imageArrays: image.arrays)
    }

    /// The vectors of the captions with these numbers by the averaged weights, one after another.
    func sentenceVectors(of captions: [Int]) throws -> [Float] {
        try tower.vectors(of: captions, by: pair.averagedArrays.below("text"), device: device)
    }
}
