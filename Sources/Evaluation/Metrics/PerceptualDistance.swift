import Execution
import Graphs
import Images
import Layers
import Models
import Networks

/// The perceptual distance of two images: the mean squared difference of their feature maps in a frozen network, each position's
/// vector scaled to unit length, summed over scales (Zhang et al. 2018, "LPIPS", equation 1 with equal weights).
package final class PerceptualDistance {
    private let program: any Executable
    private let store = ParameterStore()
    private let side: Int
    private static let batch = 16

    /// Images are resized to the network's own resolution.
    package init(_ features: PretrainedFeatures, device: any Device) throws {
        side = features.network.resolution
        let (side, store, network) = (side, store, features.network)
        // Tracing the network declares its parameters, which must precede their allocation.
        let declared = Graph()
        _ = network(ParameterScope(declared, store), ImageBatch(declared.input("images", [1, side, side, 3])))
        let values = try store.allocate(on: device)
        try store.load(features.arrays, into: values)
        let shards = device.shardCount(forBatch: PerceptualDistance.batch)
        program = try device.compile(
            shards: shards, parameters: ParameterMap(frozen: FrozenParameters(store.slices(of: values)))
        ) { _ in
            let graph = Graph()
            func maps(_ name: String) -> [Tensor] {
                let images = graph.input(name, [PerceptualDistance.batch / shards, side, side, 3])
                return network(ParameterScope(graph, store), ImageBatch(images)).taps.map { $0.l2Normalized() }
            }
            let terms = zip(maps("a"), maps("b")).map { a, b in
                (a - b).pow(2).sum(along: [3]).mean(along: [1, 2]).reshaped([a.shape[0]])
            }
            return Outputs(results: ["distances": terms.sum()])
        }
    }

    /// The distance of each image from the one at its position in the other list.
    package func distances(_ images: [Image], _ others: [Image]) throws -> [Double] {
        var result: [Double] = []
        for start in stride(from: 0, to: images.count, by: PerceptualDistance.batch) {
            // The last batch is filled up with its first image.
            let places = (0..<PerceptualDistance.batch).map { start + $0 < images.count ? start + $0 : start }
            func values(_ images: [Image]) -> [Float] {
                places.flatMap { images[$0].resized(width: side, height: side, filter: .bilinear).values }
            }
            let found = try program.run(["a": .floats(values(images)), "b": .floats(values(others))])["distances"]
            result += found.prefix(images.count - start).map { Double($0) }
        }
        return result
    }
}
