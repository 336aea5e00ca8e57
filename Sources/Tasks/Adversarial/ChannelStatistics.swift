import Checkpoints
import Corpora
import Execution
import FoundationEssentials
import Graphs
import Images
import Layers
import Models
import Networks
import Training

/// Mean and deviation of each channel of a frozen network's maps at each scale, over unaugmented images of the corpus, those of the
/// validation split included.
package struct ChannelStatistics {
    struct Scale {
        var mean: [Float]
        var deviation: [Float]
    }

    private(set) var scales: [Scale] = []

    /// The statistics are taken over at most this many images.
    private static let images = 2048
    private static let batch = 32
    private static let format = "limn-feature-statistics"

    /// The statistics that the run keeps in `features.safetensors`; they are computed if the file is missing.
    /// - Throws: `StateError` if the file is of another network or resolution.
    static func cached(
        in run: RunDirectory, _ configuration: DiscriminatorConfiguration, features: PretrainedFeatures,
        images: ImageStore, device: any Device
    ) throws -> ChannelStatistics {
        try device.ranks.rootFirst {
            try cachedHere(in: run, configuration, features: features, images: images, device: device)
        }
    }

    private static func cachedHere(
        in run: RunDirectory, _ configuration: DiscriminatorConfiguration, features: PretrainedFeatures,
        images: ImageStore, device: any Device
    ) throws -> ChannelStatistics {
        let path = "\(run.path)/features.safetensors"
        let key = "\(features.network.rawValue) \(features.checksum) \(configuration.resolution)"
        if FileManager.default.fileExists(atPath: path) {
            let file = try Safetensors(contentsOf: path)
            let kept = file.arrays
            guard file.metadata["checksum"] == Checksum.of(kept) else {
                throw StateError(description: "\(path): is damaged; remove it to compute it again")
            }
            guard file.metadata["format"] == format, file.metadata["key"] == key else {
                throw StateError(
                    description:
                        "\(path): the run was started with the features \(file.metadata["key"] ?? "of no network"), "
                        + "found \(key); resume with the former, or start a new run")
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
        let sorted = arrays.sorted { $0.name < $1.name }
        try Safetensors.write(
            sorted, metadata: ["format": format, "key": key, "checksum": Checksum.of(sorted)], to: path)
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

    /// Computes them over images evenly spaced in the corpus.
    private init(
        _ configuration: DiscriminatorConfiguration, features: PretrainedFeatures, images: ImageStore,
        device: any Device
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
        let values = try store.allocate(on: device)
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
        let step = max(1, (total + ChannelStatistics.images - 1) / ChannelStatistics.images)
        func add(_ pixels: inout [Float]) throws {
            let found = try program.run(["images": .floats(pixels)])
            pixels = []
            batches += 1
            for scale in taps.indices {
                for (channel, sum) in found["\(scale).sum"].enumerated() { sums[scale][channel] += Double(sum) }
                for (channel, sum) in found["\(scale).squares"].enumerated() {
                    squares[scale][channel] += Double(sum)
                }
            }
        }
        var pixels: [Float] = []
        for example in stride(from: 0, to: total, by: step) {
            guard let image = try images.image(example) else { continue }
            pixels += image.values
            guard pixels.count == batch * image.pixels.count else { continue }
            try add(&pixels)
        }
        // The last images that do not fill a batch are skipped, except in a corpus smaller than one.
        if batches == 0, !pixels.isEmpty {
            let size = batch * configuration.side * configuration.side * 3
            while pixels.count < size { pixels += pixels.prefix(size - pixels.count) }
            try add(&pixels)
        }
        guard batches > 0 else { throw images.nothingUsable }
        for (scale, tap) in taps.enumerated() {
            let count = Double(batches * tap.shape.count / tap.shape[-1])
            let mean = sums[scale].map { $0 / count }
            let deviation = zip(squares[scale], mean).map { max($0 / count - $1 * $1, 0).squareRoot() }
            // A constant channel carries no information; its noise must not be amplified.
            let least = max(1e-4, 0.01 * deviation.reduce(0, +) / Double(deviation.count))
            scales.append(Scale(mean: mean.map { Float($0) }, deviation: deviation.map { Float(max($0, least)) }))
        }
    }
}
