import Inference
import Networks

/// What a model's user passes, as ONNX values, and from these the inputs of a text encoder's traced network.
struct SentenceInputTranslation {
    /// The sizes that all extents are computed from.
    let sizes: BatchSizes
    private let network: SentenceNetwork
    /// Ids of tokens, with the padding that the network expects, int64 [batch×length].
    private let ids: String
    /// 1 for tokens and 0 for padding, int64 [batch×length].
    private let mask: String
    /// 0 ..< length, int64 [length].
    private let positions: String

    /// Declares the inputs `tokens` and `mask`, int64 [batch×length].
    init(_ network: SentenceNetwork, in onnx: inout ONNXGraph) {
        self.network = network
        let tokens = onnx.input("tokens", .int64, [.any("batch"), .any("length")])
        let given = onnx.input("mask", .int64, [.any("batch"), .any("length")])
        let batch = onnx.apply("Shape", [tokens], ["start": .integer(0), "end": .integer(1)])
        let length = onnx.apply("Shape", [tokens], ["start": .integer(1), "end": .integer(2)])
        let isToken = onnx.apply("Cast", [given], ["to": .integer(ONNXGraph.ElementType.bool.rawValue)])
        let padded = onnx.apply("Where", [isToken, tokens, onnx.integer(Int(network.padding ?? 0))])
        if let padding = network.padding {
            // As far as the limit, and all of it counts as tokens. Longer inputs fail at the reshape.
            let limit = onnx.integers([network.limit])
            sizes = BatchSizes(batch: batch, length: limit)
            let missing = onnx.apply("Max", [onnx.apply("Sub", [limit, length]), onnx.integers([0])])
            let pads = onnx.apply("Concat", [onnx.integers([0, 0, 0]), missing], ["axis": .integer(0)])
            let shape = onnx.apply("Concat", [batch, limit], ["axis": .integer(0)])
            let filled = onnx.apply("Pad", [padded, pads, onnx.integer(Int(padding))])
            ids = onnx.apply("Reshape", [filled, shape])
            mask = onnx.apply("Expand", [onnx.integer(1), shape])
        } else {
            sizes = BatchSizes(batch: batch, length: length)
            ids = padded
            mask = given
        }
        let count = onnx.apply("Squeeze", [sizes.length])
        positions = onnx.apply("Range", [onnx.integer(0), count, onnx.integer(1)])
    }

    /// The inputs of the traced network, by name, some of which it may not read.
    func inputs(tables: [String: PositionTable], in onnx: inout ONNXGraph) -> [String: String] {
        var inputs = [
            "ids": onnx.apply("Reshape", [ids, onnx.integers([-1])]),
            "mask": onnx.apply("Cast", [mask], ["to": .integer(ONNXGraph.ElementType.float32.rawValue)]),
        ]
        if let pooling = network.pooling { inputs["weights"] = weights(pooling, in: &onnx) }
        for (name, table) in tables.sorted(by: { $0.key < $1.key }) {
            inputs[name] = values(of: table, name, in: &onnx)
        }
        return inputs
    }

    /// The weights of `Pooling.weights`, [batch×length].
    private func weights(_ pooling: Pooling, in onnx: inout ONNXGraph) -> String {
        let toFloat = ["to": ONNXGraph.Attribute.integer(ONNXGraph.ElementType.float32.rawValue)]
        let count = onnx.apply("ReduceSum", [mask, onnx.integers([1])], ["keepdims": .integer(1)])
        switch pooling {
        case .mean:
            return onnx.apply("Div", [onnx.apply("Cast", [mask], toFloat), onnx.apply("Cast", [count], toFloat)])
        case .cls:
            let isFirst = onnx.apply("Equal", [positions, onnx.integer(0)])
            let shape = onnx.apply("Concat", [sizes.batch, sizes.length], ["axis": .integer(0)])
            return onnx.apply("Expand", [onnx.apply("Cast", [isFirst], toFloat), shape])
        case .eos:
            // The first position with the largest value of a row.
            func first(_ values: String) -> String {
                let number = onnx.apply("Cast", [values], ["to": .integer(ONNXGraph.ElementType.int32.rawValue)])
                return onnx.apply("ArgMax", [number], ["axis": .integer(1), "keepdims": .integer(1)])
            }
            let end =
                switch network.end {
                case .last: onnx.apply("Sub", [count, onnx.integer(1)])
                case .largest: first(ids)
                case .id(let id): first(onnx.apply("Equal", [ids, onnx.integer(Int(id))]))
                }
            return onnx.apply("Cast", [onnx.apply("Equal", [positions, end])], toFloat)
        }
    }

    /// The part of a table that the length selects, of the table for `limit` tokens.
    private func values(of table: PositionTable, _ name: String, in onnx: inout ONNXGraph) -> String {
        let limit = network.limit
        switch table {
        case .rows(let width, let rows):
            let whole = onnx.array(name, [1, limit, width]) { rows(limit) }
            return onnx.apply("Slice", [whole, onnx.integers([0]), sizes.length, onnx.integers([1])])
        case .distances(let value):
            let whole = onnx.table(name, (1 - limit..<limit).map { Int(value($0)) })
            // [length] − [length×1] is the distance of each pair.
            let column = onnx.apply("Reshape", [positions, onnx.integers([-1, 1])])
            let index = onnx.apply(
                "Add", [onnx.apply("Sub", [positions, column]), onnx.integer(limit - 1)])
            return onnx.apply("Gather", [whole, onnx.apply("Reshape", [index, onnx.integers([-1])])])
        }
    }
}
