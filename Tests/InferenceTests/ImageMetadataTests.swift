import Images
import Inference
import TestSupport
import Testing

@Suite struct ImageMetadataTests {
    private func written(_ metadata: ImageMetadata) throws -> [(keyword: String, text: String)] {
        try Image.pngText(in: Image(width: 1, height: 1, color: .white).pngData(text: metadata.pngText))
    }

    @Test(arguments: [
        GenerationRequest(prompt: "a red rose", seed: 0),
        GenerationRequest(prompt: "línea\n🌹 “quoted” \u{202E}", seed: .max, truncation: 0.7),
        GenerationRequest(
            prompt: "a", seed: 1, truncation: 0.010001, promptBlend: Blend(toward: "花", fraction: 1.0 / 3),
            seedBlend: Blend(toward: 18_446_744_073_709_551_615, fraction: 0.1)),
        GenerationRequest(prompt: "", seed: 5, seedBlend: Blend(toward: 0, fraction: 1)),
    ])
    func aRequestSurvivesAPNG(request: GenerationRequest) throws {
        for count in [1, 16] {
            let metadata = ImageMetadata(request: request, model: "flowers-64", count: count)
            #expect(try ImageMetadata(pngText: written(metadata)) == metadata)
        }
    }

    /// By whatever changes any image of a grid, and by its arrangement.
    @Test func gridsAreToldApart() throws {
        func grid(
            _ requests: [GenerationRequest], sheet: ImageMetadata.Sheet = .grid, columns: Int = 2, model: String = "m",
            side: Int = 64
        ) -> ImageMetadata {
            ImageMetadata(requests: requests, sheet: sheet, columns: columns, model: model, side: side)
        }
        let (a, b) = (GenerationRequest(prompt: "a", seed: 1), GenerationRequest(prompt: "b", seed: 1))
        let metadata = grid([a, b])
        #expect(metadata.count == 2 && metadata.request == a && metadata.gridHash != nil)
        #expect(metadata == grid([a, b]))
        #expect(try ImageMetadata(pngText: written(metadata)) == metadata)
        var others = [[a, a], [b, a], [a, b, b], [a, GenerationRequest(prompt: "b", seed: 2)]]
        others.append([a, GenerationRequest(prompt: "b", seed: 1, truncation: 0.5)])
        others.append([a, GenerationRequest(prompt: "b", seed: 1, promptBlend: Blend(toward: "c", fraction: 0.5))])
        others.append([a, GenerationRequest(prompt: "b", seed: 1, seedBlend: Blend(toward: 2, fraction: 0.5))])
        var all = others.map { grid($0) }
        all += [metadata, grid([a, b], model: "n"), grid([a, b], side: 65), grid([a, b], columns: 1)]
        all += [grid([a, b], sheet: .labels), grid([a, b], sheet: .comparison), grid([b, a], sheet: .comparison)]
        #expect(Set(all.map(\.gridHash)).count == 14 && !all.contains { $0.gridHash == nil })
    }

    @Test func aComparisonIsNamedAsItsEditedImage() {
        let (a, b) = (GenerationRequest(prompt: "a", seed: 1), GenerationRequest(prompt: "b", seed: 1))
        let metadata = ImageMetadata(requests: [a, b], sheet: .comparison, columns: 2, model: "m", side: 64)
        #expect(metadata.request == b && metadata.count == 2)
    }

    /// One with labels shows more than the image alone.
    @Test func aSingleImageIsAGridOnlyWithLabels() throws {
        let a = GenerationRequest(prompt: "a", seed: 1)
        func sheet(_ sheet: ImageMetadata.Sheet) -> ImageMetadata {
            ImageMetadata(requests: [a], sheet: sheet, columns: 1, model: "m", side: 64)
        }
        #expect(sheet(.grid) == ImageMetadata(request: a, model: "m"))
        #expect(sheet(.labels).count == 1 && sheet(.labels).gridHash != nil)
        #expect(try ImageMetadata(pngText: written(sheet(.labels))) == sheet(.labels))
    }

    @Test func longPromptsAreTruncated() throws {
        let long = String(repeating: "é", count: 12_000)
        let request = GenerationRequest(prompt: long, seed: 1, promptBlend: Blend(toward: long + "!", fraction: 0.5))
        let found = try #require(try ImageMetadata(pngText: written(ImageMetadata(request: request, model: "m"))))
        #expect(found.request.prompt.count == 10_000 && found.request.promptBlend?.target.count == 10_000)
    }

    @Test func textsOfOtherProgramsAreNoRequest() {
        for texts in [
            [], [("parameters", "a rose\nSteps: 20, Seed: 5")], [("prompt", "a rose"), ("seed", "5")],
            [("prompt", "a rose"), ("seed", "5"), ("Software", "Adobe ImageReady")],
        ] as [[(String, String)]] {
            #expect(ImageMetadata(pngText: texts.map { (keyword: $0.0, text: $0.1) }) == nil)
        }
    }

    /// Each field, damaged. A bound of almost nothing would draw noise for ever.
    @Test(arguments: [
        ("seed", ["", "-1", "1.5", "18446744073709551616", "0x10", " 1"]),
        ("truncation", ["", "0", "-1", "nan", "1e-30", "0.01", "x"]),
        ("variation_seed", ["-1", ""]), ("variation_strength", ["-0.1", "1.1", "nan", "", "inf"]),
        ("second_prompt_strength", ["2", "nan", ""]), ("images", ["0", "-4", "many", "1e3"]),
    ])
    func damagedFieldsAreRefused(field: String, values: [String]) {
        let request = GenerationRequest(
            prompt: "a", seed: 1, truncation: 0.5, promptBlend: Blend(toward: "b", fraction: 0.5),
            seedBlend: Blend(toward: 2, fraction: 0.5))
        let texts = ImageMetadata(request: request, model: "m", count: 4).pngText
        #expect(ImageMetadata(pngText: texts) != nil)
        for value in values {
            let damaged = texts.map { (keyword: $0.keyword, text: $0.keyword == field ? value : $0.text) }
            #expect(ImageMetadata(pngText: damaged) == nil, "\(field) = \(value)")
        }
        guard field != "truncation" && field != "images" && field != "variation_seed" else { return }
        #expect(ImageMetadata(pngText: texts.filter { $0.keyword != field }) == nil)
    }

    @Test func aWalkIsOneText() {
        let request = GenerationRequest(prompt: "a", seed: 1, truncation: 0.5)
        let metadata = ImageMetadata(request: request, model: "m")
        #expect(
            metadata.text(ofWalkThrough: [("a", 1), ("b", 2)], frames: 9)
                == "a\n→ b\nSeed: 1 → 2, Truncation: 0.5, Frames: 9, Model: m, Software: Limn")
        #expect(
            metadata.text(ofWalkThrough: [("a", 1), ("a", 2)], frames: 9)
                == "a\nSeed: 1 → 2, Truncation: 0.5, Frames: 9, Model: m, Software: Limn")
    }
}
