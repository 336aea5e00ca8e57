import COpenBLAS

// All calls of BLAS and LAPACK in this module.

/// Inner products of every row of `a` `[m, k]` with every row of `b` `[n, k]`: `[m, n]`, row-major.
func products(_ a: [Float], _ m: Int, _ b: [Float], _ n: Int, length k: Int) -> [Float] {
    var result = [Float](repeating: 0, count: m * n)
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(k), b, Int32(k), 0, &result,
        Int32(n))
    return result
}

/// Inner products of every row of `a` `[m, k]` with every row of `b` `[n, k]` in float64: `[m, n]`, row-major.
func products(_ a: [Double], _ m: Int, _ b: [Double], _ n: Int, length k: Int) -> [Double] {
    var result = [Double](repeating: 0, count: m * n)
    cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(k), b, Int32(k), 0, &result,
        Int32(n))
    return result
}

/// XᵀX · scale for X `[rows, columns]` in float64: `[columns, columns]`.
func scaledGram(_ x: [Double], rows: Int, columns: Int, scale: Double) -> [Double] {
    var result = [Double](repeating: 0, count: columns * columns)
    let width = Int32(columns)
    cblas_dgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, width, width, Int32(rows), scale, x, width, x, width, 0, &result, width
    )
    return result
}

/// The inner product of `length` consecutive numbers of `a` and of `b`, from the given offsets on.
func innerProduct(_ a: [Float], from i: Int, _ b: [Float], from j: Int, length: Int) -> Float {
    precondition(i + length <= a.count && j + length <= b.count, "an inner product beyond its vectors")
    return a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            guard let a = a.baseAddress, let b = b.baseAddress else { return 0 }
            return cblas_sdot(Int32(length), a + i, 1, b + j, 1)
        }
    }
}

/// Eigenvalues of a symmetric matrix in ascending order and, if requested, its eigenvectors as rows.
func eigen(_ matrix: [Double], width: Int, vectors: Bool) throws -> (values: [Double], vectors: [Double]) {
    // LAPACK is column-major: a symmetric matrix is the same in either order, and eigenvectors, its columns, become rows.
    var matrix = matrix
    var values = [Double](repeating: 0, count: width)
    var job = CChar(bitPattern: UInt8(ascii: vectors ? "V" : "N"))
    var triangle = CChar(bitPattern: UInt8(ascii: "U"))
    var order = Int32(width)
    var code: Int32 = 0
    // The first call, with sizes −1, is a workspace query.
    var scratch: [Double] = [0]
    var integerScratch: [Int32] = [0]
    for isQuery in [true, false] {
        if !isQuery {
            scratch = [Double](repeating: 0, count: Int(scratch[0]))
            integerScratch = [Int32](repeating: 0, count: Int(integerScratch[0]))
        }
        var size = isQuery ? -1 : Int32(scratch.count)
        var integerSize = isQuery ? -1 : Int32(integerScratch.count)
        dsyevd_(
            &job, &triangle, &order, &matrix, &order, &values, &scratch, &size, &integerScratch, &integerSize, &code)
        guard code == 0 else { throw EvaluationError.decomposition(code: Int(code)) }
    }
    return (values, matrix)
}
