import Corpora
import CPUBackend
import Execution
import Graphs
import Layers
import Networks
import RandomStreams
import Inference
import Models
import TestSupport
import Testing
import Tasks
import Training

/// A trainer of tiny networks with one batch of drawn shapes, and what its discriminator reads and does not change.
struct TinyGAN {
    /// Width of sentence vectors.
    static let condition = 8
    static let size = 8

    let recipe: Recipe
    let device: CPUDevice
    let trainer: GANTrainer
    let batch: Batch
    let corpus: Corpus
    let frozen: FrozenFeatures
    /// The image encoder of the comparison with sentences, on features.
    let head: TrainedHead

    /// - Parameters:
    ///   - scale: of sentence vectors; not-a-number makes every step one that must be skipped.
    ///   - change: makes another recipe.
    init(
        _ kind: DiscriminatorKind, library: CPUDevice.Library = .openBLAS, threads: Int = 1, scale: Float = 1,
        change: (inout Recipe) -> Void = { _ in }
    ) throws {
        var recipe = Recipe()
        recipe.data.side = 16
        (recipe.generator.width, recipe.generator.noise) = (4, 8)
        (recipe.discriminator.kind, recipe.discriminator.width, recipe.discriminator.resolution) = (kind, 8, 64)
        (recipe.gan.batch, recipe.gan.penalty, recipe.gan.augmentation) = (TinyGAN.size, 0, 0)
        change(&recipe)
        self.recipe = recipe
        device = CPUDevice(library: library, threads: threads, precision: .float32)
        (corpus, batch) = try TinyGAN.drawn.get()
        head = TinyGAN.randomHead(inputs: recipe.encoder.headInputs(.efficientNetLite0))
        if kind == .features {
            let features = try TinyGAN.features.get()
            frozen = try FrozenFeatures(
                recipe.discriminatorConfiguration(condition: TinyGAN.condition), features: features,
                statistics: .neutral(features.network), imageHead: head, device: device, seed: recipe.seed)
        } else {
            frozen = try FrozenFeatures(device: device)
        }
        var stream = RandomStream(seed: 4, purpose: "sentences")
        let embeddings = (0..<corpus.captionCount).flatMap { _ in
            let row = stream.normals(TinyGAN.condition)
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 * scale / length }
        }
        trainer = try GANTrainer(
            recipe, embeddings: embeddings, condition: TinyGAN.condition, corpus: corpus, frozen: frozen, device: device
        )
    }

    /// Both networks as they are now.
    var parameters: ParameterMap {
        ParameterMap(
            trainer.generator.current.merging(trainer.discriminator.current) { $1 }, frozen: frozen.parameters)
    }

    /// The discriminator of the recipe in a graph.
    func discriminator(_ graph: Graph) -> any Discriminator {
        recipe.discriminatorConfiguration(condition: TinyGAN.condition).discriminator(
            ParameterScope(graph, trainer.discriminator.store) / "discriminator",
            frozen: ParameterScope(graph, frozen.store) / "frozen")
    }

    private static let drawn: Result<(Corpus, Batch), any Error> = Result {
        try withTemporaryFolder { folder in
            try ShapesCorpus(seed: 5, side: 16).write(to: folder, count: 60)
            let corpus = try Corpus(folder: folder, split: nil)
            let imageStore = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 16))
            let sampler = try PairSampler(corpus: corpus, seed: 1, flips: false)
            return (corpus, try Batch(images: imageStore, sampler: sampler, firstImage: 0, size: size))
        }
    }

    static let features: Result<PretrainedFeatures, any Error> = Result {
        try withTemporaryFolder { folder in
            let path = folder + "/efficientnet-lite0.safetensors"
            try RandomFeatures.write(.efficientNetLite0, seed: 1, to: path)
            return try PretrainedFeatures(.efficientNetLite0, contentsOf: path)
        }
    }

    private static func randomHead(inputs: Int) -> TrainedHead {
        let sizes = ProjectionHeadConfiguration(inputs: inputs, hidden: 16, embedding: condition)
        let (graph, store) = (Graph(), ParameterStore())
        _ = ProjectionHead(ParameterScope(graph, store), sizes)(graph.input("features", [1, sizes.inputs]))
        return TrainedHead(
            sizes,
            arrays: NetworkArrays(
                uniqueKeysWithValues: store.entries.map {
                    ($0.path, ($0.shape.dimensions, $0.initialValues(seed: 6)))
                }))
    }
}
