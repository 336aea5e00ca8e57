import Graphs
import Layers

/// A discriminator on the features of a frozen pretrained network at four scales (Sauer et al. 2021, "Projected GANs
/// Converge Faster", section 3). Each scale has a head that joins its features with the sentence and gives one logit.
///
/// The features are mixed by fixed random projections. A head halves its map by 4×4 convolutions until its side is
/// resolution/32, joins the sentence by a 3×3 convolution, and computes the logit by a convolution over all positions.
/// The heads' filters are spectrally normalized (Miyato et al. 2018).
public struct FeatureDiscriminator: Discriminator {
    private let configuration: DiscriminatorConfiguration
    private let frozen: ParameterScope
    private let projections: [Convolution]
    private let heads: [Head]

    private struct Head {
        let halvings: [Convolution]
        let join: JoinedConvolution
        let logit: Convolution

        init(_ scope: ParameterScope, channels: Int, side: Int, base: Int, width: Int, condition: Int) {
            var (halvings, channels, side): ([Convolution], Int, Int) = ([], channels, side)
            while side > base {
                let next = min(2 * channels, 4 * width)
                halvings.append(
                    Convolution(
                        scope / "halvings" / halvings.count, inputChannels: channels, outputChannels: next,
                        kernelSize: 4, stride: 2, padding: 1, isSpectrallyNormalized: true))
                (channels, side) = (next, side / 2)
            }
            self.halvings = halvings
            join = JoinedConvolution(
                scope / "join", channels: channels, width: condition, outputChannels: 2 * width, kernelSize: 3,
                isSpectrallyNormalized: true)
            logit = Convolution(
                scope / "logit", inputChannels: 2 * width, outputChannels: 1, kernelSize: base, padding: 0,
                isSpectrallyNormalized: true)
        }
    }

    /// - Parameters:
    ///   - scope: for the parameters of the heads.
    ///   - frozen: for the parameters of the pretrained network, under `network`, and of the projections.
    public init(_ scope: ParameterScope, frozen: ParameterScope, _ configuration: DiscriminatorConfiguration) {
        self.configuration = configuration
        self.frozen = frozen
        let (width, network) = (configuration.width, configuration.network)
        let outputs = FeatureDiscriminator.projectedChannels(width)
        projections = network.tapChannels.indices.map {
            Convolution(
                frozen / "projections" / $0, inputChannels: network.tapChannels[$0], outputChannels: outputs[$0],
                kernelSize: 1)
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

    // Shapes for side 64, resolution 96 and width w.

    /// The pretrained network's features of images resized to its resolution, projected.
    public func features(of images: ImageBatch) -> ImageFeatures {
        // [B, 64, 64, 3] → [B, 96, 96, 3]
        let resized = images.tensor.resized(height: configuration.resolution, width: configuration.resolution)
        // → features at strides 4, 8, 16 and 32: sides 24, 12, 6 and 3
        let found = configuration.network(frozen / "network", ImageBatch(resized))
        // → [B, 24, 24, w/2], [B, 12, 12, w], [B, 6, 6, w], [B, 3, 3, 2w]
        return ImageFeatures(maps: zip(projections, found.taps).map { $0($1) }, frozen: found)
    }

    /// The state of each head before the sentence is joined, and what the joining convolution makes of it.
    public func states(of features: ImageFeatures) -> [Tensor] {
        // → [B, 3, 3, c] with c = 4w, 4w, 2w, 2w; channels double at each halving, up to 4w → [B, 3, 3, 2w]
        zip(heads, features.maps).map { head, map in
            head.join.partial(head.halvings.reduce(map) { $1($0).leakyReLU() })
        }
    }

    /// One logit per head.
    public func logits(of states: [Tensor], given sentences: TextEmbedding?) -> [Logits] {
        let scaled = sentences?.scaled
        return zip(heads, states).map { head, state in
            // [B, 3, 3, 2w]
            let joined = head.join(partial: state, vectors: scaled)
            // → [B, 1, 1, 1] → [B×1]
            return Logits(head.logit(joined.leakyReLU()).reshaped([state.shape[0], 1]))
        }
    }
}
