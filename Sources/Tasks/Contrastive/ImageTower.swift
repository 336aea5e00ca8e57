import Corpora
import Execution
import Graphs
import Layers
import Networks
import RandomStreams
import Inference
import Models

/// The image encoder of a contrastive training: a convolutional one, or a head on the features of a frozen pretrained
/// network, which are computed once for a few views of each image.
package struct ImageTower {
    private enum Kind {
        case convolutional(ImageEncoderConfiguration)
        case head(FeatureHeadConfiguration, FeatureViews)
    }

    private let kind: Kind

    /// The image encoder of a recipe.
    /// - Parameter views: computes the features of the corpus's images by the frozen network, if the recipe names one.
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
            inputs: encoder.headInputs(network), hidden: encoder.imageHidden, embedding: encoder.embedding)
        try head.validate()
        let configuration = FeatureHeadConfiguration(
            network: network, checksum: features.checksum, resolution: encoder.resolution, head: head)
        kind = .head(configuration, try views(features))
    }

    /// The network under `scope` for `batch` images given by `inputs`: unit vectors [batch × embedding].
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

    /// The network's inputs for a batch.
    /// - Parameters:
    ///   - reach: maximum translation in pixels.
    ///   - stream: of translations, views and dropout.
    func inputs(_ batch: Batch, reach: Int, _ stream: inout RandomStream) -> [String: HostArray] {
        switch kind {
        case .convolutional:
            let offsets = (0..<2 * batch.count).map { _ in Int32(stream.index(below: 2 * reach + 1) - reach) }
            return ["images": .floats(batch.images), "offsets": .integers(offsets)]
        case .head(let configuration, let views):
            let rows = batch.captions.flatMap { views[$0.example, stream.index(below: views.count)] }
            let kept = stream.dropoutFactors(batch.count * configuration.head.hidden)
            return ["features": .floats(rows), "image.kept": .floats(kept)]
        }
    }

    /// The values of the network in training that `half` would give these.
    func trainable(_ arrays: NetworkArrays) -> NetworkArrays {
        guard case .head(_, let views) = kind else { return arrays }
        return views.rows.unfoldingStandardization(of: arrays)
    }

    /// The image half of a pair of encoders: sizes, and values with the standardization of features folded in.
    func half(_ arrays: NetworkArrays) -> (configuration: ImageTowerConfiguration, arrays: NetworkArrays) {
        switch kind {
        case .convolutional(let sizes): (.convolutional(sizes), arrays)
        case .head(let configuration, let views):
            (.features(configuration), views.rows.foldingStandardization(into: arrays, configuration.head))
        }
    }

    /// The frozen features that it is trained on; nil if there are none.
    var origin: String? {
        guard case .head(let configuration, _) = kind else { return nil }
        return "\(configuration.network.rawValue) \(configuration.checksum) \(configuration.resolution)"
    }

    /// The encoder in a few words.
    var summary: String {
        switch kind {
        case .convolutional(let sizes): "a convolutional image encoder of width \(sizes.width)"
        case .head(let configuration, let views):
            "a head of width \(configuration.head.hidden) on \(configuration.network.rawValue) at \(configuration.resolution)"
                + "×\(configuration.resolution)\(configuration.isMultiscale ? ", all scales" : ""), \(views.count) views per image"
        }
    }
}
