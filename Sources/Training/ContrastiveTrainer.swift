import Corpora
import Execution
import Glibc
import Graphs
import Layers
import Networks
import RandomStreams

/// Trains a text encoder and an image encoder to find each other's half of a pair among a batch.
public final class ContrastiveTrainer {
    package let pair: OptimizedStore
    /// Each makes the vectors of its part of the batch, pauses for the loss, and goes back from the loss's derivatives
    /// by its vectors to those by the parameters.
    private let encoders: Replicas
    /// The loss of the whole batch's vectors, whose every pair it compares.
    private let comparison: Program
    let recipe: Recipe
    private let corpus: Corpus
    let tower: TextTower
    let images: ImageTower
    let device: CPUDevice
    /// Images seen since the start.
    public internal(set) var imagesSeen = 0
    /// Updates left out because a loss or gradient was not finite.
    public internal(set) var skipped = 0

    /// - Parameters:
    ///   - corpus: the images and captions that batches refer to.
    ///   - tower: what reads the captions.
    ///   - images: what sees the images.
    package init(
        _ recipe: Recipe, corpus: Corpus, tower: TextTower, images: ImageTower, device: CPUDevice
    ) throws {
        self.recipe = recipe
        self.corpus = corpus
        self.tower = tower
        self.images = images
        self.device = device
        let encoder = recipe.encoder
        try tower.validate()

        let store = ParameterStore()
        let declared = ParameterScope(Graph(), store)
        let side = recipe.data.side
        _ = (tower(declared / "text", batch: 1), images(declared / "image", batch: 1, side: side))
        let replicas = Replicas.count(batch: encoder.batch, device: device)
        let graph = Graph()
        // The temperature begins at 0.07 and is learnt as a logarithm (Radford et al. 2021, CLIP, section 2.5).
        let logScale = (ParameterScope(graph, store) / "scale").parameter([1], .constant(log(1 / 0.07)))
        let pair = OptimizedStore(store, seed: recipe.seed, beta1: 0.9, beta2: 0.98, replicas: replicas)
        self.pair = pair

        let vectors = ["images", "sentences"].map { graph.input($0, [encoder.batch, encoder.embedding]) }
        let scale = logScale.exponential()
        let loss = contrastiveLoss(
            images: vectors[0], sentences: vectors[1], scale: scale,
            mask: graph.input("mask", [encoder.batch, encoder.batch]))
        // Replicas take the mean of their gradients, and this is a sum: each part is given its share so many times.
        let slopes = gradients(of: loss, withRespectTo: vectors + [logScale]).map { $0 * Float(replicas) }
        comparison = try device.compile(
            Outputs(
                results: ["loss": loss, "scale": scale, "images": slopes[0], "sentences": slopes[1]],
                writes: [(slopes[2], pair.gradientSlice(of: "scale"))]),
            parameters: ParameterMap(pair.current))

        let size = encoder.batch / replicas
        encoders = try Replicas(replicas, on: device, parameters: ParameterMap(pair.current)) { replica in
            let graph = Graph()
            let root = ParameterScope(graph, store)
            let sentences = tower(root / "text", batch: size)
            let vectors = [images(root / "image", batch: size, side: side), sentences.tensor]
            // Its derivative by the parameters is that of the loss, by the chain rule.
            let linear = zip(vectors, ["images", "sentences"]).map {
                ($0 * graph.input("slope of \($1)", $0.shape)).sum(along: [0, 1])
            }
            return Outputs(
                writes: pair.gradientWrites(of: linear[0] + linear[1], replica: replica, under: ["text", "image"]),
                early: ["images": vectors[0], "sentences": vectors[1]])
        }
    }

    /// Learnt values of both encoders.
    public var parameterCount: Int { pair.store.count }
    /// Arithmetic operations of one step.
    public var flopsPerStep: Double { encoders.flops + comparison.flops }

    /// One step on the matching pairs of a batch.
    public func step(_ batch: Batch) throws -> Measurements {
        let inputs = inputs(batch)
        let compared = try compare(inputs)
        try encoders.finish(compared.slopes)
        let norm = pair.meanGradient(threads: device.threads)
        var measurements = compared.measurements
        measurements["gradient_norm"] = norm
        if norm.isFinite, measurements["loss"]?.isFinite == true {
            // Long gradients are cut to length 1: the first steps after warm-up are the wildest.
            let clip = Float(min(1, 1 / max(norm, 1e-12)))
            for index in 0..<pair.gradient.count where clip < 1 { pair.gradient.pointer[index] *= clip }
            pair.update(rate: rate, averageDecay: averageDecay, threads: device.threads)
        } else {
            skipped += 1
        }
        imagesSeen += batch.count
        return measurements
    }

    /// The first half of a step: vectors, and the loss with its derivatives by them.
    private func compare(_ inputs: [String: HostArray]) throws -> (
        measurements: Measurements, slopes: [String: HostArray]
    ) {
        var values = try encoders.begin(inputs).mapValues { HostArray.floats($0) }
        values["mask"] = inputs["mask"]
        let results = try comparison.run(values)
        var (measurements, slopes): (Measurements, [String: HostArray]) = ([:], [:])
        for (name, result) in results {
            if name == "loss" || name == "scale" {
                measurements[name] = Double(result[0])
            } else {
                slopes["slope of \(name)"] = .floats(result)
            }
        }
        return (measurements, slopes)
    }

    /// The cost of each kernel call of a step but the comparison, nothing updated.
    func profile(_ batch: Batch) throws -> [Program.StepCost] {
        let inputs = inputs(batch)
        return try encoders.profile(inputs.merging(compare(inputs).slopes) { $1 })
    }

    /// Linear warm-up over the first twentieth, then half a cosine down to zero.
    private var rate: Float {
        let progress = Double(imagesSeen) / Double(max(recipe.encoder.images, 1))
        let shape = progress < 0.05 ? (progress + 0.001) / 0.05 : 0.5 * (1 + cos(Double.pi * (progress - 0.05) / 0.95))
        return recipe.encoder.learningRate * Float(max(shape, 0))
    }

    /// The average's half-life is a fiftieth of the training, and less at its start.
    private var averageDecay: Float {
        let halfLife = min(Double(recipe.encoder.images) / 50, Double(imagesSeen) * 0.05)
        return halfLife > 0 ? Float(pow(0.5, Double(recipe.encoder.batch) / halfLife)) : 0
    }

    private func inputs(_ batch: Batch) -> [String: HostArray] {
        let count = batch.count
        var stream = RandomStream(seed: recipe.seed, purpose: "contrastive", index: UInt64(imagesSeen))
        let reach = Int(Float(recipe.data.side) * recipe.encoder.translation)
        let seen = images.inputs(batch, reach: reach, &stream)
        let read = tower.inputs(batch.captions.map(\.number), &stream)
        var mask = [Float](repeating: 0, count: count * count)
        let looks = batch.fingerprints
        for row in 0..<count {
            for column in 0..<count where row != column {
                let isRival =
                    !areAlike(batch.captions[row], batch.captions[column]) && !looks[row].isNear(looks[column])
                mask[row * count + column] = isRival ? 0 : -1e9
            }
        }
        return ["mask": .floats(mask)].merging(seen) { $1 }.merging(read) { $1 }
    }

    /// Whether two captions may describe each other's image, as far as words tell: same class, same image or the same words.
    private func areAlike(_ a: CaptionReference, _ b: CaptionReference) -> Bool {
        if a.example == b.example || tower.texts[a.number] == tower.texts[b.number] { return true }
        guard let label = corpus.label(of: a.example) else { return false }
        return label == corpus.label(of: b.example)
    }
}
