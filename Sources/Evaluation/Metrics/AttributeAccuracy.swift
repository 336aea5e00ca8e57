import Corpora

/// The captions of a corpus that its caption template built from one column, such as "red apple, noto style", and for each the captions
/// with every other value of the column in its place.
package struct AttributeCaptions {
    /// The column.
    package let column: String
    /// The values that occur, in alphabetical order.
    package let values: [String]
    /// The positions of the built captions among all captions of the corpus.
    package let positions: [Int]
    /// The index in `values` of each built caption's value.
    package let own: [Int]
    /// The captions that the built ones were built from, each once, with each of `values`.
    package let candidates: [String]
    /// For each built caption, the position in `candidates` of that with the first of `values`; those with the others follow.
    private let firsts: [Int]

    /// The most values: a column of more, such as one of names, would need too many captions.
    package static let mostValues = 64

    /// Nil without a template of one column, or if fewer than two of its values occur, or more than `mostValues`.
    package init?(_ corpus: Corpus) {
        guard let template = corpus.options.template, template.columns.count == 1 else { return nil }
        var built: [(position: Int, plain: String, value: String)] = []
        var position = 0
        for example in corpus.examples.indices {
            let captions = corpus.examples[example].captions
            let range = corpus.templateCaptions(of: example)
            for (plain, caption) in zip(captions, range) {
                if let value = template.value(in: captions[caption], from: plain) {
                    built.append((position + caption, plain, value))
                }
            }
            position += captions.count
        }
        let values = Set(built.map(\.value)).sorted()
        guard (2...Self.mostValues).contains(values.count) else { return nil }
        column = template.columns[0]
        self.values = values
        positions = built.map(\.position)
        own = built.map { caption in values.firstIndex(of: caption.value) ?? 0 }
        var known: [String: Int] = [:]
        var candidates: [String] = []
        firsts = built.map { caption in
            if let first = known[caption.plain] { return first }
            let first = candidates.count
            known[caption.plain] = first
            candidates += values.map { template.applied(to: caption.plain, value: $0) }
            return first
        }
        self.candidates = candidates
    }

    /// The share of images whose caption with its own value is more similar to them than that with any other.
    /// - Parameters:
    ///   - images: the judge's vectors of the images of the built captions, [captions×width].
    ///   - texts: those of `candidates`, [candidates×width].
    /// - Returns: 0…1; an image that is as similar to another value is no hit.
    /// - Throws: `EvaluationError` if a vector is zero or not finite.
    package func accuracy(of images: FeatureMatrix, texts: FeatureMatrix) throws -> Double {
        let (images, texts) = (try images.normalized("images"), try texts.normalized("captions"))
        let hits = own.indices.count { row in
            let scores = values.indices.map { similarity(images, row, texts, firsts[row] + $0) }
            return values.indices.allSatisfy { $0 == own[row] || scores[$0] + tieMargin < scores[own[row]] }
        }
        return Double(hits) / Double(own.count)
    }
}
