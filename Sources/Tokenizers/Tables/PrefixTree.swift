/// A trie: finds all keys that a byte string begins with.
///
/// Nodes are numbered breadth first, so that the children of a node are adjacent, sorted by byte, and follow those of
/// the node before.
struct PrefixTree: Sendable {
    /// The last byte of each node's prefix.
    private var labels: [UInt8] = [0]
    /// The value of each node's key; -1 if its prefix is no key.
    private var values: [Int32] = []
    /// The number of each node's first child; one element more than nodes.
    private var children: [Int32] = []

    /// A tree of keys that are not empty; the value of a key is its index. Empty keys are never found.
    init(_ keys: [[UInt8]]) {
        let order = keys.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
        // The keys below each node, as a range of `order`, and the length of its prefix.
        var nodes: [(keys: Range<Int>, depth: Int)] = [(order.indices, 0)]
        var next = 0
        while next < nodes.count {
            let (below, depth) = nodes[next]
            var start = below.lowerBound
            // Keys that end here are sorted first.
            values.append(-1)
            while start < below.upperBound, keys[order[start]].count == depth {
                if depth > 0 { values[next] = Int32(order[start]) }
                start += 1
            }
            children.append(Int32(nodes.count))
            while start < below.upperBound {
                let label = keys[order[start]][depth]
                var end = start + 1
                while end < below.upperBound, keys[order[end]][depth] == label { end += 1 }
                nodes.append((start..<end, depth + 1))
                labels.append(label)
                start = end
            }
            next += 1
        }
        children.append(Int32(nodes.count))
    }

    /// Calls `body` with the length and the value of each key that `text` begins with, the shortest first.
    @inline(__always)
    func forEachPrefix(of text: UnsafeRawBufferPointer.SubSequence, _ body: (_ length: Int, _ value: Int32) -> Void) {
        var node = 0
        for (index, byte) in text.enumerated() {
            guard let child = child(of: node, byte) else { return }
            node = child
            if values[node] >= 0 { body(index + 1, values[node]) }
        }
    }

    @inline(__always)
    private func child(of node: Int, _ label: UInt8) -> Int? {
        var low = Int(children[node])
        var high = Int(children[node + 1])
        while low < high {
            let middle = (low + high) / 2
            if labels[middle] < label { low = middle + 1 } else { high = middle }
        }
        return low < Int(children[node + 1]) && labels[low] == label ? low : nil
    }
}
