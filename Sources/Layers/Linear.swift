import Graphs

/// An affine map of rows: y = x·Wᵀ + b; x is [N×in], W [out×in], b [out], y [N×out].
public struct Linear {
    let weight: Tensor
    let bias: Tensor?

    /// Weights begin uniform in ±1/√in, biases at zero, or all at the given values.
    public init(
        _ scope: ParameterScope, _ inputs: Int, _ outputs: Int, bias: Bool = true,
        weightInitializer: Initializer? = nil, biasValue: Float = 0
    ) {
        let bound = 1 / Float(inputs).squareRoot()
        weight = (scope / "weight").parameter([outputs, inputs], weightInitializer ?? .uniform(bound: bound))
        self.bias = bias ? (scope / "bias").parameter([outputs], .constant(biasValue)) : nil
    }

    /// Applies the map to each row.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let product = x.matmul(weight, otherTransposed: true)
        return bias.map { product + $0 } ?? product
    }
}

/// Rows of a learnt table: ids [N] → [N×width].
public struct Embedding {
    /// The table, [count×width].
    public let table: Tensor

    /// Rows begin normal with the given deviation.
    public init(_ scope: ParameterScope, count: Int, width: Int, deviation: Float = 0.02) {
        table = (scope / "weight").parameter([count, width], .normal(deviation: deviation))
    }

    /// The rows of `ids` (int32, [N]).
    public func callAsFunction(_ ids: Tensor) -> Tensor { table.gathered(by: ids) }
}
