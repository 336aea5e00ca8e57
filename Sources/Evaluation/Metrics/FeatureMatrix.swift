/// Feature vectors of images or captions, one per row.
package struct FeatureMatrix: Sendable {
    /// The number of vectors; may be 0.
    package let rows: Int
    /// The length of each vector, at least 1.
    package let columns: Int
    /// `rows × columns` numbers, row-major.
    package let values: [Float]

    /// A matrix of `rows × columns` numbers, row-major.
    ///
    /// - Throws: ``EvaluationError`` for another number of values or no columns.
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

    /// The rows at `indices`, in that order; indices may repeat.
    ///
    /// - Throws: ``EvaluationError/outOfRange`` for an index outside `0 ..< rows`.
    package func selecting(_ indices: [Int]) throws -> FeatureMatrix {
        if let wrong = indices.first(where: { $0 < 0 || $0 >= rows }) {
            throw EvaluationError.outOfRange("row of a feature matrix", found: wrong, count: rows)
        }
        var selected: [Float] = []
        selected.reserveCapacity(indices.count * columns)
        for index in indices { selected += values[index * columns..<(index + 1) * columns] }
        return try FeatureMatrix(rows: indices.count, columns: columns, values: selected)
    }

    /// The same vectors scaled to unit norm, so that inner products are cosine similarities.
    ///
    /// - Parameter what: name of the vectors in errors.
    /// - Throws: ``EvaluationError/zeroRow`` or ``EvaluationError/nonFinite``.
    package func normalized(_ what: String) throws -> FeatureMatrix {
        try requireFinite(what)
        var unit = values
        for row in 0..<rows {
            let range = row * columns..<(row + 1) * columns
            // In float64, because squares of small or large numbers exceed the range of float32.
            let length = values[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            guard length > 0 else { throw EvaluationError.zeroRow(what, row: row) }
            for index in range { unit[index] = Float(Double(values[index]) / length) }
        }
        return try FeatureMatrix(rows: rows, columns: columns, values: unit)
    }

    /// Throws ``EvaluationError/nonFinite`` for the first row that contains NaN or infinity.
    func requireFinite(_ what: String) throws {
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw EvaluationError.nonFinite(what, row: index / columns)
        }
    }

    /// Throws ``EvaluationError/mismatch`` unless `other` has as many columns.
    func requireSameWidth(as other: FeatureMatrix) throws {
        guard columns == other.columns else {
            throw EvaluationError.mismatch("length of a feature vector", expected: columns, found: other.columns)
        }
    }

    /// The mean of all rows, summed in float64.
    var mean: [Double] {
        var sums = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns { sums[column] += Double(values[row * columns + column]) }
        }
        return sums.map { $0 / Double(rows) }
    }

    /// Rows `range` minus `center`, in float64.
    func centered(_ range: Range<Int>, at center: [Double]) -> [Double] {
        var result: [Double] = []
        result.reserveCapacity(range.count * columns)
        for row in range {
            for column in 0..<columns { result.append(Double(values[row * columns + column]) - center[column]) }
        }
        return result
    }
}
