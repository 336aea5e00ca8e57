import Corpora
import Evaluation
import Execution
import Graphs
import Images
import Layers
import Networks
import RandomStreams
import Synthesis

/// The half of a contrastive training that sees: a convolutional encoder of its own, or a head on the pooled features of a
/// frozen pretrained network, which are computed once for a few views of each image.
package struct ImageTower {
    private enum Kind {
        case convolutional(ImageEncoderConfiguration)
        case head(FeatureHeadConfiguration, FeatureViews)
    }

    private let kind: Kind

    /// Share of the values of the head's hidden layer that a step leaves out.
    private static let dropout: Float = 0.5

    /// The image encoder that a recipe asks for.
    /// - Parameter views: makes the features of the corpus's images by the frozen network, where the recipe names one.
    package init(_ recipe: Recipe, views: (PretrainedFeatures) throws -> FeatureViews) throws {
        let encoder = recipe.encoder
        guard let network = encoder.featureNetwork else {
            let sizes = encoder.image(side: recipe.data.side)
            try sizes.validate()
            kind = .convolutional(sizes)
            return
        }
        let features = try PretrainedFeatures(network)
        let head = ProjectionHeadConfiguration(
            inputs: FeatureNetwork.pooledWidth, hidden: encoder.imageHidden, embedding: encoder.embedding)
        try head.validate()
        let configuration = FeatureHeadConfiguration(
            network: network, checksum: features.checksum, resolution: encoder.resolution, head: head)
        kind = .head(configuration, try views(features))
    }

    /// The network under `scope`, reading `batch` images as `inputs` gives them: unit vectors [batch×embedding].
    /// - Parameter side: of the images.
    func callAsFunction(_ scope: ParameterScope, batch: Int, side: Int) -> Tensor {
        let graph = scope.graph
        switch kind {
        case .convolutional(let sizes):
            let moved = graph.input("images", [batch, side, side, 3])
                .translated(by: graph.input("offsets", [batch, 2], .int32))
            return ImageEncoder(scope, sizes)(ImageBatch(moved))
        case .head(let configuration, _):
            let head = configuration.head
            return ProjectionHead(scope, head)(
                graph.input("features", [batch, head.inputs]), kept: graph.input("image.kept", [batch, head.hidden]))
        }
    }

    /// What the network reads of a batch.
    /// - Parameters:
    ///   - reach: how many pixels images are moved at most.
    ///   - stream: of moves, views and dropout.
    func inputs(_ batch: Batch, reach: Int, _ stream: inout RandomStream) -> [String: HostArray] {
        switch kind {
        case .convolutional:
            let offsets = (0..<2 * batch.count).map { _ in Int32(stream.index(below: 2 * reach + 1) - reach) }
            return ["images": .floats(batch.images), "offsets": .integers(offsets)]
        case .head(let configuration, let views):
            let rows = batch.captions.flatMap { views[$0.example, stream.index(below: views.count)] }
            let share = 1 - ImageTower.dropout
            let kept = (0..<batch.count * configuration.head.hidden).map { _ in
                stream.uniform() < share ? 1 / share : Float(0)
            }
            return ["features": .floats(rows), "image.kept": .floats(kept)]
        }
    }

    /// What a pair of encoders keeps: sizes, and the values with what standardizes features folded into them.
    func half(_ arrays: NetworkArrays) -> (configuration: ImageTowerConfiguration, arrays: NetworkArrays) {
        switch kind {
        case .convolutional(let sizes): (.convolutional(sizes), arrays)
        case .head(let configuration, let views):
            (.features(configuration), views.rows.unfolding(arrays, configuration.head))
        }
    }

    /// The frozen features that it is trained on; nil where there are none.
    var origin: String? {
        guard case .head(let configuration, _) = kind else { return nil }
        return "\(configuration.network.rawValue) \(configuration.checksum) \(configuration.resolution)"
    }

    /// A few words for people.
    var summary: String {
        switch kind {
        case .convolutional(let sizes): "a convolutional image encoder of width \(sizes.width)"
        case .head(let configuration, let views):
            "a head of width \(configuration.head.hidden) on \(configuration.network.rawValue) at \(configuration.resolution)"
                + "×\(configuration.resolution), \(views.count) views per image"
        }
    }
}

/// The pooled features of a few views of each image of a corpus, in memory.
package struct FeatureViews {
    /// Views per image.
    let count: Int
    /// Their features, standardized: those of image i from row i·count on.
    let rows: StandardizedRows

    /// Most bytes of features that are kept; more images get fewer views.
    static let memoryLimit = 1 << 30

    /// Views that fit for so many images.
    static func count(_ wanted: Int, images: Int) -> Int {
        let bytes = FeatureNetwork.pooledWidth * MemoryLayout<Float>.stride
        return max(1, min(wanted, memoryLimit / (bytes * max(images, 1))))
    }

    /// Computes the features. The first view of an image is the image as it is; others leave out up to `crop` of its side and
    /// are mirrored where `mirrors`.
    /// - Parameter progress: called with the number of images done.
    init(
        _ images: ImageStore, features: PretrainedFeatures, resolution: Int, count: Int, crop: Float, mirrors: Bool,
        seed: UInt64, device: CPUDevice, progress: (Int) -> Void
    ) throws {
        let extractor = try FeatureExtractor(features, resolution: resolution, device: device)
        let total = images.corpus.examples.count
        var values: [Float] = []
        values.reserveCapacity(total * count * extractor.width)
        for start in stride(from: 0, to: total, by: 64) {
            var views: [Image] = []
            for example in start..<min(start + 64, total) {
                // A bad image is never sampled; its rows are there to keep the order.
                let image = try images.image(example) ?? Image(width: 1, height: 1, color: RGB(0, 0, 0))
                var stream = RandomStream(seed: seed, purpose: "views", index: UInt64(example))
                for view in 0..<count {
                    views.append(FeatureViews.view(view, of: image, crop: crop, mirrors: mirrors, &stream))
                }
            }
            values += try extractor.features(of: views).values
            progress(min(start + 64, total))
        }
        self.count = count
        rows = StandardizedRows(values, width: extractor.width)
    }

    /// `count` views of nothing, for plans and profiles, whose costs do not depend on values.
    package static func placeholder(_ count: Int) -> FeatureViews { FeatureViews(count) }

    private init(_ count: Int) {
        self.count = count
        rows = StandardizedRows(
            [Float](repeating: 0, count: FeatureNetwork.pooledWidth), width: FeatureNetwork.pooledWidth)
    }

    private static func view(
        _ number: Int, of image: Image, crop: Float, mirrors: Bool, _ stream: inout RandomStream
    ) -> Image {
        guard number > 0 else { return image }
        let side = min(image.width, image.height)
        let window = max(1, side - stream.index(below: Int(Float(side) * crop) + 1))
        let (x, y) = (
            stream.index(below: image.width - window + 1), stream.index(below: image.height - window + 1)
        )
        let cropped = image.cropped(x: x, y: y, width: window, height: window)
        return stream.index(below: 2) == 1 && mirrors ? cropped.mirrored() : cropped
    }

    /// The features of one view, standardized.
    subscript(example: Int, view: Int) -> ArraySlice<Float> { rows[(example * count + view) % rows.count] }
}
