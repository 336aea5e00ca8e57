/// How often an image's dominant colour is one that its caption names for the petals.
package struct ColorAccuracy: Hashable, Sendable {
    /// The share of agreement, 0…1. Real images with their captions are the upper bound, shuffled captions are chance.
    package let value: Double
    /// The number of pairs whose caption names a colour; others are ignored.
    package let count: Int
    /// The pairs whose caption names a colour, for each colour; a caption that names several counts for each.
    package let perColor: [NamedColor: Tally]

    /// A number of pairs, and how many of them agree.
    package struct Tally: Hashable, Sendable {
        package var agreeing: Int
        package var count: Int

        package init(agreeing: Int = 0, count: Int = 0) { (self.agreeing, self.count) = (agreeing, count) }
    }

    /// Compares each image with its caption; green is considered only if the caption names it.
    ///
    /// - Parameters:
    ///   - images: sRGB bytes, each `side × side × 3`.
    ///   - captions: one per image.
    /// - Throws: ``EvaluationError`` for different counts or if no caption names a colour.
    package init(images: [[UInt8]], side: Int, captions: [String]) throws {
        guard images.count == captions.count else {
            throw EvaluationError.mismatch("captions of images", expected: images.count, found: captions.count)
        }
        var all = Tally()
        var perColor: [NamedColor: Tally] = [:]
        for (pixels, caption) in zip(images, captions) {
            let named = NamedColor.ofPetals(in: caption)
            if named.isEmpty { continue }
            let dominant = try NamedColor.dominant(pixels: pixels, side: side, countsGreen: named.contains(.green))
            let agrees = dominant.map(named.contains) ?? false
            func add(_ tally: inout Tally) {
                tally.count += 1
                if agrees { tally.agreeing += 1 }
            }
            add(&all)
            for color in named { add(&perColor[color, default: Tally()]) }
        }
        guard all.count >= 1 else {
            throw EvaluationError.tooFew("captions that name a colour", found: 0, needed: 1)
        }
        value = Double(all.agreeing) / Double(all.count)
        count = all.count
        self.perColor = perColor
    }
}

extension NamedColor {
    /// The colours that a caption names for a flower or its petals; "yellow petals and red stamen" is yellow.
    ///
    /// A colour belongs to the first part of a flower among the three words after it, unless a word that opens a new phrase comes
    /// first ("white and has green stamen"); otherwise to the last part before it; otherwise to the flower.
    package static func ofPetals(in caption: String) -> Set<NamedColor> {
        let words = caption.lowercased().split { !("a"..."z").contains($0) }.map(String.init)
        var found: Set<NamedColor> = []
        var isOfPetals = true
        for (index, word) in words.enumerated() {
            if let part = part(word) { isOfPetals = part == .petals }
            guard let color = colorWords[word] else { continue }
            let following = words[(index + 1)...].prefix(3).prefix { !phraseOpeners.contains($0) }
            if let part = following.lazy.compactMap(part).first {
                if part == .petals { found.insert(color) }
            } else if isOfPetals {
                found.insert(color)
            }
        }
        return found
    }

    private enum Part { case petals, other }

    private static func part(_ word: String) -> Part? {
        petalWords.contains(word) ? .petals : otherParts.contains(word) ? .other : nil
    }

    private static let colorWords: [String: NamedColor] = [
        "red": .red, "maroon": .red, "crimson": .red, "scarlet": .red, "burgundy": .red,
        "orange": .orange, "peach": .orange,
        "yellow": .yellow, "gold": .yellow, "golden": .yellow,
        "green": .green, "blue": .blue,
        "purple": .purple, "violet": .purple, "lavender": .purple, "lilac": .purple,
        "pink": .pink, "magenta": .pink, "fuchsia": .pink,
        "white": .white, "cream": .white,
    ]

    private static let phraseOpeners: Set<String> = ["with", "is", "are", "that", "has", "in", "on"]

    private static let petalWords: Set<String> = [
        "petal", "petals", "petaled", "flower", "flowers", "blossom", "blossoms", "bloom", "blooms",
    ]

    private static let otherParts: Set<String> = [
        "anther", "anthers", "background", "bud", "buds", "center", "centers", "centre", "core", "disc", "disk",
        "filament", "filaments", "leaf", "leaves", "lines", "middle", "ovary", "ovule", "patches", "pedicel",
        "pedicels", "pedicle", "pistil", "pistils", "pollen", "receptacle", "sepal", "sepals", "spots", "stamen",
        "stamens", "stem", "stems", "stigma", "stigmas", "streaks", "stripes", "style", "styles", "tips", "tube",
        "tubes", "veins",
    ]
}
