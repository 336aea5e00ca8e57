import ArgumentParser
import Checkpoints
import Corpora
import CPUBackend
import Execution
import Graphs
import Layers
import Networks
import RandomStreams
import Tasks
import Training

/// Sizes, loss and device of a training step, with synthetic inputs.
struct Workload: ParsableArguments {
    @Option(help: "df-gan, or features: the networks and losses of recipes/flowers-64.yaml, with features at 96×96.")
    var discriminator = "df-gan"
    @Option(help: "Channels at full resolution: of both networks with df-gan, of the generator with features.")
    var width = 32
    @Option(help: "The most channels of the generator; 0 is eight times the width.") var maxWidth = 0
    @Option(help: "Width and height of the images.") var side = 64
    @Option(name: .customLong("batch"), help: "Images per step.") var batchSize = 32
    @Option(help: "With df-gan: hinge (with the matching-aware penalty) or relativistic (with R1 and R2).")
    var loss = "hinge"
    @Option(help: "float32 or bfloat16.") var precision = "float32"
    @Option(help: "oneDNN or openBLAS.") var library = "oneDNN"
    @Option(help: "Threads.") var threads = 2

    private static let condition = 256

    func validate() throws {
        guard [.dfGAN, .features].contains(DiscriminatorKind(rawValue: discriminator)) else {
            throw ValidationError("--discriminator \(discriminator)?")
        }
        guard AdversarialLoss(rawValue: loss) != nil else { throw ValidationError("--loss \(loss)?") }
        guard Precision(rawValue: precision) != nil else { throw ValidationError("--precision \(precision)?") }
        guard CPUDevice.Library(rawValue: library) != nil else { throw ValidationError("--library \(library)?") }
    }

    var hasFeatures: Bool { discriminator == DiscriminatorKind.features.rawValue }

    var device: CPUDevice {
        CPUDevice(library: .init(rawValue: library), threads: threads, precision: .init(rawValue: precision))
    }

    /// A trainer with slightly perturbed initial parameters, so that all paths contribute: initially the affines ignore the
    /// sentence.
    func trainer(steps: Bool = true) throws -> GANTrainer {
        var recipe = Recipe()
        recipe.data.side = side
        recipe.generator.width = width
        recipe.generator.maxWidth = maxWidth
        recipe.gan.batch = steps ? batchSize : 1
        if hasFeatures { takeFeatures(&recipe) } else { takeDFGAN(&recipe) }
        var stream = RandomStream(seed: 1, purpose: "benchmark sentences")
        let embeddings = (0..<2 * batchSize).flatMap { _ in
            let row = stream.normals(Workload.condition)
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / length }
        }
        let trainer = try GANTrainer(
            untrained: recipe, embeddings: embeddings, condition: Workload.condition, device: device)
        for network in [trainer.generator, trainer.discriminator] {
            for entry in network.store.entries {
                var stream = RandomStream(seed: 2, purpose: entry.path)
                let slice = network.store.slice(entry, of: network.parameters)
                slice.values = slice.values.map { $0 + 0.02 * stream.normalPair().0 }
            }
            network.parametersChanged()
        }
        return trainer
    }

    private func takeDFGAN(_ recipe: inout Recipe) {
        recipe.discriminator.width = width
        recipe.gan.loss = AdversarialLoss(rawValue: loss) ?? .hinge
        recipe.gan.augmentation = 0
        recipe.gan.penalty = recipe.gan.loss == .hinge ? 2 : 0.5
    }

    /// As recipes/flowers-64.yaml has it.
    private func takeFeatures(_ recipe: inout Recipe) {
        recipe.generator.output = .linear
        recipe.generator.textScale = 16
        recipe.generator.learningRate = 2e-4
        recipe.discriminator.kind = .features
        recipe.discriminator.width = 64
        recipe.discriminator.resolution = 96
        recipe.discriminator.learningRate = 2e-4
        recipe.gan.penalty = 0
        recipe.gan.contrastive = 2
        recipe.gan.beta2 = 0.99
        recipe.gan.augmentation = 0.5
        recipe.gan.interpolation = 0
    }

    /// Images of noise, of which each two have the same example index, so that their captions are not negatives of each other;
    /// the first half of the sentences are captions, the second half mismatched captions.
    var batch: Batch {
        var stream = RandomStream(seed: 1, purpose: "benchmark images")
        func references(_ start: Int) -> [CaptionReference] {
            (start..<start + batchSize).map { CaptionReference(example: $0 / 2, caption: 0, number: $0) }
        }
        return Batch(
            firstImage: 0, images: (0..<batchSize * side * side * 3).map { _ in 2 * stream.uniform() - 1 },
            captions: references(0), mismatches: references(batchSize))
    }

    func parameters(of trainer: GANTrainer) -> [(path: String, shape: [Int], values: [Float])] {
        [trainer.generator, trainer.discriminator].flatMap {
            $0.store.arrays(from: $0.parameters) + ($0.spectral?.arrays ?? [])
        } + (trainer.frozen.store.values.map { trainer.frozen.store.arrays(from: $0) } ?? [])
    }

    /// The generator with its current parameters, divided into shards as for generation.
    func generation(_ trainer: GANTrainer) throws -> any Executable {
        let shards = device.shardCount(forBatch: batchSize)
        let store = trainer.generator.store
        return try device.compile(
            shards: shards, parameters: ParameterMap(store.slices(of: trainer.generator.parameters))
        ) { _ in
            let graph = Graph()
            let sizes = trainer.generatorSizes
            let generator = Generator(ParameterScope(graph, store) / "generator", sizes)
            let images = generator(
                noise: graph.input("noise", [batchSize / shards, sizes.noise]),
                text: TextEmbedding(graph.input("condition", [batchSize / shards, sizes.condition])))
            return Outputs(results: ["images": images.tensor])
        }
    }

    /// The inputs of the networks and losses of a step, named under `prefix`; integers are converted to floats.
    func inputs(of trainer: GANTrainer, named prefix: String) -> [NamedArray] {
        var names: Set = ["real", "noise", "text", "mismatch", "condition"]
        if hasFeatures { names.formUnion(["mask", "real.offsets", "real.mask", "fake.offsets", "fake.mask"]) }
        return trainer.inputs(batch).filter { names.contains($0.key) }.map { name, values in
            let floats =
                switch values {
                case .floats(let values): values
                case .integers(let values): values.map { Float($0) }
                }
            let shape =
                switch name {
                case "real": [batchSize, side, side, 3]
                case "real.mask", "fake.mask": [batchSize, side, side, 1]
                default: [batchSize, floats.count / batchSize]
                }
            return NamedArray(name: "\(prefix).\(name)", shape: shape, floats: floats)
        }
    }
}
