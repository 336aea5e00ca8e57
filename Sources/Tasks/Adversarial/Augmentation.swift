import Graphs
import Execution
import Networks
import RandomStreams

/// Differentiable augmentation (Zhao et al. 2020): translation by up to an eighth of the side, and a cutout of half the side, of
/// real and generated images alike. Colours are not changed, since captions name them.
struct Augmentation {
    private let name: String
    private let side: Int
    private let offsets: Tensor
    private let mask: Tensor

    /// Declares the inputs of one augmentation of `batch` images.
    init(_ graph: Graph, _ name: String, batch: Int, side: Int) {
        self.name = name
        self.side = side
        offsets = graph.input("\(name).offsets", [batch, 2], .int32)
        mask = graph.input("\(name).mask", [batch, side, side, 1])
    }

    func callAsFunction(_ images: ImageBatch) -> ImageBatch { ImageBatch(images.tensor.translated(by: offsets) * mask) }

    /// Values for the inputs: each image is augmented with `probability`.
    static func inputs(_ name: String, batch: Int, side: Int, probability: Float, _ stream: inout RandomStream)
        -> [String: HostArray]
    {
        var offsets: [Int32] = []
        var mask = [Float](repeating: 1, count: batch * side * side)
        let reach = side / 8
        for image in 0..<batch {
            // Every image draws the same count of numbers, so that the probability affects no other image.
            let isAugmented = stream.uniform() < probability
            let (down, right) = (stream.index(below: 2 * reach + 1) - reach, stream.index(below: 2 * reach + 1) - reach)
            let (top, left) = (stream.index(below: side) - side / 4, stream.index(below: side) - side / 4)
            offsets += isAugmented ? [Int32(down), Int32(right)] : [0, 0]
            guard isAugmented else { continue }
            for row in max(0, top)..<min(side, top + side / 2) {
                for column in max(0, left)..<min(side, left + side / 2) {
                    mask[(image * side + row) * side + column] = 0
                }
            }
        }
        return ["\(name).offsets": .integers(offsets), "\(name).mask": .floats(mask)]
    }
}
