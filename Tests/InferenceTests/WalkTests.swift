import CPUBackend
import Foundation
import Images
import Inference
import Models
import Testing
import TestSupport

@Suite struct WalkTests {
    private static let points: [(prompt: String, seed: UInt64)] = [("a", 1), ("b", 1), ("b", 2)]

    @Test func aWalkPassesThroughItsPointsAtEvenIntervals() {
        let walk = GenerationRequest.walk(through: Self.points, frames: 5, truncation: 0.5)
        #expect(walk.map(\.prompt) == ["a", "a", "b", "b", "b"])
        #expect(walk.map(\.seed) == [1, 1, 1, 1, 1])
        #expect(
            walk.map(\.promptBlend) == [
                Blend(toward: "b", fraction: 0), Blend(toward: "b", fraction: 0.5), nil, nil, nil,
            ])
        #expect(
            walk.map(\.seedBlend) == [
                nil, nil, Blend(toward: 2, fraction: 0), Blend(toward: 2, fraction: 0.5), Blend(toward: 2, fraction: 1),
            ])
        #expect(walk.allSatisfy { $0.truncation == 0.5 })
    }

    @Test func fractionsAscendFromZeroToOneForAnyNumberOfFrames() {
        for frames in [2, 3, 7, 30, 1000] {
            let fractions = GenerationRequest.walk(through: [("a", 1), ("b", 1)], frames: frames).compactMap(
                \.promptBlend?.fraction)
            #expect(fractions.count == frames && fractions.first == 0 && fractions.last == 1)
            #expect(zip(fractions, fractions.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    // MARK: Lines and arcs

    private func length(_ vector: [Float]) -> Float { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    @Test func theEndsAreReachedWithoutRounding() {
        let (start, end): ([Float], [Float]) = ([0.1, -0.7, 3.3], [1.7, 0.3, -0.9])
        for (fraction, expected) in [(Float(0), start), (1, end)] {
            let blend = Blend(toward: end, fraction: fraction)
            #expect(blend.onLine(from: start) == expected)
            #expect(blend.onArc(from: start) == expected)
        }
    }

    @Test func anArcKeepsTheLengthAndDividesTheAngle() {
        let (start, end): ([Float], [Float]) = ([5, 0, 0], [0, 3, 4])
        for fraction: Float in [0.1, 0.25, 0.5, 0.9] {
            let point = Blend(toward: end, fraction: fraction).onArc(from: start)
            #expect(abs(length(point) - 5) < 1e-5)
            // A quarter turn.
            #expect(abs(point[0] - 5 * cos(fraction * .pi / 2)) < 1e-5)
        }
        let middle = Blend(toward: [0, 2, 0], fraction: 0.5).onArc(from: start)
        #expect((2...5).contains(length(middle)))
    }

    @Test func aLineKeepsTheLengthOfSentenceVectors() {
        let (start, end): ([Float], [Float]) = ([1, 0, 0], [0, 0.6, 0.8])
        for fraction: Float in [0.1, 0.5, 0.9] {
            let point = Blend(toward: end, fraction: fraction).onLine(from: start)
            #expect(abs(length(point) - 1) < 1e-6)
            #expect(abs(point[0] / point[2] - (1 - fraction) / (fraction * 0.8)) < 1e-4)
        }
    }

    /// Equal and opposite vectors have no arc between them, and the origin has no direction.
    @Test(arguments: [[1, 2, 3], [-1, -2, -3], [0, 0, 0], [2, 4, 6], [1, 2, 3.0001]] as [[Float]])
    func vectorsInOneLineGiveFiniteValues(end: [Float]) {
        for start in [[1, 2, 3], [0, 0, 0]] as [[Float]] {
            for fraction: Float in [0, 0.3, 0.5, 0.7, 1] {
                let blend = Blend(toward: end, fraction: fraction)
                for point: [Float] in [blend.onArc(from: start), blend.onLine(from: start)] {
                    #expect(point.allSatisfy { $0.isFinite })
                    #expect(length(point) <= max(length(start), length(end)) + 1e-5)
                }
            }
        }
        #expect(Blend(toward: [1, 2, 3], fraction: 0.4).onArc(from: [1, 2, 3]) == [1, 2, 3])
    }

    // MARK: Images

    private static func generator() throws -> ImageGenerator {
        let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)
        return try ImageGenerator(Model(contentsOf: repositoryRoot + "/models/flowers-64.safetensors"), device: device)
    }

    @Test func theEndsOfAWalkAreThePlainImages() throws {
        let generator = try Self.generator()
        let (first, last) = ((prompt: "a red rose", seed: UInt64(3)), (prompt: "a white lily", seed: UInt64(4)))
        let walk = GenerationRequest.walk(through: [first, last], frames: 3, truncation: 0.6)
        // Each alone: images and sentences are rounded otherwise in a batch of others.
        func areEqualUpToRounding(_ one: Image, _ other: Image) -> Bool {
            zip(one.pixels, other.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 }
        }
        let images = try walk.map { try generator.generate([$0])[0] }
        for (image, end) in [(images[0], first), (images[2], last)] {
            let plain = GenerationRequest(prompt: end.prompt, seed: end.seed, truncation: 0.6)
            #expect(areEqualUpToRounding(try generator.generate([plain])[0], image))
        }
        #expect(!areEqualUpToRounding(images[1], images[0]) && !areEqualUpToRounding(images[1], images[2]))
        // The bound applies to the noise of either seed.
        let unbounded = GenerationRequest(prompt: last.prompt, seed: last.seed)
        #expect(!areEqualUpToRounding(try generator.generate([unbounded])[0], images[2]))
        let together = try generator.generate(walk)
        for (image, alone) in zip(together, images) { #expect(areEqualUpToRounding(image, alone)) }
    }
}
