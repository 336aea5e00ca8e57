import Graphs

/// A place in a network's tree of names: where a layer draws its parameters from, in one graph.
public struct ParameterScope {
    /// The graph that is drawn.
    public let graph: Graph
    /// Where parameters are declared.
    public let store: ParameterStore
    /// Names so far, joined by dots; empty at the root.
    public let path: String

    /// The root of a network's names, or the subtree at `path`.
    public init(_ graph: Graph, _ store: ParameterStore, path: String = "") {
        self.graph = graph
        self.store = store
        self.path = path
    }

    /// The scope of a part called `name`.
    public static func / (scope: ParameterScope, name: String) -> ParameterScope {
        ParameterScope(scope.graph, scope.store, path: scope.path.isEmpty ? name : scope.path + "." + name)
    }

    /// The scope of the part numbered `index`.
    public static func / (scope: ParameterScope, index: Int) -> ParameterScope { scope / String(index) }

    /// The parameter that lies at this scope's path.
    /// - Parameter isSpectrallyNormalized: see `ParameterStore.Entry`.
    public func parameter(
        _ shape: Shape, _ initializer: Initializer, isSpectrallyNormalized: Bool = false
    ) -> Tensor {
        store.declare(path, shape, initializer, isSpectrallyNormalized: isSpectrallyNormalized)
        return graph.parameter(path, shape)
    }
}
