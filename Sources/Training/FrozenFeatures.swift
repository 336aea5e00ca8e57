import Checkpoints
import Corpora
import Execution
import FoundationEssentials
import Graphs
import Images
import Layers
import Networks
import RandomStreams
import Synthesis

/// What the networks of an adversarial training read and do not change: of a discriminator on features the pretrained network
/// and its projections, and the image encoder that generated images are compared with sentences by.
///
/// A projection is random (Sauer et al. 2021, section 3.2) and reads features standardized per channel: P·(x − µ)/σ is one 1×1
/// convolution with weights P/σ and biases −P·µ/σ.
package final class FrozenFeatures {
    /// Where frozen parameters are declared.
    package let store = ParameterStore()
    /// Their values, with what kernels make of them once per process.
    package let parameters: FrozenParameters
    /// Sizes of the image encoder's head on pooled features; nil where the training compares no images with sentences.
    let imageHead: ProjectionHeadConfiguration?
    package let values: FlatBuffer

    /// No frozen parameters, for a discriminator that learns all it knows.
    package init() {
        values = store.allocate()
        parameters = FrozenParameters([:])
        imageHead = nil
    }

    /// - Parameters:
    ///   - statistics: of the network's features of training images.
    ///   - imageHead: sizes and values of the image encoder's head; nil where it is not needed.
    ///   - seed: of the projections.
    package init(
        _ configuration: DiscriminatorConfiguration, features: PretrainedFeatures, statistics: ChannelStatistics,
        imageHead: TrainedHead?, seed: UInt64
    ) throws {
        self.imageHead = imageHead?.configuration
        // Declared by tracing what reads them.
        let graph = Graph()
        let root = ParameterScope(graph, store)
        let images = ImageBatch(graph.input("images", [1, configuration.side, configuration.side, 3]))
        let heads = ParameterScope(graph, ParameterStore())
        let found = configuration.discriminator(heads, frozen: root / "frozen").features(of: images)
        if let imageHead, let pooled = found.pooled {
            _ = ProjectionHead(root / "frozen" / "imageHead", imageHead.configuration)(pooled)
        }
        values = store.allocate()
        var arrays = features.arrays.above("frozen.network")
        if let imageHead { arrays.merge(imageHead.arrays.above("frozen.imageHead")) { $1 } }
        for (scale, channels) in statistics.scales.enumerated() {
            let outputs = found.maps[scale].shape[-1]
            arrays.merge(
                FrozenFeatures.projection(scale, of: channels, outputs: outputs, seed: seed)
                    .above("frozen.projections.\(scale)")
            ) { $1 }
        }
        try store.load(arrays, into: values)
        parameters = FrozenParameters(store.slices(of: values))
    }

    private static func projection(_ scale: Int, of channels: ChannelStatistics.Scale, outputs: Int, seed: UInt64)
        -> NetworkArrays
    {
        let inputs = channels.mean.count
        var stream = RandomStream(seed: seed, purpose: "projection \(scale)")
        var weight = stream.normals(outputs * inputs)
        var bias = [Float](repeating: 0, count: outputs)
        // Rows of unit length in the mean, so that projected features have a deviation of about 1.
        let length = 1 / Float(inputs).squareRoot()
        for output in 0..<outputs {
            for input in 0..<inputs {
                let index = output * inputs + input
                weight[index] *= length / channels.deviation[input]
                bias[output] -= weight[index] * channels.mean[input]
            }
        }
        return ["weight": ([outputs, 1, 1, inputs], weight), "bias": ([outputs], bias)]
    }
}

extension GANTrainer {
    /// A trainer of the recipe's networks on no statistics and no trained encoder, for plans and profiles: its steps cost what
    /// those of a training cost.
    package convenience init(untrained recipe: Recipe, embeddings: [Float], condition: Int, device: CPUDevice) throws {
        let configuration = recipe.discriminatorConfiguration(condition: condition)
        var frozen = FrozenFeatures()
        if let network = configuration.featureNetwork {
            let head = ProjectionHeadConfiguration(
                inputs: FeatureNetwork.pooledWidth, hidden: recipe.encoder.imageHidden, embedding: condition)
            let store = ParameterStore()
            let graph = Graph()
            _ = ProjectionHead(ParameterScope(graph, store), head)(graph.input("pooled", [1, head.inputs]))
            let arrays = store.arrays(from: store.allocate(seed: recipe.seed))
            let values = NetworkArrays(uniqueKeysWithValues: arrays.map { ($0.path, ($0.shape, $0.values)) })
            frozen = try FrozenFeatures(
                configuration, features: PretrainedFeatures(network), statistics: .neutral(network),
                imageHead: recipe.gan.contrastive > 0 ? TrainedHead(head, arrays: values) : nil, seed: recipe.seed)
        }
        try self.init(
            recipe, embeddings: embeddings, condition: condition, corpus: nil, frozen: frozen, device: device)
    }
}

