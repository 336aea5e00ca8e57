import Graphs
import Layers

/// A U-Net (Ronneberger et al. 2015) of residual blocks. Its halves are connected by sums instead of concatenations, which cost half
/// as much (Chen et al. 2022, "NAFNet", section 3.2).
struct UNetTranslator: TranslatorNetwork {
    private let stem: NormalizedConvolution
    private let down: [[TranslatorBlock]]
    private let halvings: [NormalizedConvolution]
    private let middle: [TranslatorBlock]
    private let doublings: [NormalizedConvolution]
    private let up: [[TranslatorBlock]]
    private let output: NormalizedConvolution

    init(_ scope: ParameterScope, _ configuration: TranslatorConfiguration) {
        let (plan, normalization) = (configuration.channels, configuration.normalization)
        func blocks(_ scope: ParameterScope, _ channels: Int) -> [TranslatorBlock] {
            (0..<configuration.blocks).map {
                TranslatorBlock(scope / $0, channels: channels, reflects: false, configuration)
            }
        }
        stem = NormalizedConvolution(scope / "stem", inputChannels: 3, outputChannels: plan[0], .none)
        down = plan.dropLast().enumerated().map { blocks(scope / "down" / $0, $1) }
        halvings = (1..<plan.count).map {
            NormalizedConvolution(
                scope / "halvings" / ($0 - 1), inputChannels: plan[$0 - 1], outputChannels: plan[$0], kernelSize: 4,
                stride: 2, normalization)
        }
        middle = blocks(scope / "middle", plan[plan.count - 1])
        doublings = (1..<plan.count).map {
            NormalizedConvolution(
                scope / "doublings" / ($0 - 1), inputChannels: plan[$0], outputChannels: plan[$0 - 1], normalization)
        }
        up = plan.dropLast().enumerated().map { blocks(scope / "up" / $0, $1) }
        output = NormalizedConvolution(scope / "output", inputChannels: plan[0], outputChannels: 3, .none)
    }

    /// The map of each resolution before it is halved, and that of the lowest one.
    func encoded(_ images: Tensor, condition: Tensor?) -> [Tensor] {
        // [B, H, W, 3] → [B, H, W, w] → [B, H/2, W/2, 2w] → …
        var x = stem(images)
        var maps: [Tensor] = []
        for (blocks, halving) in zip(down, halvings) {
            x = blocks.reduce(x) { $1($0, condition: condition) }
            maps.append(x)
            x = halving(x)
        }
        return maps + [middle.reduce(x) { $1($0, condition: condition) }]
    }

    func decoded(_ maps: [Tensor], condition: Tensor?) -> Tensor {
        // … → [B, H/2, W/2, 2w] → [B, H, W, w]
        var x = maps[maps.count - 1]
        for level in doublings.indices.reversed() {
            x = doublings[level](upsampling: x) + maps[level]
            x = up[level].reduce(x) { $1($0, condition: condition) }
        }
        // → [B, H, W, 3]
        return output(x)
    }
}
