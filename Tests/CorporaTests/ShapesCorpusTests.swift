import Corpora
import FoundationEssentials
import TestSupport
import Testing

@Suite struct ShapesCorpusTests {
    /// Colour names of CSS Color Module Level 4, to name the colour of a pixel.
    private static let named: [String: SIMD3<Int>] = [
        "red": [255, 0, 0], "orange": [255, 165, 0], "yellow": [255, 255, 0], "green": [0, 128, 0],
        "blue": [0, 0, 255], "purple": [128, 0, 128], "pink": [255, 192, 203], "brown": [139, 69, 19],
        "white": [255, 255, 255], "gray": [128, 128, 128], "black": [0, 0, 0],
    ]

    /// The colour names in an image, most common first, each with the mean position of its pixels in 0 ..< 1.
    private func areas(_ drawing: ShapesCorpus.Drawing) -> [(color: String, center: SIMD2<Double>)] {
        var places: [SIMD3<Int>: [SIMD2<Double>]] = [:]
        let side = drawing.image.width
        for index in 0..<side * side {
            let rgb = SIMD3(
                Int(drawing.image.pixels[index * 3]), Int(drawing.image.pixels[index * 3 + 1]),
                Int(drawing.image.pixels[index * 3 + 2]))
            places[rgb, default: []].append(SIMD2(Double(index % side), Double(index / side)) / Double(side))
        }
        return places.sorted { $0.value.count > $1.value.count }.map { rgb, points in
            let name = Self.named.min { distance($0.value, rgb) < distance($1.value, rgb) }?.key ?? ""
            return (name, points.reduce(.zero, +) / Double(points.count))
        }
    }

    private func distance(_ a: SIMD3<Int>, _ b: SIMD3<Int>) -> Int {
        let difference = a &- b
        return (difference &* difference).wrappedSum()
    }

