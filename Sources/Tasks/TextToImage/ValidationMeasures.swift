import Basics
import Checkpoints
import Corpora
import Evaluation
import Execution
import Files
import FoundationEssentials
import Images
import Networks
import RandomStreams
import Inference
import Models
import Training

/// Measures of a generator on captions of the validation split during its training, each a row of `evaluation.jsonl`.
struct ValidationMeasures {
    /// The measures after a number of images.
    struct Row: Codable {
        /// Images seen by then.
        var images: Int
        /// R-precision of generated images by the recipe's judge: the share whose own caption is nearest, among it and 99 of
        /// other classes; nil without a judge, or if the split has too few captions. Beside it that of real images.
        var rPrecision: Double?
        var rPrecisionReal: Double?
        /// Fréchet distance, and kernel distance times 1,000, of generated from real images of the split.
        var frechet: Double
        var kernel: Double
        /// Mean distance between images of one caption, against that between real images of one class.
        var diversity: Double?
        /// Images on each side of the distances.
        var count: Int
        /// Mean logits of real images with their captions, of training and of validation: they differ if the discriminator has
        /// memorized its training images.
        var logitsTraining: Double?
        var logitsValidation: Double?

        private enum CodingKeys: String, CodingKey {
            case images, rPrecision = "r_precision", rPrecisionReal = "r_precision_real", frechet, kernel, diversity,
                count
            case logitsTraining = "logits.training", logitsValidation = "logits.validation"
        }

        /// What it measured, by the names in `evaluation.jsonl`.
        var measurements: Measurements {
            let all: [(CodingKeys, Double?)] = [
                (.rPrecision, rPrecision), (.rPrecisionReal, rPrecisionReal), (.frechet, frechet), (.kernel, kernel),
                (.diversity, diversity), (.logitsTraining, logitsTraining), (.logitsValidation, logitsValidation),
            ]
            return all.reduce(into: [:]) { $0[$1.0.rawValue] = $1.1 }
        }

        /// One line.
        var summary: String {
            func number(_ value: Double?, _ digits: Int) -> String {
                value.map { formatted($0, digits: digits) } ?? "–"
            }
            let share = zip(rPrecision, rPrecisionReal).map {
                "R-precision \(number(100 * $0, 1)) % of \(number(100 * $1, 1)) %, "
            }
            return
                "validation after \(images) images: \(share ?? "")Fréchet \(number(frechet, 1)), kernel \(number(kernel, 2)), "
                + "diversity \(number(diversity, 2)), logits of training images \(number(logitsTraining, 2)), "
                + "of validation images \(number(logitsValidation, 2))"
        }
    }

    private struct Query {
        let example: Int
        let caption: String
        let label: Int
    }

    private let examples: [Int]
    private let queries: [Query]
    /// The first query of each example, whose image is compared with the real one.
    private let firsts: [Int]
    private let classes: [[Int]]
    /// Whether R-precision is measured; false without a judge, and if the split has too few captions of other classes.
    var hasJudge: Bool { judge != nil }
    private let judge: (images: FeatureExtractor, captions: FeatureMatrix, real: FeatureMatrix)?
    private let distances: FeatureExtractor
    private let real: FeatureMatrix
    private let seed: UInt64

    /// Diversity is measured on this many images of each of this many captions.
    private static let imagesPerCaption = 6
    private static let diversityCaptions = 20
    /// Captions of other classes that R-precision compares with.
    private static let negatives = 99

    /// Nil if the recipe measures nothing.
    /// - Throws: if the recipe's judge or network cannot be read, or too few images of the validation split can be decoded.
    init?(_ recipe: Recipe, images store: ImageStore, split: ValidationSplit, device: any Device) throws {
        guard recipe.evaluate.every > 0 else { return nil }
        seed = recipe.seed
        let corpus = store.corpus
        var (examples, images): ([Int], [Image]) = ([], [])
        for example in split.examples.evenlySpaced(recipe.evaluate.captions) {
            guard let image = try store.image(example) else { continue }
            examples.append(example)
            images.append(image)
        }
        try ValidationSplit.require(examples.count)
        let each = max(1, recipe.evaluate.captions / examples.count)
        let queries = examples.indices.flatMap { place in
            corpus.examples[examples[place]].captions.prefix(each).map {
                Query(example: place, caption: $0, label: corpus.group(of: examples[place]))
            }
        }
        (self.examples, self.queries) = (examples, queries)
        firsts = examples.indices.map { place in queries.firstIndex { $0.example == place } ?? 0 }
        var classes: [Int: [Int]] = [:]
        for query in firsts { classes[queries[query].label, default: []].append(queries[query].example) }
        self.classes = classes.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }

