import Graphs
import Layers

/// The sizes of an image encoder.
public struct ImageEncoderConfiguration: Codable, Hashable, Sendable {
    /// Side of the images.
    public var side: Int
    /// Channels of the first stage; they double in each later stage, up to 8 · width.
    public var width: Int
    /// Width of image vectors.
    public var embedding: Int

    /// A configuration; the defaults are those of a recipe.
    public init(side: Int = 64, width: Int = 24, embedding: Int = 256) {
        self.side = side
        self.width = width
        self.embedding = embedding
    }

    /// Throws if a value is out of range.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("encoder.side", side)
        try ConfigurationError.check("encoder.image_width", width, in: 4...512)
        try ConfigurationError.check("encoder.embedding", embedding, in: 8...4096)
    }
}

/// An image encoder, trained from scratch: stages of a strided convolution and a residual block (He et al. 2016), the
/// mean over positions, and a linear layer to unit vectors.
public struct ImageEncoder {
    private struct Stage {
        let halve: Convolution
        let norm: LayerNormalization
        let first: Convolution
        let second: Convolution

        init(_ scope: ParameterScope, inputChannels: Int, outputChannels: Int) {
            halve = Convolution(
                scope / "halve", inputChannels: inputChannels, outputChannels: outputChannels, kernelSize: 4,
                stride: 2, padding: 1)
            norm = LayerNormalization(scope / "norm", width: outputChannels)
            first = Convolution(
                scope / "convolution1", inputChannels: outputChannels, outputChannels: outputChannels, kernelSize: 3)
            second = Convolution(
                scope / "convolution2", inputChannels: outputChannels, outputChannels: outputChannels, kernelSize: 3)
        }

        /// [B, H, W, in] → [B, H/2, W/2, out].
        func callAsFunction(_ x: Tensor) -> Tensor {
            let h = norm(halve(x)).leakyReLU(0.1)
            return (h + second(first(h).leakyReLU(0.1))).leakyReLU(0.1)
        }
    }

    private let stages: [Stage]
    private let norm: LayerNormalization
    private let head: Linear
    private let features: Int

    /// An encoder with its parameters under `scope`.
    public init(_ scope: ParameterScope, _ configuration: ImageEncoderConfiguration) {
        var stages: [Stage] = []
        var (side, channels) = (configuration.side, 3)
        while side.isMultiple(of: 2), side >= 8 {
            let next = min(configuration.width << stages.count, 8 * configuration.width)
            stages.append(Stage(scope / "stages" / stages.count, inputChannels: channels, outputChannels: next))
            (side, channels) = (side / 2, next)
        }
        self.stages = stages
        features = channels
        norm = LayerNormalization(scope / "norm", width: channels)
        head = Linear(scope / "head", inputs: channels, outputs: configuration.embedding)
    }

    /// Unit vectors [batch×embedding]. Shapes in the comments are for side 64 and width w.
    public func callAsFunction(_ images: ImageBatch) -> Tensor {
        // [B, 64, 64, 3] → [B, 32, 32, w] → [B, 16, 16, 2w] → [B, 8, 8, 4w] → [B, 4, 4, 8w]
        let maps = stages.reduce(images.tensor) { $1($0) }
        // → [B×8w]
        let pooled = maps.mean(along: [1, 2]).reshaped([images.tensor.shape[0], features])
        // → [B×embedding]
        return head(norm(pooled)).l2Normalized()
    }
}
