import Evaluation
import Testing

/// A disc of one colour on a background of another, 32 × 32 sRGB bytes.
private func disc(_ color: [UInt8], on ground: [UInt8]) -> [UInt8] {
    (0..<32 * 32).flatMap { place -> [UInt8] in
        let (y, x) = (place / 32 * 2 - 31, place % 32 * 2 - 31)
        return x * x + y * y < 22 * 22 ? color : ground
    }
}

private let leaves: [UInt8] = [40, 130, 30]

@Suite("Named colours")
struct ColorTests {
    @Test(
        "of a disc on leaves",
        arguments: [
            (NamedColor.red, [200, 20, 25]), (.orange, [240, 120, 10]), (.yellow, [250, 220, 20]),
            (.blue, [40, 70, 220]), (.purple, [120, 40, 190]), (.pink, [245, 150, 190]), (.pink, [220, 30, 140]),
            (.white, [240, 238, 235]),
        ] as [(NamedColor, [UInt8])])
    func dominant(name: NamedColor, color: [UInt8]) throws {
        #expect(try NamedColor.dominant(pixels: disc(color, on: leaves), side: 32, countsGreen: false) == name)
        #expect(try NamedColor.dominant(pixels: disc(color, on: [5, 5, 5]), side: 32, countsGreen: true) == name)
    }

    @Test("green counts where it is asked for, darkness and grey never")
    func grounds() throws {
        let green = disc(leaves, on: [250, 220, 20])
        #expect(try NamedColor.dominant(pixels: green, side: 32, countsGreen: true) == .green)
        #expect(try NamedColor.dominant(pixels: green, side: 32, countsGreen: false) == .yellow)
        let dull = disc([20, 5, 5], on: [120, 120, 120])
        #expect(try NamedColor.dominant(pixels: dull, side: 32, countsGreen: true) == nil)
    }

    @Test(
        "of captions are those of flower and petals",
        arguments: [
            ("this flower has yellow petals and a red stamen", [.yellow]),
            ("this flower has petals that are white and has green stamen", [.white]),
            ("This flower is pink and white in color, with petals that are oval shaped.", [.pink, .white]),
            ("the stamen are yellow with violet petals", [.purple]),
            ("a golden center with lavender, pointed petals", [.purple]),
            ("this flower has long petals", []),
            ("", []),
        ] as [(String, Set<NamedColor>)])
    func captions(caption: String, colors: Set<NamedColor>) {
        #expect(NamedColor.ofPetals(in: caption) == colors)
    }

    @Test("accuracy leaves captions without a colour out")
    func accuracy() throws {
        let yellow = disc([250, 220, 20], on: leaves)
        let captions = ["a yellow flower", "a red flower", "a large flower", "a flower with yellow and red petals"]
        let accuracy = try ColorAccuracy(
            images: [yellow, yellow, yellow, yellow], side: 32, captions: captions)
        #expect(abs(accuracy.value - 2.0 / 3) < 1e-12 && accuracy.count == 3)
        // A caption of two colours counts for both.
        #expect(
            accuracy.perColor == [.yellow: .init(agreeing: 2, count: 2), .red: .init(agreeing: 1, count: 2)])
    }

    @Test("refuses sizes that do not agree")
    func degenerate() {
        #expect(throws: EvaluationError.mismatch("bytes of an image", expected: 12, found: 3)) {
            try NamedColor.dominant(pixels: [1, 2, 3], side: 2, countsGreen: true)
        }
        #expect(throws: EvaluationError.self) { try NamedColor.dominant(pixels: [], side: 0, countsGreen: true) }
        #expect(throws: EvaluationError.self) { try NamedColor.dominant(pixels: [], side: .max, countsGreen: true) }
        #expect(throws: EvaluationError.self) { try ColorAccuracy(images: [], side: 2, captions: ["red flower"]) }
        #expect(throws: EvaluationError.self) { try ColorAccuracy(images: [], side: 2, captions: []) }
    }
}
