import Checkpoints
import Corpora
import Execution
import Graphs
import Layers
import Networks
import RandomStreams
import Models

/// The frozen parameters of an adversarial training: for a discriminator on features, the pretrained network and its random
/// projections, and the image encoder's head, by which generated images are compared with sentences.
///
/// A projection is random (Sauer et al. 2021, section 3.2) and applies to features standardized per channel: P·(x − µ)/σ is one
/// 1×1 convolution with weights P/σ and biases −P·µ/σ.
package final class FrozenFeatures {
    /// Where frozen parameters are declared, with their values.
    package let store = ParameterStore()
    /// The same for programs, packed once per process.
    package let parameters: FrozenParameters
    /// Sizes of the image encoder's head on the network's features; nil if the training has no contrastive loss.
    let imageHead: ProjectionHeadConfiguration?

    /// No frozen parameters, for a discriminator that is trained from scratch.
    package init(device: any Device) throws {
        try store.allocate(on: device)
        parameters = FrozenParameters([:])
        imageHead = nil
    }

    /// - Parameters:
    ///   - statistics: of the network's features of training images.
    ///   - imageHead: sizes and values of the image encoder's head; nil if it is not needed.
    ///   - seed: of the projections.
    package init(
        _ configuration: DiscriminatorConfiguration, features: PretrainedFeatures, statistics: ChannelStatistics,
        imageHead: TrainedHead?, device: any Device, seed: UInt64
    ) throws {
        self.imageHead = imageHead?.configuration
        // Tracing the networks that read the parameters declares them.
        let graph = Graph()
        let root = ParameterScope(graph, store)
        let images = ImageBatch(graph.input("images", [1, configuration.side, configuration.side, 3]))
        let heads = ParameterScope(graph, ParameterStore())
        let found = configuration.discriminator(heads, frozen: root / "frozen").features(of: images)
        if let sizes = imageHead?.configuration, let vectors = found.frozen?.vectors(width: sizes.inputs) {
            _ = ProjectionHead(root / "frozen" / "imageHead", sizes)(vectors)
        }
        let values = try store.allocate(on: device)
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

    /// What the discriminator of a run reads and does not train; nothing for one without a frozen network.
    /// - Parameters:
    ///   - images: on which the statistics are taken, unless the run has them.
    ///   - imageHead: the image encoder's head on these features; nil if it is not needed.
    ///   - seed: of the projections.
    convenience init(
        _ configuration: DiscriminatorConfiguration, images: ImageStore, run: RunDirectory, device: any Device,
        seed: UInt64, imageHead: (PretrainedFeatures) throws -> TrainedHead? = { _ in nil }
    ) throws {
        guard let network = configuration.featureNetwork else {
            try self.init(device: device)
            return
        }
        let features = try PretrainedFeatures(network)
        let head = try imageHead(features)
        let statistics = try ChannelStatistics.cached(
            in: run, configuration, features: features, images: images, device: device)
        try self.init(
            configuration, features: features, statistics: statistics, imageHead: head, device: device, seed: seed)
    }

    private static func projection(_ scale: Int, of channels: ChannelStatistics.Scale, outputs: Int, seed: UInt64)
        -> NetworkArrays
    {
        let inputs = channels.mean.count
        var stream = RandomStream(seed: seed, purpose: "projection \(scale)")
        var weight = stream.normals(outputs * inputs)
        var bias = [Float](repeating: 0, count: outputs)
        // Rows have a mean length of 1, so that projected features have a deviation of about 1.
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
