import Graphs
import Layers

/// Sizes of an image encoder.
public struct ImageEncoderConfiguration: Codable, Hashable, Sendable {
    /// Side of the images.
    public var side: Int
    /// Channels at full resolution; they double at each halving, up to eight times.
    public var width: Int
    /// Width of image vectors.
    public var embedding: Int

    /// Sizes of an image encoder.
    public init(side: Int = 64, width: Int = 24, embedding: Int = 256) {
        self.side = side
        self.width = width
        self.embedding = embedding
    }

    /// Throws when no encoder can have these sizes.
    public func validate() throws(ConfigurationError) {
        try ConfigurationError.checkSide("encoder.side", side)
        try ConfigurationError.check("encoder.image_width", width, in: 4...512)
        try ConfigurationError.check("encoder.embedding", embedding, in: 8...4096)
    }
}

/// Images to unit vectors: halving stages of a strided convolution and a residual block, the mean over positions, a
/// linear map.
public struct ImageEncoder {
    private struct Stage {
        let halve: SpatialConvolution
        let norm: LayerNormalization
        let first: SpatialConvolution
        let second: SpatialConvolution

        init(_ scope: ParameterScope, _ inputs: Int, _ outputs: Int) {
            halve = SpatialConvolution(scope / "halve", inputs, outputs, kernel: 4, stride: 2, padding: 1)
            norm = LayerNormalization(scope / "norm", width: outputs)
            first = SpatialConvolution(scope / "convolution1", outputs, outputs, kernel: 3)
            second = SpatialConvolution(scope / "convolution2", outputs, outputs, kernel: 3)
        }

        func callAsFunction(_ x: Tensor) -> Tensor {
            let h = norm(halve(x)).leakyReLU(0.1)
            return (h + second(first(h).leakyReLU(0.1))).leakyReLU(0.1)
        }
    }

    private let stages: [Stage]
    private let norm: LayerNormalization
    private let head: Linear
    private let features: Int

    /// An encoder whose parameters lie under `scope`.
    public init(_ scope: ParameterScope, _ configuration: ImageEncoderConfiguration) {
        var stages: [Stage] = []
        var (side, channels) = (configuration.side, 3)
        while side > 4 {
            let next = min(configuration.width << stages.count, 8 * configuration.width)
            stages.append(Stage(scope / "stages" / stages.count, channels, next))
            (side, channels) = (side / 2, next)
        }
        self.stages = stages
        features = channels
        norm = LayerNormalization(scope / "norm", width: channels)
        head = Linear(scope / "head", channels, configuration.embedding)
    }

    /// Unit vectors [batch×embedding].
    public func callAsFunction(_ images: ImageBatch) -> Tensor {
        let maps = stages.reduce(images.tensor) { $1($0) }
        return head(norm(maps.mean(along: [1, 2]).reshaped([images.tensor.shape[0], features]))).unitLength()
    }
}
