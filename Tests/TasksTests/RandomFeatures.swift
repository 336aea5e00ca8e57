import Checkpoints
import FoundationEssentials
import Graphs
import Layers
import Networks

/// Files as scripts/get-features makes them, with random weights: tests need no download.
enum RandomFeatures {
    /// Writes `network` with weights drawn from `seed` to `path`.
    /// - Parameter changes: what the metadata say otherwise than those of a sound file.
    static func write(_ network: FeatureNetwork, seed: UInt64, to path: String, changes: [String: String] = [:]) throws
    {
        let (graph, store) = (Graph(), ParameterStore())
        _ = network(ParameterScope(graph, store), ImageBatch(graph.input("images", [1, 64, 64, 3])))
        let arrays = store.entries.map {
            NamedArray(name: $0.path, shape: $0.shape.dimensions, floats: $0.initialValues(seed: seed))
        }
        let metadata = [
            "format": "limn-features", "version": "1", "network": network.rawValue,
            "checksum": Checksum.of(arrays.sorted { $0.name < $1.name }),
        ]
        try Safetensors.write(arrays, metadata: metadata.merging(changes) { $1 }, to: path)
    }
}
