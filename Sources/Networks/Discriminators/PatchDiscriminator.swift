import Graphs
import Layers

/// The discriminator of pix2pix and CycleGAN (Isola et al. 2017, appendix 6.1.2): strided convolutions with instance normalization,
/// and one logit per patch. A patch has 34×34 pixels of images up to 64×64, and 70×70 of larger ones.
struct PatchDiscriminator: Discriminator {
    private let stem: Convolution
    private let halvings: [Layer]
    private let join: JoinedConvolution
    private let joinedNorm: InstanceNormalization
    private let logit: Convolution

    /// A convolution with instance normalization and leaky ReLU.
    private struct Layer {
        private let convolution: Convolution
        private let norm: InstanceNormalization

        init(_ scope: ParameterScope, inputChannels: Int, outputChannels: Int, stride: Int) {
            convolution = Convolution(
                scope, inputChannels: inputChannels, outputChannels: outputChannels, kernelSize: 4, stride: stride,
                padding: 1, bias: false)
            norm = InstanceNormalization(scope / "norm", channels: outputChannels, isAffine: false)
        }

        func callAsFunction(_ x: Tensor) -> Tensor { norm(convolution(x)).leakyReLU() }
    }

    init(_ scope: ParameterScope, _ configuration: DiscriminatorConfiguration) {
        let width = configuration.width
        let halved = configuration.side <= 64 ? 1 : 2
        stem = Convolution(
            scope / "stem", inputChannels: configuration.channels, outputChannels: width, kernelSize: 4, stride: 2,
            padding: 1)
        halvings = (0..<halved).map {
            Layer(scope / "halvings" / $0, inputChannels: width << $0, outputChannels: width << ($0 + 1), stride: 2)
        }
        let last = width << halved
        join = JoinedConvolution(
            scope / "join", channels: last, width: configuration.condition, outputChannels: 2 * last, kernelSize: 4,
            padding: 1, bias: false)
        joinedNorm = InstanceNormalization(scope / "join" / "norm", channels: 2 * last, isAffine: false)
        logit = Convolution(scope / "logit", inputChannels: 2 * last, outputChannels: 1, kernelSize: 4, padding: 1)
    }

    func features(of images: ImageBatch) -> ImageFeatures { ImageFeatures(maps: [images.tensor]) }

    // Shapes for side 64 and width w.
    func states(of features: ImageFeatures) -> [Tensor] {
        // [B, 64, 64, 3] → [B, 32, 32, w] → [B, 16, 16, 2w] → [B, 15, 15, 4w]
        [join.partial(halvings.reduce(stem(features.maps[0]).leakyReLU()) { $1($0) })]
    }

    func logits(of states: [Tensor], given sentences: TextEmbedding?) -> [Logits] {
        // [B, 15, 15, 4w]
        let joined = joinedNorm(join(partial: states[0], vectors: sentences?.scaled)).leakyReLU()
        // → [B, 14, 14, 1] → [B×196]
        let logits = logit(joined)
        return [Logits(logits.reshaped([logits.shape[0], logits.shape.count / logits.shape[0]]))]
    }
}
