import Graphs
import Layers

/// Heads on the features of a frozen pretrained network at four scales (Sauer et al. 2021, "Projected GANs Converge Faster",
/// section 3), each of which joins the sentence and gives one logit.
///
/// Shapes for resolution 96, network EfficientNet-Lite0 and width w: images [B, 64, 64, 3] → [B, 96, 96, 3] → features at strides
/// 4, 8, 16, 32 → fixed random projections 24×24×w/2, 12×12×w, 6×6×w, 3×3×2w. A head halves its map by 4×4 convolutions, doubling
/// the channels up to 4w, down to 3×3, joins the sentence by a 3×3 convolution to 2w channels, and a 3×3 convolution makes the
/// logit. Filters of the heads are spectrally normalized (Miyato et al. 2018).
public struct FeatureDiscriminator: Discriminator {
    private let configuration: DiscriminatorConfiguration
    private let frozen: ParameterScope
    private let projections: [SpatialConvolution]
    private let heads: [Head]

    private struct Head {
        let halvings: [SpatialConvolution]
        let join: SpatialConvolution
        let logit: SpatialConvolution

        init(_ scope: ParameterScope, channels: Int, side: Int, base: Int, width: Int, condition: Int) {
            var (halvings, channels, side): ([SpatialConvolution], Int, Int) = ([], channels, side)
            while side > base {
                let next = min(2 * channels, 4 * width)
                halvings.append(
                    SpatialConvolution(
                        scope / "halvings" / halvings.count, channels, next, kernel: 4, stride: 2, padding: 1,
                        isSpectrallyNormalized: true))
                (channels, side) = (next, side / 2)
            }
            self.halvings = halvings
            join = SpatialConvolution(
                scope / "join", channels + condition, 2 * width, kernel: 3, isSpectrallyNormalized: true)
            logit = SpatialConvolution(
                scope / "logit", 2 * width, 1, kernel: base, padding: 0, isSpectrallyNormalized: true)
        }
    }

    /// - Parameters:
    ///   - scope: where the heads' parameters lie.
    ///   - frozen: where the network's and the projections' lie; see `frozenScopes`.
    public init(_ scope: ParameterScope, frozen: ParameterScope, _ configuration: DiscriminatorConfiguration) {
        self.configuration = configuration
        self.frozen = frozen
        let (width, network) = (configuration.width, configuration.network)
        let outputs = FeatureDiscriminator.projectedChannels(width)
        projections = network.tapChannels.indices.map {
            SpatialConvolution(frozen / "projections" / $0, network.tapChannels[$0], outputs[$0], kernel: 1)
        }
        let base = configuration.resolution / 32
        heads = outputs.indices.map {
            Head(
                scope / "heads" / $0, channels: outputs[$0], side: base << (3 - $0), base: base, width: width,
                condition: configuration.condition)
        }
    }

    /// Channels of the projected maps, finest first.
    static func projectedChannels(_ width: Int) -> [Int] { [width / 2, width, width, 2 * width] }

    /// The network's features of images resized to its resolution, standardized and mixed by the projections.
    public func features(of images: ImageBatch) -> ImageFeatures {
        let resized = images.tensor.resized(height: configuration.resolution, width: configuration.resolution)
        let found = configuration.network(frozen / "network", ImageBatch(resized))
        return ImageFeatures(maps: zip(projections, found.taps).map { $0($1) }, pooled: found.pooled)
    }

    /// What each head makes of its map alone, before any sentence.
    public func states(of features: ImageFeatures) -> [Tensor] {
        zip(heads, features.maps).map { head, map in head.halvings.reduce(map) { $1($0).leakyReLU() } }
    }

    /// Each head's judgement of its state beside the sentences.
    public func logits(of states: [Tensor], given sentences: TextEmbedding) -> [Logits] {
        // Elements of a unit vector are small beside those of features.
        let scaled = sentences.tensor * Float(sentences.tensor.shape[1]).squareRoot()
        return zip(heads, states).map { head, state in
            let joined = head.join(Tensor.concatenated([state, scaled.spread(over: state)], axis: 3))
            return Logits(head.logit(joined.leakyReLU()).reshaped([state.shape[0], 1]))
        }
    }
}
