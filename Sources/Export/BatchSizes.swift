/// The batch size and the number of tokens as ONNX values, int64 [1], from which all other extents are computed.
package struct BatchSizes {
    /// The batch size.
    let batch: String
    /// The number of tokens.
    let length: String

    /// Sizes with these names of values.
    package init(batch: String, length: String) {
        self.batch = batch
        self.length = length
    }

    /// An extent, int64 [1].
    func value(of extent: Extent, in onnx: inout ONNXGraph) -> String {
        var factors =
            [String](repeating: batch, count: extent.batchPower)
            + [String](repeating: length, count: extent.lengthPower)
        if extent.factor != 1 || factors.isEmpty { factors.append(onnx.integers([extent.factor])) }
        return factors.dropFirst().reduce(factors[0]) { onnx.apply("Mul", [$0, $1]) }
    }

    /// A shape, int64 [rank].
    func shape(_ extents: [Extent], in onnx: inout ONNXGraph) -> String {
        let fixed = extents.compactMap(\.fixed)
        if fixed.count == extents.count { return onnx.integers(fixed) }
        return onnx.apply("Concat", extents.map { value(of: $0, in: &onnx) }, ["axis": .integer(0)])
    }
}
