import Graphs
import Networks

/// Features that one phase of a step computes and the other reads, by names such as `fake.0`, one for each map.
extension ImageFeatures {
    /// Inputs for features of the same shapes.
    func inputs(_ name: String, of graph: Graph) -> ImageFeatures {
        ImageFeatures(maps: maps.enumerated().map { graph.input("\(name).\($0)", $1.shape) })
    }

    /// The features as results.
    func results(_ name: String) -> [String: Tensor] {
        Dictionary(uniqueKeysWithValues: maps.enumerated().map { ("\(name).\($0)", $1) })
    }
}
