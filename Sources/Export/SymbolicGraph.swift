import Graphs
import Models

/// An extent of a tensor: a number, times the batch size or not, times the number of tokens to the power of 0, 1 or 2.
package struct Extent: Hashable {
    package let factor: Int
    package let batchPower: Int
    package let lengthPower: Int

    /// The extent if it depends on neither batch nor length.
    package var fixed: Int? { batchPower == 0 && lengthPower == 0 ? factor : nil }
}

/// A traced computation for any batch size and any number of tokens.
///
/// A `Graph` is traced for fixed sizes. Here it is traced for three pairs of sizes: the three have the same nodes, and how each
/// extent grows shows how it depends on batch and length. A length that happens to equal another extent of the network can
/// change the nodes, since a reshape to the same shape or a slice of all positions is no node; then other lengths are tried.
package struct SymbolicGraph {
    /// A computation traced for fixed sizes.
    package struct Trace {
        let graph: Graph
        /// Its results by name.
        let results: [String: Tensor]

        /// A traced graph and its results.
        package init(graph: Graph, results: [String: Tensor]) {
            self.graph = graph
            self.results = results
        }
    }

    /// One value of the computation.
    package struct Node {
        let operation: any Operation
        let inputs: [Int]
        package let extents: [Extent]
    }

    /// The nodes, each after its inputs.
    package let nodes: [Node]
    /// The node of each result.
    package let results: [String: Int]

    /// - Parameters:
    ///   - lengths: pairs of numbers of tokens to try; of two equal ones if the computation has no other.
    ///   - trace: traces the computation for sizes of at least 2.
    /// - Returns: nil if no pair gives the same nodes.
    package init?(lengths: [(Int, Int)], trace: (_ batch: Int, _ length: Int) -> Trace) {
        let (batch, otherBatch) = (10_007, 10_009)
        for (length, otherLength) in lengths {
            let sample = trace(batch, length)
            let more = [trace(otherBatch, length), trace(batch, otherLength)].map(\.graph.nodes)
            guard
                more.allSatisfy({ nodes in
                    nodes.count == sample.graph.nodes.count
                        && zip(nodes, sample.graph.nodes).allSatisfy(SymbolicGraph.areSame)
                })
            else { continue }
            let nodes = sample.graph.nodes.enumerated().map { index, node -> Node? in
                let extents = node.shape.dimensions.indices.map { axis in
                    Extent(
                        node.shape[axis], batch: (batch, otherBatch, more[0][index].shape[axis]),
                        length: (length, otherLength, more[1][index].shape[axis]))
                }
                guard extents.allSatisfy({ $0 != nil }) else { return nil }
                return Node(operation: node.operation, inputs: node.inputs, extents: extents.compactMap(\.self))
            }
            guard nodes.allSatisfy({ $0 != nil }) else { continue }
            self.nodes = nodes.compactMap(\.self)
            results = sample.results.mapValues(\.id)
            return
        }
        return nil
    }

    /// Whether two nodes do the same to tensors of possibly different extents.
    private static func areSame(_ a: Graph.Node, _ b: Graph.Node) -> Bool {
        guard a.inputs == b.inputs, a.shape.rank == b.shape.rank else { return false }
        switch (a.operation, b.operation) {
        case (let a as Input, let b as Input): return a.inputName == b.inputName
        case (let a as Fill, let b as Fill): return a.value == b.value
        case (is Reshape, is Reshape), (is Broadcast, is Broadcast): return true
        case (let a as Slice, let b as Slice): return a.axis == b.axis && a.start == b.start
        case (let a as ConvolutionInputGradient, let b as ConvolutionInputGradient): return a.geometry == b.geometry
        default: return AnyHashable(a.operation) == AnyHashable(b.operation)
        }
    }
}

extension Extent {
    /// The extent that is `value`, and for another batch size or length `batch.2` or `length.2`; nil if no product has these
    /// values.
    fileprivate init?(_ value: Int, batch: (Int, Int, Int), length: (Int, Int, Int)) {
        func power(_ sizes: (Int, Int, Int), upTo largest: Int) -> Int? {
            let (size, other, otherValue) = sizes
            return (0...largest).first { power in
                (0..<power).reduce(otherValue) { product, _ in product * size }
                    == (0..<power).reduce(value) { product, _ in product * other }
            }
        }
        guard let batchPower = power(batch, upTo: 1), let lengthPower = power(length, upTo: 2) else { return nil }
        let divisor =
            (0..<batchPower).reduce(1) { product, _ in product * batch.0 }
            * (0..<lengthPower).reduce(1) { product, _ in product * length.0 }
        guard value % divisor == 0 else { return nil }
        self.init(factor: value / divisor, batchPower: batchPower, lengthPower: lengthPower)
    }
}
