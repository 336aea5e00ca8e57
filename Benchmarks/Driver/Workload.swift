import ArgumentParser
import Checkpoints
import Corpora
import Execution
import Graphs
import Layers
import Networks
import RandomStreams
import Training

/// One training step's sizes, loss and device, with inputs that need no corpus.
struct Workload: ParsableArguments {
    @Option(help: "Channels of both networks at full resolution.") var width = 32
    @Option(help: "Side of the pictures.") var side = 64
    @Option(name: .customLong("batch"), help: "Pictures a step.") var batchSize = 32
    @Option(help: "hinge, with the matching-aware penalty, or relativistic, with R1 and R2.") var loss = "hinge"
    @Option(help: "float32 or bfloat16.") var precision = "float32"
    @Option(help: "oneDNN or openBLAS.") var library = "oneDNN"
    @Option(help: "Threads.") var threads = 2

    private static let condition = 256

    func validate() throws {
        guard AdversarialLoss(rawValue: loss) != nil else { throw ValidationError("--loss \(loss)?") }
        guard Precision(rawValue: precision) != nil else { throw ValidationError("--precision \(precision)?") }
        guard CPUDevice.Library(rawValue: library) != nil else { throw ValidationError("--library \(library)?") }
    }

    var device: CPUDevice {
        CPUDevice(library: .init(rawValue: library), threads: threads, precision: .init(rawValue: precision))
    }

    /// A trainer whose parameters are moved a little from where they begin, so that no path is silent: fresh affines
    /// ignore the sentence.
    func trainer(steps: Bool = true) throws -> GANTrainer {
        var recipe = Recipe()
        recipe.data.side = side
        recipe.generator.width = width
        recipe.discriminator.width = width
        recipe.gan.batch = steps ? batchSize : 1
        recipe.gan.loss = AdversarialLoss(rawValue: loss) ?? .hinge
        recipe.gan.augmentation = 0
        recipe.gan.penalty = recipe.gan.loss == .hinge ? 2 : 0.5
        var stream = RandomStream(seed: 1, purpose: "benchmark sentences")
        let embeddings = (0..<2 * batchSize).flatMap { _ in
            let row = stream.normals(Workload.condition)
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / length }
        }
        let trainer = try GANTrainer(recipe, embeddings: embeddings, condition: Workload.condition, device: device)
        for network in [trainer.generator, trainer.discriminator] {
            for entry in network.store.entries {
                var stream = RandomStream(seed: 2, purpose: entry.path)
                for index in 0..<entry.shape.count {
                    network.parameters.pointer[entry.offset + index] += 0.02 * stream.normalPair().0
                }
            }
        }
        return trainer
    }

    /// Images of noise; the first half of the sentences match, the second half do not.
    var batch: Batch {
        var stream = RandomStream(seed: 1, purpose: "benchmark pictures")
        func references(_ start: Int) -> [CaptionReference] {
            (start..<start + batchSize).map { CaptionReference(example: $0, caption: 0, number: $0) }
        }
        return Batch(
            firstImage: 0, images: (0..<batchSize * side * side * 3).map { _ in 2 * stream.uniform() - 1 },
            captions: references(0), mismatches: references(batchSize))
    }

    func parameters(of trainer: GANTrainer) -> [(path: String, shape: [Int], values: [Float])] {
        [trainer.generator, trainer.discriminator].flatMap { $0.store.arrays(from: $0.parameters) }
    }

    /// The generator with its current parameters, divided as generation divides it.
    func generation(_ trainer: GANTrainer) throws -> Replicas {
        let replicas = Replicas.count(batch: batchSize, device: device)
        let store = trainer.generator.store
        return try Replicas(
            replicas, on: device, parameters: ParameterMap(store.slices(of: trainer.generator.parameters))
        ) { _ in
            let graph = Graph()
            let sizes = trainer.generatorSizes
            let generator = Generator(ParameterScope(graph, store) / "generator", sizes)
            let images = generator(
                noise: graph.input("noise", [batchSize / replicas, sizes.noise]),
                text: TextEmbedding(graph.input("condition", [batchSize / replicas, sizes.condition])))
            return Outputs(results: ["images": images.tensor])
        }
    }

    func generate(_ trainer: GANTrainer, inputs: [String: HostArray]) throws -> [NamedArray] {
        let images = try generation(trainer).run(inputs).flatMap { $0["images"] ?? [] }
        return [NamedArray(name: "images", shape: [batchSize, side, side, 3], floats: images)]
    }
}