    @Test func captionsAreTrueOfThePixels() {
        for drawing in ShapesCorpus.draw(count: 300, seed: 2, side: 128) {
            let figures = drawing.className.split(separator: " and ").map { $0.split(separator: " ").map(String.init) }
            let areas = areas(drawing)
            let background = areas[0].color
            let found = Dictionary(uniqueKeysWithValues: areas[1...figures.count].map { ($0.color, $0.center) })
            #expect(Set(found.keys) == Set(figures.map { $0[0] }), "\(drawing.className)")
            #expect((2...3).contains(drawing.captions.count) && Set(drawing.captions).count == drawing.captions.count)

            for caption in drawing.captions {
                for figure in figures { #expect(caption.contains(figure.joined(separator: " "))) }
                // The image has exactly the colours that the caption names.
                let words = caption.split(separator: " ").map(String.init)
                let colors = Set(words.filter { Self.named[$0] != nil })
                #expect(colors.isSubset(of: Set(found.keys).union([background])), "\(caption)")
                #expect(!caption.contains("a orange") && !caption.contains("an red"))

                guard let center = found[figures[0][0]] else { continue }
                if figures.count == 1 {
                    if words.contains("left") { #expect(center.x < 0.42, "\(caption)") }
                    if words.contains("right") { #expect(center.x > 0.58, "\(caption)") }
                    if words.contains("top") || words.contains("upper") { #expect(center.y < 0.42, "\(caption)") }
                    if words.contains("bottom") || words.contains("lower") { #expect(center.y > 0.58, "\(caption)") }
                    if words.contains("middle") || words.contains("center") {
                        #expect(abs(center.x - 0.5) < 0.1 && abs(center.y - 0.5) < 0.1, "\(caption)")
                    }
                } else if let second = found[figures[1][0]] {
                    if words.contains("left") || words.contains("right") { #expect(center.x < second.x - 0.3) }
                    let vertical: Set = ["above", "over", "below", "under"]
                    if !vertical.isDisjoint(with: words) { #expect(center.y < second.y - 0.3) }
                }
            }
        }
    }

    @Test func sizesAreToldApart() {
        let words = ["small": 0, "little": 0, "tiny": 0, "medium": 1, "medium-sized": 1, "big": 2, "large": 2]
        var areas: [Int: [Int]] = [:]
        for drawing in ShapesCorpus.draw(count: 2000, seed: 9, side: 32) where drawing.className.hasSuffix(" circle") {
            guard !drawing.className.contains(" and ") else { continue }
            let sizes = Set(drawing.captions.flatMap { $0.split(separator: " ").compactMap { words[String($0)] } })
            #expect(sizes.count <= 1)
            let corner = drawing.image.pixels[0..<3]
            let area = (0..<1024).count { drawing.image.pixels[$0 * 3..<$0 * 3 + 3] != corner }
            for size in sizes { areas[size, default: []].append(area) }
        }
        #expect(areas.count == 3)
        #expect((areas[0]?.max() ?? 0) < (areas[1]?.min() ?? 0))
        #expect((areas[1]?.max() ?? 0) < (areas[2]?.min() ?? 0))
    }

    @Test func keepsCombinationsFromTraining() {
        var names: [String: Set<String>] = [:]
        var test: [[String]] = []
        for drawing in ShapesCorpus.draw(count: 3000, seed: 4, side: 8) {
            let figures = drawing.className.components(" and ")
            names[drawing.split, default: []].formUnion(figures)
            if drawing.split == "test" { test.append(figures) }
        }
        let train = names["train"] ?? []
        let heldOut = (names["test"] ?? []).subtracting(train)
        #expect(train.count == 56)
        #expect(heldOut.count == 8)
        #expect(Set(heldOut.flatMap { $0.components(" ") }).count == 16, "each colour and each outline once")
        #expect(test.allSatisfy { !heldOut.isDisjoint(with: $0) })
    }

    @Test func isAPureFunctionOfSeedAndIndex() {
        let few = ShapesCorpus.draw(count: 5, seed: 1, side: 16)
        let many = ShapesCorpus.draw(count: 20, seed: 1, side: 16)
        #expect(few.map(\.image) == many.prefix(5).map(\.image))
        #expect(few.map(\.captions) == many.prefix(5).map(\.captions))
        #expect(ShapesCorpus(seed: 1, side: 16).drawing(17).image == many[17].image)
        #expect(Set(many.map(\.captions)).count > 15)
        #expect(ShapesCorpus.draw(count: 20, seed: 2, side: 16).map(\.captions) != many.map(\.captions))
        #expect(ShapesCorpus.draw(count: 20, seed: 1, side: 24).map(\.captions) == many.map(\.captions))
    }

    @Test func writesAnImageFolder() throws {
        let folder = try TemporaryFolder(shapes: 40)
        let drawn = ShapesCorpus.draw(count: 40, seed: 5, side: 8)
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.examples.map(\.captions) == drawn.map(\.captions))
        #expect(corpus.examples.map { $0.label.map { corpus.classes[$0] } } == drawn.map(\.className))
        #expect(corpus.examples[7].path == "images/00007.png")
        let test = try Corpus(folder: folder.path, split: "test")
        #expect(test.examples.map(\.captions) == drawn.filter { $0.split == "test" }.map(\.captions))
    }

    @Test func overwritesNothing() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine".utf8, to: "note.txt")
        let corpus = ShapesCorpus(seed: 1, side: 8)
        #expect(message { try corpus.write(to: folder.path, count: 2) }.contains("is not empty"))
        #expect(message { try corpus.write(to: folder.path + "/note.txt", count: 2) }.contains("cannot be written"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["note.txt"])
    }

    @Test func theCommittedSampleIsWhatTheCommandDraws() throws {
        let corpus = try Corpus(folder: repositoryRoot + "/corpora/shapes", split: nil)
        let drawn = ShapesCorpus.draw(count: 64, seed: 1)
        #expect(corpus.examples.map(\.captions) == drawn.map(\.captions))
        #expect(
            try ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 64)).pixels()
                == drawn.flatMap(\.image.pixels)
        )
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] { split(separator: separator).map(String.init) }
}