/// Mean and deviation of each channel of a frozen network's maps at each scale, over training images as they are.
package struct ChannelStatistics {
    struct Scale {
        var mean: [Float]
        var deviation: [Float]
    }

    private(set) var scales: [Scale] = []

    /// Images that the statistics are taken of, at most.
    private static let images = 2048
    private static let batch = 32
    private static let format = "limn-feature-statistics"

    /// Those that the run keeps, or computed now and kept: `features.safetensors` in its folder.
    /// - Throws: `StateError` where the run keeps those of another network or resolution.
    static func kept(
        in run: RunDirectory, _ configuration: DiscriminatorConfiguration, features: PretrainedFeatures,
        images: ImageStore, device: CPUDevice
    ) throws -> ChannelStatistics {
        let path = "\(run.path)/features.safetensors"
        let key = "\(features.network.rawValue) \(features.checksum) \(configuration.resolution)"
        if FileManager.default.fileExists(atPath: path) {
            let file = try Safetensors(contentsOf: path)
            guard file.metadata["format"] == format, file.metadata["key"] == key else {
                throw StateError(
                    description:
                        "\(path): the run was begun on the features \(file.metadata["key"] ?? "of no network"), "
                        + "found \(key); resume with those, or begin a new run")
            }
            return try ChannelStatistics(file, path: path, channels: features.network.tapChannels)
        }
        let found = try ChannelStatistics(configuration, features: features, images: images, device: device)
        let arrays = found.scales.enumerated().flatMap { number, scale in
            [
                NamedArray(name: "\(number).mean", shape: [scale.mean.count], floats: scale.mean),
                NamedArray(name: "\(number).deviation", shape: [scale.mean.count], floats: scale.deviation),
            ]
        }
        try Safetensors.write(arrays, metadata: ["format": format, "key": key], to: path)
        return found
    }

    /// Mean 0 and deviation 1.
    package static func neutral(_ network: FeatureNetwork) -> ChannelStatistics {
        var statistics = ChannelStatistics()
        for channels in network.tapChannels {
            statistics.scales.append(
                Scale(
                    mean: [Float](repeating: 0, count: channels), deviation: [Float](repeating: 1, count: channels)))
        }
        return statistics
    }

    private init() {}

    private init(_ file: Safetensors, path: String, channels: [Int]) throws {
        for (scale, count) in channels.enumerated() {
            guard let mean = try file["\(scale).mean"]?.floats(),
                let deviation = try file["\(scale).deviation"]?.floats(),
                mean.count == count, deviation.count == count
            else { throw StateError(description: "\(path): does not hold the statistics of \(channels) channels") }
            scales.append(Scale(mean: mean, deviation: deviation))
        }
    }

    /// Computes them on images evenly spaced over the corpus.
    private init(
        _ configuration: DiscriminatorConfiguration, features: PretrainedFeatures, images: ImageStore,
        device: CPUDevice
    ) throws {
        let (network, resolution, batch) = (configuration.network, configuration.resolution, ChannelStatistics.batch)
        let store = ParameterStore()
        func trace(_ batch: Int) -> (taps: [Tensor], graph: Graph) {
            let graph = Graph()
            let images = graph.input("images", [batch, configuration.side, configuration.side, 3])
            let resized = ImageBatch(images.resized(height: resolution, width: resolution))
            return (network(ParameterScope(graph, store), resized).taps, graph)
        }
        _ = trace(1)
        let values = store.allocate()
        try store.load(features.arrays, into: values)
        let taps = trace(batch).taps
        var results: [String: Tensor] = [:]
        for (scale, tap) in taps.enumerated() {
            results["\(scale).sum"] = tap.sum(along: [0, 1, 2])
            results["\(scale).squares"] = (tap * tap).sum(along: [0, 1, 2])
        }
        let program = try device.compile(
            Outputs(results: results), parameters: ParameterMap(frozen: FrozenParameters(store.slices(of: values))))
        var sums = taps.map { [Double](repeating: 0, count: $0.shape[-1]) }
        var squares = sums
        var batches = 0
        let total = images.corpus.examples.count
        let step = max(1, total / ChannelStatistics.images)
        var pixels: [Float] = []
        for example in stride(from: 0, to: total, by: step) {
            guard let image = try images.image(example) else { continue }
            for sample in image.pixels { pixels.append(Float(sample) / 127.5 - 1) }
            // The last images that fill no batch are left out, but for a corpus of fewer than one.
            let size = image.pixels.count
            if batches == 0, example + step >= total {
                while pixels.count < batch * size { pixels += pixels.prefix(batch * size - pixels.count) }
            }
            guard pixels.count == batch * size else { continue }
            let found = try program.run(["images": .floats(pixels)])
            pixels = []
            batches += 1
            for scale in taps.indices {
                for (channel, sum) in (found["\(scale).sum"] ?? []).enumerated() { sums[scale][channel] += Double(sum) }
                for (channel, sum) in (found["\(scale).squares"] ?? []).enumerated() {
                    squares[scale][channel] += Double(sum)
                }
            }
        }
        guard batches > 0 else { throw images.nothingUsable }
        for (scale, tap) in taps.enumerated() {
            let count = Double(batches * tap.shape.count / tap.shape[-1])
            let mean = sums[scale].map { $0 / count }
            let deviation = zip(squares[scale], mean).map { max($0 / count - $1 * $1, 0).squareRoot() }
            // A channel that never differs says nothing; it must not become large.
            let least = max(1e-4, 0.01 * deviation.reduce(0, +) / Double(deviation.count))
            scales.append(Scale(mean: mean.map { Float($0) }, deviation: deviation.map { Float(max($0, least)) }))
        }
    }
}
