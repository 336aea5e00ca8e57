import Checkpoints
import Execution
import Graphs
import Images
import Layers
import Networks
import Synthesis

/// Pictures to rows of features, in batches of one compiled program; the last batch is filled up with its first picture.
package final class FeatureExtractor {
    private let program: Program
    private let side: Int
    private let width: Int
    private let filter: ResizeFilter
    private static let batch = 32

    /// - Parameters:
    ///   - side: of the pictures the network reads; others are scaled with `filter`.
    ///   - width: of its features.
    ///   - draw: the network: pictures [batch, side, side, 3] in −1…1 to features [batch×width].
    private init(
        side: Int, width: Int, filter: ResizeFilter, device: CPUDevice, parameters: [String: BufferSlice],
        _ graph: Graph,
        draw: (ImageBatch) -> Tensor
    ) throws {
        (self.side, self.width, self.filter) = (side, width, filter)
        let images = ImageBatch(graph.input("images", [FeatureExtractor.batch, side, side, 3]))
        program = try device.compile(Outputs(results: ["features": draw(images)]), parameters: parameters)
    }

    /// The image encoder of a judge: unit vectors in the space of its sentences.
    package convenience init(judge: EncoderPair, device: CPUDevice) throws {
        let (graph, store) = (Graph(), ParameterStore())
        let encoder = ImageEncoder(ParameterScope(graph, store), judge.image)
        let values = store.allocate()
        try store.load(judge.imageArrays, into: values)
        try self.init(
            side: judge.image.side, width: judge.image.embedding, filter: .bicubic, device: device,
            parameters: store.slices(of: values), graph
        ) { encoder($0) }
    }

    /// ImageNet's MobileNetV2 (Sandler et al. 2018) from a safetensors file with folded normalisation; a Fréchet
    /// distance in its space is called FMD here and is not comparable with published FID.
    package convenience init(mobileNet path: String, device: CPUDevice) throws {
        let file = try Safetensors(contentsOf: path)
        let (graph, store) = (Graph(), ParameterStore())
        let network = MobileNet(store: store)
        // Parameters must be declared before they are laid out: the network is drawn once for that alone.
        let sketch = Graph()
        _ = network(ImageBatch(sketch.input("images", [1, MobileNet.side, MobileNet.side, 3])))
        let values = store.allocate()
        var arrays = NetworkArrays()
        for name in file.names { if let array = file[name] { arrays[name] = (array.shape, try array.floats()) } }
        do {
            try store.load(arrays, into: values)
        } catch {
            throw ModelError(path: path, problem: "is not MobileNetV2: \(error)")
        }
        try self.init(
            side: MobileNet.side, width: MobileNet.features, filter: .bilinear, device: device,
            parameters: store.slices(of: values), graph
        ) { network($0) }
    }

    /// The features of pictures, a row each.
    /// - Parameter progress: called with the number of pictures done.
    package func features(of images: [Image], progress: (Int) -> Void = { _ in }) throws -> FeatureMatrix {
        var rows: [Float] = []
        rows.reserveCapacity(images.count * width)
        for start in stride(from: 0, to: images.count, by: FeatureExtractor.batch) {
            let count = min(FeatureExtractor.batch, images.count - start)
            var values: [Float] = []
            for index in 0..<FeatureExtractor.batch {
                let image = images[start + (index < count ? index : 0)]
                let scaled =
                    image.width == side && image.height == side
                    ? image : image.resized(width: side, height: side, filter: filter)
                values += scaled.pixels.map { Float($0) / 127.5 - 1 }
            }
            rows += (try program.run(["images": .floats(values)])["features"] ?? []).prefix(count * width)
            progress(start + count)
        }
        return try FeatureMatrix(rows: images.count, columns: width, values: rows)
    }
}

/// MobileNetV2 at width 1.0 up to its last features, as an evaluation reads it.
struct MobileNet {
    static let side = 224
    static let features = 1280
    /// Output channels, expansion and stride of each block (Sandler et al. 2018, table 2).
    private static let plan: [(outputs: Int, expansion: Int, stride: Int)] =
        [(16, 1, 1)] + [(24, 6, 2), (24, 6, 1)] + [(32, 6, 2), (32, 6, 1), (32, 6, 1)]
        + [(64, 6, 2), (64, 6, 1), (64, 6, 1), (64, 6, 1)] + [(96, 6, 1), (96, 6, 1), (96, 6, 1)]
        + [(160, 6, 2), (160, 6, 1), (160, 6, 1)] + [(320, 6, 1)]

    /// Where its parameters are declared.
    let store: ParameterStore

    /// [batch, 224, 224, 3] → [batch×1280].
    func callAsFunction(_ images: ImageBatch) -> Tensor {
        var x = unit("stem", images.tensor, outputs: 32, kernel: 3, stride: 2)
        for (index, block) in MobileNet.plan.enumerated() {
            let path = "blocks.\(index)"
            var y = x
            if block.expansion > 1 {
                y = unit(path + ".expand", y, outputs: x.shape[-1] * block.expansion, kernel: 1, stride: 1)
            }
            y = unit(path + ".depthwise", y, outputs: y.shape[-1], kernel: 3, stride: block.stride, groups: y.shape[-1])
            y = unit(path + ".project", y, outputs: block.outputs, kernel: 1, stride: 1, isLinear: true)
            x = block.stride == 1 && x.shape == y.shape ? x + y : y
        }
        return unit("head", x, outputs: MobileNet.features, kernel: 1, stride: 1).mean(along: [1, 2]).reshaped([
            x.shape[0], MobileNet.features,
        ])
    }

    private func unit(
        _ path: String, _ x: Tensor, outputs: Int, kernel: Int, stride: Int, groups: Int = 1, isLinear: Bool = false
    ) -> Tensor {
        let place = ParameterScope(x.graph, store, path: path)
        let weight = (place / "weight").parameter([outputs, kernel, kernel, x.shape[-1] / groups], .constant(0))
        let bias = (place / "bias").parameter([outputs], .constant(0))
        // TensorFlow's SAME: what the last window lacks is added, the larger half after the picture.
        let side = x.shape[1]
        let missing = max(((side + stride - 1) / stride - 1) * stride + kernel - side, 0)
        let (low, high) = (missing / 2, missing - missing / 2)
        let geometry = ConvolutionGeometry(
            stride: [stride, stride], padLow: [low, low], padHigh: [high, high], groups: groups)
        let y = x.convolution(weight, geometry) + bias
        return isLinear ? y : y.clamped(0, 6)
    }
}
