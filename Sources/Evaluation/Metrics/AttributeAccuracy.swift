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
    /// For each built caption, the caption with each of `values`.
    package let candidates: [String]

    /// Nil without a template of one column, or if fewer than two of its values occur.
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
        guard values.count > 1 else { return nil }
        column = template.columns[0]
        self.values = values
        positions = built.map(\.position)
        own = built.map { caption in values.firstIndex(of: caption.value) ?? 0 }
        candidates = built.flatMap { caption in values.map { template.applied(to: caption.plain, value: $0) } }
    }

    /// The share of images whose caption with its own value is more similar to them than that with any other.
    /// - Parameters:
    ///   - images: the judge's vectors of the images of the built captions, [captions×width].
    ///   - texts: those of `candidates`, [captions · values×width].
    /// - Returns: 0…1; an image that is as similar to another value is no hit.
    /// - Throws: `EvaluationError` if a vector is zero or not finite.
    package func accuracy(of images: FeatureMatrix, texts: FeatureMatrix) throws -> Double {
        let (images, texts) = (try images.normalized("images"), try texts.normalized("captions"))
        let width = images.columns
        func similarity(_ image: Int, _ text: Int) -> Float {
            (0..<width).reduce(0) { $0 + images.values[image * width + $1] * texts.values[text * width + $1] }
        }
        let hits = own.indices.count { row in
            let scores = values.indices.map { similarity(row, row * values.count + $0) }
            return values.indices.allSatisfy { $0 == own[row] || scores[$0] < scores[own[row]] }
        }
        return Double(hits) / Double(own.count)
    }
}
