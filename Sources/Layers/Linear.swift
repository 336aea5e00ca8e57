import Graphs

/// An affine function of each row: y = x·Wᵀ + b.
///
/// Shapes: x [N×in], W [out×in], b [out], y [N×out].
public struct Linear {
    let weight: Tensor
    let bias: Tensor?

    /// Initial weights are uniform in ±1/√in, as in PyTorch, and initial biases zero, unless given otherwise.
    public init(
        _ scope: ParameterScope, inputs: Int, outputs: Int, bias: Bool = true, weightInitializer: Initializer? = nil,
        biasValue: Float = 0
    ) {
        let bound = 1 / Float(inputs).squareRoot()
        weight = (scope / "weight").parameter([outputs, inputs], weightInitializer ?? .uniform(bound: bound))
        self.bias = bias ? (scope / "bias").parameter([outputs], .constant(biasValue)) : nil
    }

    /// [N×in] → [N×out].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let product = x.matmul(weight, otherTransposed: true)
        return bias.map { product + $0 } ?? product
    }
}

/// A learned table of vectors, looked up by id: y[i] = table[ids[i]].
///
/// Shapes: ids int32 [N], table [count×width], y [N×width].
public struct Embedding {
    /// The table, [count×width].
    public let table: Tensor

    /// Initial values are normal; a deviation of 0.02 is that of BERT and GPT-2.
    public init(_ scope: ParameterScope, count: Int, width: Int, deviation: Float = 0.02) {
        table = (scope / "weight").parameter([count, width], .normal(deviation: deviation))
    }

    /// [N] → [N×width].
    public func callAsFunction(_ ids: Tensor) -> Tensor { table.gathered(by: ids) }
}
