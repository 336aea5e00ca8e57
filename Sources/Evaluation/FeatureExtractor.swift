import Execution
import Graphs
import Images
import Layers
import Networks
import Models

/// Computes features of images in batches, with one compiled program; the last batch is padded with its first image.
package final class FeatureExtractor {
    private let program: any Executable
    private let side: Int
    /// Width of the features.
    package let width: Int
    private let filter: ResizeFilter
    private let store: ParameterStore
    private static let batch = 32

    /// - Parameters:
    ///   - side: width and height of the network's input; images of other sizes are resized with `filter`.
    ///   - width: number of features.
    ///   - arrays: the network's parameters.
    ///   - network: traces images [batch, side, side, 3] in −1…1 to features [batch×width].
    private init(
        side: Int, width: Int, filter: ResizeFilter, arrays: NetworkArrays, device: any Device,
        network: (ParameterScope, ImageBatch) -> Tensor
    ) throws {
        (self.side, self.width, self.filter) = (side, width, filter)
        let store = ParameterStore()
        self.store = store
        // Tracing the network declares its parameters, which must precede their allocation.
        let declared = Graph()
        _ = network(ParameterScope(declared, store), ImageBatch(declared.input("images", [1, side, side, 3])))
        let values = try store.allocate(on: device)
        try store.load(arrays, into: values)
        let shards = device.shardCount(forBatch: FeatureExtractor.batch)
        let parameters = ParameterMap(frozen: FrozenParameters(store.slices(of: values)))
        program = try device.compile(shards: shards, parameters: parameters) { _ in
            let graph = Graph()
            let images = ImageBatch(graph.input("images", [FeatureExtractor.batch / shards, side, side, 3]))
            return Outputs(results: ["features": network(ParameterScope(graph, store), images)])
        }
    }

    /// The image encoder of a pair: unit vectors in the same space as its sentence vectors.
    /// - Throws: `ModelError` if the frozen network on which it was trained is missing or has other weights.
    package convenience init(judge: EncoderPair, device: any Device) throws {
        switch judge.image {
        case .convolutional(let sizes):
            try self.init(
                side: sizes.side, width: sizes.embedding, filter: .bicubic, arrays: judge.imageArrays, device: device
            ) { ImageEncoder($0, sizes)($1) }
        case .features(let configuration):
            let features = try configuration.features()
            let arrays = features.arrays.above("network").merging(judge.imageArrays.above("head")) { $1 }
            try self.init(
                side: configuration.resolution, width: configuration.head.embedding, filter: .bilinear, arrays: arrays,
                device: device
            ) { scope, images in
                let found = features.network(scope / "network", images)
                return ProjectionHead(scope / "head", configuration.head)(
                    found.vectors(width: configuration.head.inputs))
            }
        }
    }

    /// The features of a frozen network, [images×width].
    /// - Parameters:
    ///   - resolution: width and height to which images are resized, in pixels; nil is that of the network.
    ///   - width: 1280 for the pooled features, or the network's `multiscaleWidth`.
    package convenience init(
        _ features: PretrainedFeatures, resolution: Int? = nil, width: Int = FeatureNetwork.pooledWidth,
        device: any Device
    ) throws {
        try self.init(
            side: resolution ?? features.network.resolution, width: width, filter: .bilinear, arrays: features.arrays,
            device: device
        ) { features.network($0, $1).vectors(width: width) }
    }

    /// The features of images, one row per image.
    /// - Parameter progress: called with the number of images done.
    package func features(of images: [Image], progress: (Int) -> Void = { _ in }) throws -> FeatureMatrix {
        try features(count: images.count, progress: progress) { images[$0] }
    }

    /// The features of `total` images, one row per image, which are read one batch at a time.
    package func features(
        count total: Int, progress: (Int) -> Void = { _ in }, image: (Int) throws -> Image
    ) throws -> FeatureMatrix {
        var rows: [Float] = []
        rows.reserveCapacity(total * width)
        for start in stride(from: 0, to: total, by: FeatureExtractor.batch) {
            let count = min(FeatureExtractor.batch, total - start)
            var values: [Float] = []
            values.reserveCapacity(FeatureExtractor.batch * side * side * 3)
            for index in 0..<FeatureExtractor.batch {
                let image = try image(start + (index < count ? index : 0))
                let scaled =
                    image.width == side && image.height == side
                    ? image : image.resized(width: side, height: side, filter: filter)
                values += scaled.values
            }
            rows += try program.run(["images": .floats(values)])["features"].prefix(count * width)
            progress(start + count)
        }
        return try FeatureMatrix(rows: total, columns: width, values: rows)
    }
}
