import Graphs

/// A prefix of parameter paths within one graph: a layer declares its parameters under the scope it is given.
public struct ParameterScope {
    /// The graph being traced.
    public let graph: Graph
    /// The store that parameters are declared in.
    public let store: ParameterStore
    /// The prefix, names joined by dots; empty at the root.
    public let path: String

    /// The root scope, or the scope with the prefix `path`.
    public init(_ graph: Graph, _ store: ParameterStore, path: String = "") {
        self.graph = graph
        self.store = store
        self.path = path
    }

    /// The scope `name` below this one.
    public static func / (scope: ParameterScope, name: String) -> ParameterScope {
        ParameterScope(scope.graph, scope.store, path: scope.path.isEmpty ? name : scope.path + "." + name)
    }

    /// The scope numbered `index` below this one.
    public static func / (scope: ParameterScope, index: Int) -> ParameterScope { scope / String(index) }

    /// Declares the parameter at this scope's path, or finds it if it is declared already.
    /// - Parameter isSpectrallyNormalized: see `ParameterStore.Entry`.
    public func parameter(
        _ shape: Shape, _ initializer: Initializer, isSpectrallyNormalized: Bool = false
    ) -> Tensor {
        store.declare(path, shape, initializer, isSpectrallyNormalized: isSpectrallyNormalized)
        return graph.parameter(path, shape)
    }
}
