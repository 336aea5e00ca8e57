import COpenBLAS

/// One feature vector a row: what a network says of `rows` images or captions in `columns` numbers each.
package struct FeatureMatrix: Sendable {
    /// The number of vectors; may be 0.
    package let rows: Int
    /// The length of each vector, at least 1.
    package let columns: Int
    /// The vectors one after the other (row-major), `rows × columns` numbers.
    package let values: [Float]

    /// Takes `rows × columns` numbers, row-major.
    ///
    /// - Throws: ``EvaluationError`` when the count of numbers is another or a vector is empty.
    package init(rows: Int, columns: Int, values: [Float]) throws {
        guard columns >= 1 else {
            throw EvaluationError.tooFew("columns of a feature matrix", found: columns, needed: 1)
        }
        guard rows >= 0 else { throw EvaluationError.tooFew("rows of a feature matrix", found: rows, needed: 0) }
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard !overflow, values.count == count else {
            throw EvaluationError.mismatch("numbers of a feature matrix", expected: count, found: values.count)
        }
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// The vectors that `indices` name, in that order; the same may be named repeatedly.
    ///
    /// - Throws: ``EvaluationError/outOfRange`` when an index names no row.
    package func selecting(_ indices: [Int]) throws -> FeatureMatrix {
        if let wrong = indices.first(where: { $0 < 0 || $0 >= rows }) {
            throw EvaluationError.outOfRange("row of a feature matrix", found: wrong, count: rows)
        }
        var selected: [Float] = []
        selected.reserveCapacity(indices.count * columns)
        for index in indices { selected += values[index * columns..<(index + 1) * columns] }
        return try FeatureMatrix(rows: indices.count, columns: columns, values: selected)
    }

    /// The same vectors scaled to length 1, so that inner products are cosine similarities.
    ///
    /// - Throws: ``EvaluationError/zeroRow`` or ``EvaluationError/nonFinite``, which name them after `what` they are.
    package func normalized(_ what: String) throws -> FeatureMatrix {
        try requireFinite(what)
        var unit = values
        for row in 0..<rows {
            let range = row * columns..<(row + 1) * columns
            // In double, as squares of small or large floats leave the range of float.
            let length = values[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            guard length > 0 else { throw EvaluationError.zeroRow(what, row: row) }
            for place in range { unit[place] = Float(Double(values[place]) / length) }
        }
        return try FeatureMatrix(rows: rows, columns: columns, values: unit)
    }

    /// Throws ``EvaluationError/nonFinite`` for the first row that holds a NaN or an infinity.
    func requireFinite(_ what: String) throws {
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw EvaluationError.nonFinite(what, row: place / columns)
        }
    }

    /// Throws ``EvaluationError/mismatch`` unless the vectors of `other` are as long as these.
    func requireSameWidth(as other: FeatureMatrix) throws {
        guard columns == other.columns else {
            throw EvaluationError.mismatch("length of a feature vector", expected: columns, found: other.columns)
        }
    }

    /// The mean vector, summed in double.
    var mean: [Double] {
        var sums = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns { sums[column] += Double(values[row * columns + column]) }
        }
        return sums.map { $0 / Double(rows) }
    }

    /// Rows `range` less `center`, in double.
    func centered(_ range: Range<Int>, at center: [Double]) -> [Double] {
        var result: [Double] = []
        result.reserveCapacity(range.count * columns)
        for row in range {
            for column in 0..<columns { result.append(Double(values[row * columns + column]) - center[column]) }
        }
        return result
    }
}

/// Inner products of every row of `a` `[m, k]` with every row of `b` `[n, k]`: `[m, n]`, row-major.
func products(_ a: [Float], _ m: Int, _ b: [Float], _ n: Int, length k: Int) -> [Float] {
    var result = [Float](repeating: 0, count: m * n)
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(k), b, Int32(k), 0, &result,
        Int32(n))
    return result
}

/// Inner products of every row of `a` `[m, k]` with every row of `b` `[n, k]` in double: `[m, n]`, row-major.
func products(_ a: [Double], _ m: Int, _ b: [Double], _ n: Int, length k: Int) -> [Double] {
    var result = [Double](repeating: 0, count: m * n)
    cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(n), Int32(k), 1, a, Int32(k), b, Int32(k), 0, &result,
        Int32(n))
    return result
}
