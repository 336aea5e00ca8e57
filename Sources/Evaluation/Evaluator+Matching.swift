import Corpora
import Images
import Inference

/// How well images match their captions.
extension Evaluator {
    /// The encoders of the judge.
    typealias JudgeEncoders = (image: FeatureExtractor, text: SentenceEmbedder)

    func judgeEncoders() throws -> JudgeEncoders {
        // Reported figures use float32 features on every device.
        let exact = device.with(precision: .float32)
        return try judge.building {
            (
                image: try FeatureExtractor(judge: judge, device: exact),
                text: try SentenceEmbedder(judge.text, device: exact)
            )
        }
    }

    func retrieval(
        _ evaluated: EvaluatedImages, _ training: ImageStore?, _ encoders: JudgeEncoders
    ) throws -> (Report.Retrieval, worst: [Int], attribute: Report.Attribute?) {
        let (corpus, queries) = (evaluated.corpus, evaluated.queries)
        let (generated, reals) = (evaluated.generated, evaluated.reals)
        let (imageEncoder, textEncoder) = encoders
        let captions = try FeatureMatrix(
            rows: queries.count, columns: textEncoder.width, values: textEncoder.embed(queries.map(\.caption)))
        let fake = try imageEncoder.features(of: generated) {
            progress("scoring generated images", $0, generated.count)
        }
        let real = try imageEncoder.features(of: reals) { progress("scoring real images", $0, reals.count) }
        let (classes, texts) = (queries.map(\.label), textNumbers(queries.map(\.caption)))
        let truths = Array(queries.indices)
        func precision(_ images: FeatureMatrix, _ truths: [Int]) throws -> RetrievalPrecision {
            try RetrievalPrecision(
                images: images, truths: truths, captions: captions, classes: classes, texts: texts, seed: seed)
        }
        var nearest: Report.Retrieval.Row?
        if let training {
            let rows = try nearestTrainingExamples(queries.map(\.caption), training)
            let shown = Array(Set(rows)).sorted()
            let indices = Dictionary(uniqueKeysWithValues: zip(shown, shown.indices))
            let features = try imageEncoder.features(
                count: shown.count, progress: { progress("scoring training images", $0, shown.count) },
                image: { try image(of: shown[$0], in: training) })
            nearest = .init(try precision(features.selecting(rows.map { indices[$0] ?? 0 }), truths))
        }
        let own = try precision(fake, truths)
        let realOfQueries = try real.selecting(queries.map(\.example))
        let upper = try precision(realOfQueries, truths)
        let attribute = try AttributeCaptions(corpus).map { captions in
            let texts = try FeatureMatrix(
                rows: captions.candidates.count, columns: textEncoder.width,
                values: textEncoder.embed(captions.candidates))
            func accuracy(_ images: FeatureMatrix) throws -> Double {
                try captions.accuracy(of: images.selecting(captions.positions), texts: texts)
            }
            return Report.Attribute(
                column: captions.column, values: captions.values.count, generated: try accuracy(fake),
                real: try accuracy(realOfQueries), count: captions.positions.count)
        }
        let worst = Array(truths.sorted { (-own.ranks[$0], $0) < (-own.ranks[$1], $1) }.prefix(Self.exampleCount))
        return (
            .init(
                generated: .init(own), real: .init(upper), shuffled: .init(try precision(fake, shuffled(truths))),
                nearestTraining: nearest, count: queries.count,
                classes: perClass(queries, corpus, generated: own.ranks, real: upper.ranks),
                worst: worst.map { query in
                    .init(
                        caption: queries[query].caption,
                        image: corpus.imagePath(of: corpus.examples[queries[query].example]), rank: own.ranks[query])
                }), worst, attribute
        )
    }

    /// The share of hits for each class; nil if no class is known.
    private func perClass(
        _ queries: [Query], _ corpus: Corpus, generated: [Int], real: [Int]
    ) -> [Report.Retrieval.ClassRow]? {
        var members: [Int: [Int]] = [:]
        for (index, query) in queries.enumerated() {
            if let label = corpus.label(of: query.example) { members[label, default: []].append(index) }
        }
        func share(_ ranks: [Int], _ members: [Int]) -> Double {
            Double(members.count { ranks[$0] == 1 }) / Double(members.count)
        }
        // Labels are in the order of the names.
        let rows = members.sorted { $0.key < $1.key }.map { label, members in
            Report.Retrieval.ClassRow(
                name: corpus.classes[label], count: members.count, generated: share(generated, members),
                real: share(real, members))
        }
        return rows.isEmpty ? nil : rows
    }

    /// For each caption, the training image with the most similar caption according to the model's own text encoder.
    private func nearestTrainingExamples(_ captions: [String], _ training: ImageStore) throws -> [Int] {
        let textEncoder = try SentenceEmbedder(model, encoder: encoder, device: device)
        let known = Array(training.corpus.captions)
        let owners = training.corpus.examples.indices.flatMap { example in
            training.corpus.captionNumbers(of: example).map { _ in example }
        }
        let rows = try FeatureMatrix(
            rows: known.count, columns: textEncoder.width,
            values: textEncoder.embed(known) { progress("encoding training captions", $0, known.count) })
        let queries = try FeatureMatrix(
            rows: captions.count, columns: textEncoder.width, values: textEncoder.embed(captions))
        return try nearestNeighborDistances(of: queries, in: rows).map { owners[$0.row] }
    }

    func colors(_ evaluated: EvaluatedImages) throws -> Report.Colors? {
        let (queries, generated) = (evaluated.queries, evaluated.generated)
        let captions = queries.map(\.caption)
        func accuracy(_ images: [Image], _ captions: [String]) throws -> ColorAccuracy {
            try ColorAccuracy(
                images: images.map(\.pixels), side: model.configuration.networks.side, captions: captions)
        }
        guard captions.contains(where: { !NamedColor.ofPetals(in: $0).isEmpty }) else { return nil }
        let own = try accuracy(generated, captions)
        let upper = try accuracy(queries.map { evaluated.reals[$0.example] }, captions)
        return .init(
            generated: own.value, real: upper.value,
            shuffled: try accuracy(generated, shuffled(Array(captions.indices)).map { captions[$0] }).value,
            count: own.count,
            perColor: NamedColor.allCases.compactMap { color in
                guard let own = own.perColor[color], let upper = upper.perColor[color] else { return nil }
                return .init(
                    color: color.rawValue, count: own.count, generated: Double(own.agreeing) / Double(own.count),
                    real: Double(upper.agreeing) / Double(upper.count))
            })
    }
}
