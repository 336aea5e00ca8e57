/// A·B for each matrix of a batch; either operand may be stored transposed.
package struct MatrixProduct: Operation {
    package let transposeA: Bool
    package let transposeB: Bool

    package func shape(of inputs: [Shape]) -> Shape {
        let (a, b) = (inputs[0], inputs[1])
        precondition(
            a.rank == b.rank && (a.rank == 2 || (a.rank == 3 && a[0] == b[0]))
                && inner(a) == (transposeB ? b[-1] : b[-2]),
            "matrix product of \(a)\(transposeA ? "ᵀ" : "") and \(b)\(transposeB ? "ᵀ" : "")")
        return a.replacing(-2, with: transposeA ? a[-1] : a[-2]).replacing(-1, with: transposeB ? b[-2] : b[-1])
    }

    /// The extent that is summed over.
    package func inner(_ a: Shape) -> Int { transposeA ? a[-2] : a[-1] }

    package func pullback(_ dy: Tensor, inputs: [Tensor], output: Tensor) -> [Tensor?] {
        let (a, b) = (inputs[0], inputs[1])
        // C = A·B: dA = dC·Bᵀ and dB = Aᵀ·dC; the gradient of a transposed operand is transposed too.
        let da =
            transposeA
            ? b.matmul(dy, transposed: transposeB, otherTransposed: true)
            : dy.matmul(b, otherTransposed: !transposeB)
        let db =
            transposeB
            ? dy.matmul(a, transposed: true, otherTransposed: transposeA)
            : a.matmul(dy, transposed: !transposeA)
        return [da, db]
    }
}

extension Tensor {
    /// The matrix product [m×k]·[k×n] → [m×n], or [b×m×k]·[b×k×n] → [b×m×n].
    /// - Parameters:
    ///   - transposed: whether this tensor is stored as [k×m].
    ///   - otherTransposed: whether `other` is stored as [n×k].
    public func matmul(_ other: Tensor, transposed: Bool = false, otherTransposed: Bool = false) -> Tensor {
        graph.apply(MatrixProduct(transposeA: transposed, transposeB: otherTransposed), [self, other])
    }
}
