import Evaluation
import Testing

@Suite("Diversity and memorization")
struct DiversityTests {
    @Test("is the ratio of mean pairwise distances")
    func ratio() throws {
        // Distances 3, 4 and 5 in a right triangle, far from the origin; real pairs at 8 and 16.
        let triangle = matrix(3, 2, [1000, 1000, 1003, 1000, 1000, 1004])
        let ratio = try pairwiseDistanceRatio(
            generated: [triangle], real: [matrix(2, 2, [0, 0, 0, 8]), matrix(2, 2, [0, 0, 16, 0])])
        #expect(abs(ratio - 1.0 / 3) < 1e-9)
    }

    @Test("is 0 for a generator that ignores its noise")
    func collapse() throws {
        let one = matrix(2, 3, [0.1, 0.2, 0.3, 0.1, 0.2, 0.3])
        #expect(try pairwiseDistanceRatio(generated: [one], real: [matrix(2, 3, [0, 0, 0, 1, 1, 1])]) < 1e-7)
        #expect(throws: EvaluationError.noSpread("real images")) {
            try pairwiseDistanceRatio(generated: [one], real: [matrix(2, 3, [0, 0, 0, 0, 0, 0])])
        }
    }

    @Test("nearest neighbours are found in every block")
    func neighbors() throws {
        // Query i is 0.25 above training row 2i.
        let training = matrix(600, 1, (0..<600).map { Float($0) })
        let queries = matrix(300, 1, (0..<300).map { Float(2 * $0) + 0.25 })
        let nearest = try nearestNeighborDistances(of: queries, in: training)
        #expect(nearest.map(\.row) == (0..<300).map { 2 * $0 })
        #expect(nearest.allSatisfy { abs($0.distance - 0.25) < 1e-6 })
    }

    @Test("copies of the training set are told from new images")
    func memorization() throws {
        let training = sampleFeatures(400, 8, seed: 1)
        let heldOut = sampleFeatures(200, 8, seed: 2)
        let copies = try #require(
            try Memorization(generated: training.selecting(Array(0..<100)), heldOut: heldOut, training: training))
        #expect(copies.ratio < 1e-3 && copies.suspects == 1)
        #expect(copies.nearest.map(\.row) == Array(0..<100))
        let new = try #require(
            try Memorization(generated: sampleFeatures(300, 8, seed: 3), heldOut: heldOut, training: training))
        #expect(abs(new.ratio - 1) < 0.1 && new.suspects < 0.05)
    }

    @Test("is nothing where the held-out images are training images, even if their features differ by rounding")
    func heldOutIsTraining() throws {
        let training = sampleFeatures(100, 8, seed: 1)
        let generated = sampleFeatures(50, 8, seed: 2)
        let rounded = matrix(100, 8, training.values.map { $0 * 1.000001 })
        for heldOut in [training, rounded] {
            #expect(try Memorization(generated: generated, heldOut: heldOut, training: training) == nil)
        }
    }

    @Test("refuses empty sets and widths that do not agree")
    func degenerate() {
        let two = matrix(2, 1, [1, 2])
        #expect(throws: EvaluationError.self) { try pairwiseDistanceRatio(generated: [], real: [two]) }
        #expect(throws: EvaluationError.self) { try pairwiseDistanceRatio(generated: [matrix(1, 1, [1])], real: [two]) }
        #expect(throws: EvaluationError.self) {
            try pairwiseDistanceRatio(generated: [matrix(2, 2, [1, 2, 3, 4])], real: [two])
        }
        #expect(throws: EvaluationError.self) { try nearestNeighborDistances(of: two, in: matrix(0, 1, [])) }
        #expect(throws: EvaluationError.self) { try nearestNeighborDistances(of: matrix(0, 1, []), in: two) }
        #expect(throws: EvaluationError.self) {
            try Memorization(generated: two, heldOut: two, training: matrix(0, 1, []))
        }
        #expect(throws: EvaluationError.self) {
            try nearestNeighborDistances(of: two, in: matrix(2, 1, [.nan, 1]))
        }
    }
}
