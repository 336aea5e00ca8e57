import Graphs
import Layers

/// A network trained on ImageNet whose features serve as they are: in a discriminator, in an encoder of images, in measures.
///
/// All are made of inverted residual blocks (Sandler et al. 2018, "MobileNetV2"): a 1×1 convolution that expands the channels, a
/// depthwise one, and a linear 1×1 one that contracts them. The EfficientNet-Lites leave out what phones cannot do well of
/// EfficientNet (Tan and Le 2019): squeeze-and-excitation, and swish for ReLU6. Batch normalization is folded into the filters.
/// Images are RGB in −1…1; paddings are TensorFlow's SAME.
public enum FeatureNetwork: String, Codable, Sendable, CaseIterable {
    case mobileNetV2 = "mobilenet-v2"
    case efficientNetLite0 = "efficientnet-lite0"
    case efficientNetLite1 = "efficientnet-lite1"
    case efficientNetLite2 = "efficientnet-lite2"

    /// What a network says of images.
    public struct Features {
        /// The maps of the last block at strides 4, 8, 16 and 32, [batch, side / stride, side / stride, channels].
        public let taps: [Tensor]
        /// The mean over positions of the last convolution, [batch×1280].
        public let pooled: Tensor
    }

    /// A run of blocks of equal width; the first has the stride.
    struct Stage {
        let repeats: Int, kernel: Int, stride: Int, expansion: Int, channels: Int
    }

    /// Width of the pooled features.
    public static let pooledWidth = 1280

    /// The side of the images that it was trained on.
    public var resolution: Int {
        switch self {
        case .mobileNetV2, .efficientNetLite0: 224
        case .efficientNetLite1: 240
        case .efficientNetLite2: 260
        }
    }

    /// Channels of the taps, finest first.
    public var tapChannels: [Int] { lastStages.map { stages[$0].channels } }

    /// Sandler et al. 2018, table 2; Tan and Le 2019, table 1, scaled as the published EfficientNet-Lites are: first and last
    /// stage keep their depth, stem and head their width.
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

    /// The stages that end a resolution, from stride 4 on.
    private var lastStages: [Int] {
        stages.indices.filter { $0 > 0 && ($0 + 1 == stages.count || stages[$0 + 1].stride == 2) }
    }

    /// The features of images, with the network's parameters under `scope`.
    public func callAsFunction(_ scope: ParameterScope, _ images: ImageBatch) -> Features {
        var x = unit(scope / "stem", images.tensor, outputs: 32, kernel: 3, stride: 2).relu6()
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
        let last = unit(scope / "head", x, outputs: width, kernel: 1).relu6()
        return Features(taps: taps, pooled: last.mean(along: [1, 2]).reshaped([x.shape[0], width]))
    }

    private func inverted(_ scope: ParameterScope, _ x: Tensor, _ stage: Stage, stride: Int) -> Tensor {
        var y = x
        if stage.expansion > 1 {
            y = unit(scope / "expand", y, outputs: x.shape[-1] * stage.expansion, kernel: 1).relu6()
        }
        let channels = y.shape[-1]
        y = unit(scope / "depthwise", y, outputs: channels, kernel: stage.kernel, stride: stride, groups: channels)
            .relu6()
        y = unit(scope / "project", y, outputs: stage.channels, kernel: 1)
        return x.shape == y.shape ? x + y : y
    }

    private func unit(
        _ scope: ParameterScope, _ x: Tensor, outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1
    ) -> Tensor {
        let fanIn = kernel * kernel * x.shape[-1] / groups
        let weight = (scope / "weight").parameter(
            [outputs, kernel, kernel, x.shape[-1] / groups], .normal(deviation: (2 / Float(fanIn)).squareRoot()))
        let bias = (scope / "bias").parameter([outputs], .constant(0))
        // What the last window lacks is added, the larger half after the image.
        let side = x.shape[1]
        let missing = max(((side + stride - 1) / stride - 1) * stride + kernel - side, 0)
        let (low, high) = (missing / 2, missing - missing / 2)
        let geometry = ConvolutionGeometry(
            stride: [stride, stride], padLow: [low, low], padHigh: [high, high], groups: groups)
        return x.convolution(weight, geometry) + bias
    }
}
