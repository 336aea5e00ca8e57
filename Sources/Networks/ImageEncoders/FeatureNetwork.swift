import Graphs
import Layers

/// A frozen network pretrained on ImageNet, whose features serve discriminators, image encoders and metrics.
///
/// All consist of inverted residual blocks (Sandler et al. 2018, "MobileNetV2"): a 1×1 convolution that expands the
/// channels, a depthwise convolution, and a linear 1×1 convolution that reduces them. EfficientNet-Lite is EfficientNet
/// (Tan and Le 2019) without squeeze-and-excitation and with ReLU6 instead of swish. Batch normalization is folded into
/// the filters. Images are RGB in −1…1, and padding is TensorFlow's SAME.
public enum FeatureNetwork: String, Codable, Sendable, CaseIterable {
    /// MobileNetV2, for images of side 224.
    case mobileNetV2 = "mobilenet-v2"
    /// EfficientNet-Lite0, for images of side 224.
    case efficientNetLite0 = "efficientnet-lite0"
    /// EfficientNet-Lite1, for images of side 240.
    case efficientNetLite1 = "efficientnet-lite1"
    /// EfficientNet-Lite2, for images of side 260.
    case efficientNetLite2 = "efficientnet-lite2"

    /// The features of a batch of images.
    public struct Features {
        /// The maps of the last block at strides 4, 8, 16 and 32, [batch, side / stride, side / stride, channels].
        public let taps: [Tensor]
        /// The mean over positions of the last convolution, [batch×1280].
        public let pooled: Tensor

        /// What an image encoder's head reads, [batch×width]: `pooled`, or for the network's `multiscaleWidth` also the means of the
        /// taps, before it.
        public func vectors(width: Int) -> Tensor {
            guard width != FeatureNetwork.pooledWidth else { return pooled }
            let means = taps.map { $0.mean(along: [1, 2]).reshaped([$0.shape[0], $0.shape[-1]]) }
            return .concatenated(means + [pooled], axis: 1)
        }
    }

    /// Consecutive blocks of equal width; the first one has the stride.
    struct Stage {
        let repeats: Int, kernel: Int, stride: Int, expansion: Int, channels: Int
    }

    /// Width of the pooled features.
    public static let pooledWidth = 1280

    /// Width of the pooled features with the means of all taps: 1,776 of EfficientNet-Lite0 and Lite1, 1,824 of Lite2, 1,752 of MobileNetV2.
    public var multiscaleWidth: Int { tapChannels.reduce(FeatureNetwork.pooledWidth, +) }

    /// The side of its training images.
    public var resolution: Int {
        switch self {
        case .mobileNetV2, .efficientNetLite0: 224
        case .efficientNetLite1: 240
        case .efficientNetLite2: 260
        }
    }

    /// Channels of the taps, finest first.
    public var tapChannels: [Int] { lastStages.map { stages[$0].channels } }

    /// Sandler et al. 2018, table 2; Tan and Le 2019, table 1, scaled like the published EfficientNet-Lites: the first
    /// and the last stage keep their depth, stem and head their width.
    var stages: [Stage] {
        func plan(_ repeats: [Int], _ kernels: [Int], _ strides: [Int], _ channels: [Int]) -> [Stage] {
            repeats.indices.map {
                Stage(
                    repeats: repeats[$0], kernel: kernels[$0], stride: strides[$0], expansion: $0 == 0 ? 1 : 6,
                    channels: channels[$0])
            }
        }
        let (kernels, strides) = ([3, 3, 5, 3, 5, 5, 3], [1, 2, 2, 2, 1, 2, 1])
        return switch self {
        case .mobileNetV2:
            plan([1, 2, 3, 4, 3, 3, 1], [3, 3, 3, 3, 3, 3, 3], strides, [16, 24, 32, 64, 96, 160, 320])
        case .efficientNetLite0: plan([1, 2, 2, 3, 3, 4, 1], kernels, strides, [16, 24, 40, 80, 112, 192, 320])
        case .efficientNetLite1: plan([1, 3, 3, 4, 4, 5, 1], kernels, strides, [16, 24, 40, 80, 112, 192, 320])
        case .efficientNetLite2: plan([1, 3, 3, 4, 4, 5, 1], kernels, strides, [16, 24, 48, 88, 120, 208, 352])
        }
    }

    /// The last stage of each resolution, from stride 4 on.
    private var lastStages: [Int] {
        stages.indices.filter { $0 > 0 && ($0 + 1 == stages.count || stages[$0 + 1].stride == 2) }
    }

    /// The features of images, with the network's parameters under `scope`. Shapes in the comments are for side s of
    /// the images.
    public func callAsFunction(_ scope: ParameterScope, _ images: ImageBatch) -> Features {
        // [B, s, s, 3] → [B, s/2, s/2, 32]
        var x = convolution(scope / "stem", images.tensor, outputs: 32, kernel: 3, stride: 2).relu6()
        // → [B, s/2, s/2, 16] → [B, s/4, s/4, 24] → … → [B, s/32, s/32, 320 or 352]
        var taps: [Tensor] = []
        var block = 0
        for (index, stage) in stages.enumerated() {
            for position in 0..<stage.repeats {
                let stride = position == 0 ? stage.stride : 1
                x = inverted(scope / "blocks" / block, x, stage, stride: stride)
                block += 1
            }
            if lastStages.contains(index) { taps.append(x) }
        }
        let width = FeatureNetwork.pooledWidth
        // → [B, s/32, s/32, 1280] → [B×1280]
        let last = convolution(scope / "head", x, outputs: width, kernel: 1).relu6()
        return Features(taps: taps, pooled: last.mean(along: [1, 2]).reshaped([x.shape[0], width]))
    }

    /// An inverted residual block: [B, H, W, in] → [B, H, W, expansion·in] → [B, H/stride, W/stride, out].
    private func inverted(_ scope: ParameterScope, _ x: Tensor, _ stage: Stage, stride: Int) -> Tensor {
        var y = x
        if stage.expansion > 1 {
            y = convolution(scope / "expand", y, outputs: x.shape[-1] * stage.expansion, kernel: 1).relu6()
        }
        let channels = y.shape[-1]
        y = convolution(
            scope / "depthwise", y, outputs: channels, kernel: stage.kernel, stride: stride, groups: channels
        )
        .relu6()
        y = convolution(scope / "project", y, outputs: stage.channels, kernel: 1)
        return x.shape == y.shape ? x + y : y
    }

    /// A convolution with TensorFlow's SAME padding: [B, H, W, in] → [B, ⌈H/stride⌉, ⌈W/stride⌉, out].
    private func convolution(
        _ scope: ParameterScope, _ x: Tensor, outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1
    ) -> Tensor {
        // SAME pads so that there are ⌈side/stride⌉ windows, with the larger half of the padding at the end.
        let side = x.shape[1]
        let padding = max(((side + stride - 1) / stride - 1) * stride + kernel - side, 0)
        let (low, high) = (padding / 2, padding - padding / 2)
        let fanIn = kernel * kernel * x.shape[-1] / groups
        let layer = Convolution(
            scope, inputChannels: x.shape[-1], outputChannels: outputs, kernelSize: [kernel, kernel],
            geometry: ConvolutionGeometry(
                stride: [stride, stride], padLow: [low, low], padHigh: [high, high], groups: groups),
            weightInitializer: .normal(deviation: (2 / Float(fanIn)).squareRoot()))
        return layer(x)
    }
}