        let exact = device.with(precision: .float32)
        distances = try FeatureExtractor(PretrainedFeatures(recipe.evaluate.network), device: exact)
        real = try distances.features(of: images)
        // Checked now, so that no validation fails in the middle of the training.
        let isLarge =
            (try? RetrievalPrecision.requireEnough(
                classes: queries.map(\.label), texts: textNumbers(queries.map(\.caption)),
                negatives: ValidationMeasures.negatives)) != nil
        guard !recipe.evaluate.judge.isEmpty, isLarge else {
            judge = nil
            return
        }
        let pair = try EncoderPair(contentsOf: recipe.evaluate.judge)
        let sentenceEmbedder = try SentenceEmbedder(pair.text, device: exact)
        let imageExtractor = try FeatureExtractor(judge: pair, device: exact)
        judge = (
            imageExtractor,
            try FeatureMatrix(
                rows: queries.count, columns: sentenceEmbedder.width,
                values: sentenceEmbedder.embed(queries.map(\.caption))),
            try imageExtractor.features(of: images)
        )
    }

    /// Measures the images that `generator` makes from the split's captions.
    /// - Parameter logits: mean logits of real images with their captions, in the training and of the validation split.
    func measure(_ generator: ImageGenerator, imagesSeen: Int, logits: (training: Double, validation: Double)) throws
        -> Row
    {
        let requests = queries.enumerated().map { GenerationRequest(prompt: $1.caption, seed: UInt64($0)) }
        let needed = judge == nil ? firsts : Array(queries.indices)
        let generated = Dictionary(
            uniqueKeysWithValues: zip(needed, try generator.generate(needed.map { requests[$0] })))
        func images(_ places: [Int]) -> [Image] { places.compactMap { generated[$0] } }
        let found = try distances.features(of: images(firsts))
        let kernel = try kernelDistance(found, real, seed: seed)
        var row = Row(
            images: imagesSeen, frechet: try frechetDistance(found, real), kernel: 1000 * kernel,
            count: examples.count, logitsTraining: finite(logits.training), logitsValidation: finite(logits.validation))
        if let judge {
            func share(_ images: FeatureMatrix) throws -> Double {
                try RetrievalPrecision(
                    images: images, truths: Array(queries.indices), captions: judge.captions,
                    classes: queries.map(\.label), texts: textNumbers(queries.map(\.caption)),
                    negatives: ValidationMeasures.negatives, seed: seed
                ).mean
            }
            row.rPrecision = try share(judge.images.features(of: images(Array(queries.indices))))
            row.rPrecisionReal = try share(judge.real.selecting(queries.map(\.example)))
        }
        row.diversity = try diversity(generator)
        return row
    }

    private func diversity(_ generator: ImageGenerator) throws -> Double? {
        guard !classes.isEmpty else { return nil }
        let count = ValidationMeasures.imagesPerCaption
        let captions = firsts.evenlySpaced(ValidationMeasures.diversityCaptions).map { queries[$0].caption }
        let requests = captions.flatMap { caption in
            (0..<count).map { GenerationRequest(prompt: caption, seed: UInt64($0)) }
        }
        let features = try distances.features(of: generator.generate(requests))
        let groups = try captions.indices.map { try features.selecting(Array($0 * count..<($0 + 1) * count)) }
        return try pairwiseDistanceRatio(
            generated: groups, real: classes.map { try real.selecting(Array($0.prefix(count))) })
    }
}

/// Both values, or nil.
private func zip<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    guard let a, let b else { return nil }
    return (a, b)
}

/// The value, or nil if it is not finite, which JSON cannot hold.
private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
