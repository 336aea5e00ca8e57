import Graphs
import Layers

/// The generator of CycleGAN (Zhu et al. 2017, appendix 7.2): a 7×7 convolution, halvings, residual blocks, doublings and a 7×7
/// convolution. Borders are padded by reflection.
///
/// Doublings are convolutions of the up-sampled map instead of transposed ones, which leave a checkerboard (Odena et al. 2016).
struct ResNetTranslator: TranslatorNetwork {
    private let stem: NormalizedConvolution
    private let halvings: [NormalizedConvolution]
    private let blocks: [TranslatorBlock]
    private let doublings: [NormalizedConvolution]
    private let output: NormalizedConvolution

    init(_ scope: ParameterScope, _ configuration: TranslatorConfiguration) {
        let (plan, normalization) = (configuration.channels, configuration.normalization)
        stem = NormalizedConvolution(
            scope / "stem", inputChannels: 3, outputChannels: plan[0], kernelSize: 7, reflection: 3, normalization)
        halvings = (1..<plan.count).map {
            NormalizedConvolution(
                scope / "halvings" / ($0 - 1), inputChannels: plan[$0 - 1], outputChannels: plan[$0], kernelSize: 4,
                stride: 2, normalization)
        }
        blocks = (0..<configuration.blocks).map {
            TranslatorBlock(scope / "blocks" / $0, channels: plan[plan.count - 1], reflects: true, configuration)
        }
        doublings = (1..<plan.count).reversed().enumerated().map {
            NormalizedConvolution(
                scope / "doublings" / $0, inputChannels: plan[$1], outputChannels: plan[$1 - 1], normalization)
        }
        output = NormalizedConvolution(
            scope / "output", inputChannels: plan[0], outputChannels: 3, kernelSize: 7, reflection: 3, .none)
    }

    // Shapes for two halvings and width w.

    /// The images, the maps before and after each halving, and those of the middle and the last block, much as in Park et al. 2020,
    /// "CUT", appendix C.
    func encoded(_ images: Tensor, condition: Tensor?) -> [Tensor] {
        // [B, H, W, 3] → [B, H, W, w]
        var x = stem(images).relu()
        var maps = [images]
        // → [B, H/2, W/2, 2w] → [B, H/4, W/4, 4w]
        for halving in halvings {
            maps.append(x)
            x = halving(x).relu()
        }
        maps.append(x)
        for (number, block) in blocks.enumerated() {
            x = block(x, condition: condition)
            if number == (blocks.count - 1) / 2, number < blocks.count - 1 { maps.append(x) }
        }
        return maps + [x]
    }

    func decoded(_ maps: [Tensor], condition: Tensor?) -> Tensor {
        // [B, H/4, W/4, 4w] → [B, H/2, W/2, 2w] → [B, H, W, w]
        let x = doublings.reduce(maps[maps.count - 1]) { $1(upsampling: $0).relu() }
        // → [B, H, W, 3]
        return output(x)
    }
}
