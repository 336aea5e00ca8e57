import Evaluation
import Testing

@Suite("Fréchet distance")
struct FrechetDistanceTests {
    @Test("agrees with NumPy")
    func golden() throws {
        let distance = try frechetDistance(
            sampleFeatures(40, 6, seed: 1), sampleFeatures(50, 6, seed: 2, scale: 1.5, shift: 0.25))
        #expect(abs(distance - 1.2982882975897052) < 1e-10)
    }

    @Test("agrees with NumPy where there are fewer images than features")
    func singular() throws {
        let distance = try frechetDistance(sampleFeatures(5, 8, seed: 3), sampleFeatures(4, 8, seed: 4))
        #expect(abs(distance - 3.501314317618645) < 1e-6)
    }

    @Test("is the closed form for normal distributions in one dimension")
    func closedForm() throws {
        // Means 1 and 3, standard deviations √2 and √8: 2² + (√8 − √2)² = 6.
        let distance = try frechetDistance(matrix(2, 1, [0, 2]), matrix(2, 1, [1, 5]))
        #expect(abs(distance - 6) < 1e-12)
    }

    @Test("is 0 between a set and itself in another order, and the same both ways")
    func symmetry() throws {
        let a = sampleFeatures(40, 6, seed: 1)
        let b = sampleFeatures(30, 6, seed: 2)
        let reversed = try a.selecting(Array((0..<40).reversed()))
        #expect(abs(try frechetDistance(a, reversed)) < 1e-10)
        #expect(abs(try frechetDistance(a, b) - frechetDistance(b, a)) < 1e-10)
    }

    @Test("refuses what has no covariance")
    func degenerate() {
        let one = matrix(1, 2, [0, 1])
        let two = matrix(2, 2, [0, 1, 2, 3])
        let three = matrix(2, 3, [0, 1, 2, 3, 4, 5])
        #expect(throws: EvaluationError.tooFew("images for a covariance", found: 1, needed: 2)) {
            try frechetDistance(two, one)
        }
        #expect(throws: EvaluationError.mismatch("length of a feature vector", expected: 2, found: 3)) {
            try frechetDistance(two, three)
        }
        #expect(throws: EvaluationError.nonFinite("features for a Fréchet distance", row: 1)) {
            try frechetDistance(two, matrix(2, 2, [0, 1, .nan, 3]))
        }
    }

    @Test("a matrix holds as many numbers as it says")
    func count() {
        #expect(throws: EvaluationError.self) { try FeatureMatrix(rows: 2, columns: 2, values: [1]) }
        #expect(throws: EvaluationError.self) { try FeatureMatrix(rows: .max, columns: 2, values: []) }
        #expect(throws: EvaluationError.self) { try FeatureMatrix(rows: 1, columns: 0, values: []) }
        #expect(throws: EvaluationError.self) { try FeatureMatrix(rows: -1, columns: 1, values: []) }
        #expect(throws: EvaluationError.self) { try matrix(1, 1, [0]).selecting([1]) }
    }
}

@Suite("Kernel distance")
struct KernelDistanceTests {
    let a = sampleFeatures(24, 6, seed: 5)
    let b = sampleFeatures(24, 6, seed: 6, scale: 1.5, shift: 0.25)

    @Test("agrees with NumPy")
    func golden() throws {
        let distance = try kernelDistance(a, b, subsetSize: 24, seed: 0)
        #expect(abs(distance - 0.49527976758106496) < 1e-6)
    }

    @Test("of subsets lies around that of the whole, and is the same for a seed")
    func subsets() throws {
        let distance = try kernelDistance(a, b, subsets: 400, subsetSize: 12, seed: 1)
        // The standard deviation over subsets is 0.3.
        #expect(abs(distance - 0.49527976758106496) < 4 * 0.3 / 20)
        #expect(try kernelDistance(a, b, subsets: 400, subsetSize: 12, seed: 1) == distance)
        #expect(try kernelDistance(a, b, subsets: 400, subsetSize: 12, seed: 2) != distance)
    }

    @Test("of one distribution is 0 within the deviation over subsets, and not biased upwards")
    func unbiased() throws {
        let distance = try kernelDistance(
            sampleFeatures(2000, 6, seed: 7), sampleFeatures(2000, 6, seed: 8), subsets: 50, subsetSize: 200, seed: 0)
        // A biased estimate would be 0.024.
        #expect(abs(distance) < 0.006)
    }

    @Test("refuses what it is not defined for")
    func degenerate() {
        #expect(throws: EvaluationError.self) { try kernelDistance(a, matrix(1, 6, [0, 0, 0, 0, 0, 0]), seed: 0) }
        #expect(throws: EvaluationError.self) { try kernelDistance(a, sampleFeatures(24, 5, seed: 6), seed: 0) }
        #expect(throws: EvaluationError.self) { try kernelDistance(a, b, subsets: 0, seed: 0) }
        #expect(throws: EvaluationError.self) {
            try kernelDistance(matrix(2, 1, [0, .infinity]), matrix(2, 1, [0, 1]), seed: 0)
        }
    }
}
