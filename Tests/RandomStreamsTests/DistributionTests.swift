import Glibc
import RandomStreams
import Testing

/// Uniform, integer, normal and truncated normal numbers.
///
/// Streams are fixed, so each test has one outcome; limits are five or six standard deviations of the statistic.
@Suite struct DistributionTests {
    private let count = 200_000

    private func stream(_ index: UInt64 = 0) -> RandomStream { RandomStream(seed: 17, purpose: "test", index: index) }

    @Test func uniformNumbersFillTheirRangeEvenly() {
        var stream = stream()
        var bins = [Int](repeating: 0, count: 64)
        for _ in 0..<count {
            let value = stream.uniform()
            #expect(value >= 0 && value < 1)
            // 24 bits, exactly.
            #expect((value * 0x1p24).rounded() == value * 0x1p24)
            bins[Int(value * 64)] += 1
        }
        expectEven(bins)
    }

    @Test(arguments: [1, 2, 3, 7, 10, 64, 1000]) func integersAreEquallyLikely(below limit: Int) {
        var stream = stream()
        var bins = [Int](repeating: 0, count: limit)
        for _ in 0..<count { bins[stream.index(below: limit)] += 1 }
        expectEven(bins)
    }

    /// The largest range: both ends occur, and no number exceeds them.
    @Test func integersBelowTheLargestLimit() {
        let limit = Int(UInt32.max)
        var stream = stream()
        let drawn = (0..<count).map { _ in stream.index(below: limit) }
        #expect(drawn.allSatisfy { (0..<limit).contains($0) })
        let (low, high) = (drawn.min() ?? 0, drawn.max() ?? 0)
        #expect(low < limit / 10_000 && high > limit - limit / 10_000)
        let mean = drawn.reduce(0.0) { $0 + Double($1) } / Double(count) / Double(limit)
        #expect(abs(mean - 0.5) < 5 * (1 / (12 * Double(count))).squareRoot())
    }

    /// Pearson's statistic of equally likely bins: mean k − 1, variance 2(k − 1).
    private func expectEven(_ bins: [Int], sourceLocation: SourceLocation = #_sourceLocation) {
        let expected = Double(count) / Double(bins.count)
        let statistic = bins.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        let freedom = Double(bins.count - 1)
        #expect(
            abs(statistic - freedom) <= 6 * (2 * freedom).squareRoot(), "\(statistic) of \(freedom)",
            sourceLocation: sourceLocation)
    }

    @Test func normalNumbersHaveTheMomentsOfTheirDistribution() {
        var stream = stream()
        let values = stream.normals(count).map(Double.init)
        func moment(_ power: Int) -> Double {
            values.reduce(0) { $0 + pow($1, Double(power)) } / Double(count)
        }
        // E x = 0, E x² = 1, E x³ = 0, E x⁴ = 3; their variances are 1, 2, 15 and 96, divided by the count.
        let moments: [(power: Int, expected: Double, variance: Double)] = [
            (1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96),
        ]
        for (power, expected, variance) in moments {
            let found = moment(power)
            #expect(abs(found - expected) < 5 * (variance / Double(count)).squareRoot(), "moment \(power): \(found)")
        }
    }

    @Test func normalNumbersHaveTheTailsOfTheirDistribution() {
        var stream = stream()
        let values = stream.normals(count)
        for bound in [0.5, 1, 2, 3] {
            let expected = erfc(bound / 2.0.squareRoot())
            let found = Double(values.count { Double(abs($0)) > bound }) / Double(count)
            let deviation = (expected * (1 - expected) / Double(count)).squareRoot()
            #expect(abs(found - expected) < 5 * deviation, "beyond \(bound): \(found), expected \(expected)")
        }
    }

    /// The two numbers of a pair come from one radius and one angle.
    @Test func theTwoOfAPairAreIndependent() {
        var stream = stream()
        var (products, squares) = (0.0, 0.0)
        for _ in 0..<count {
            let (a, b) = stream.normalPair()
            products += Double(a) * Double(b)
            squares += (Double(a) * Double(a) - 1) * (Double(b) * Double(b) - 1)
        }
        #expect(abs(products) < 5 * Double(count).squareRoot())
        #expect(abs(squares) < 5 * 2 * Double(count).squareRoot())
    }

    @Test(arguments: [0, 1, 2, 7]) func anyNumberOfNormalsIsTheBeginningOfMore(count: Int) {
        var (few, more) = (stream(), stream())
        let values = few.normals(count)
        #expect(values.count == count)
        #expect(values[...] == more.normals(12)[..<count])
    }

    @Test(arguments: [0.05, 0.5, 1, 2] as [Float]) func truncatedNormalsStayWithinTheirBound(bound: Float) {
        for count in [0, 1, 2, 101] {
            var stream = stream(UInt64(count))
            #expect(stream.truncatedNormals(count, bound: bound).count == count)
        }
        var stream = stream()
        let values = stream.truncatedNormals(20_000, bound: bound).map(Double.init)
        #expect(values.allSatisfy { abs($0) <= Double(bound) })
        // E x² within ±c is 1 − 2cφ(c)/(2Φ(c) − 1).
        let c = Double(bound)
        let density = exp(-c * c / 2) / (2 * Double.pi).squareRoot()
        let expected = 1 - 2 * c * density / erf(c / 2.0.squareRoot())
        let found = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        #expect(abs(found - expected) < 0.05 * expected, "\(found), expected \(expected)")
        let mean = values.reduce(0, +) / Double(values.count)
        #expect(abs(mean) < 5 * (expected / Double(values.count)).squareRoot(), "\(mean)")
    }

    /// The numbers within the bound, in order.
    @Test func truncationLeavesOutWhatLiesBeyond() {
        var (stream, whole) = (stream(), stream())
        let within = whole.normals(1000).filter { abs($0) <= 1 }
        #expect(stream.truncatedNormals(500, bound: 1)[...] == within[..<500])
    }
}
