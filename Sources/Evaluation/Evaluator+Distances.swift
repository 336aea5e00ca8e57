import Corpora
import Execution
import Images
import Inference
import Models
import Networks

/// How much generated images differ from real ones in the feature space of a network.
extension Evaluator {
    /// The images on which distances are measured.
    struct Sample {
        /// One generated image per real one, with the caption it was generated from.
        let generated: [Image]
        let captions: [String]
        let real: [Image]
        /// Groups of images generated from one caption, and groups of indices in `real` of one class.
        let perCaption: [[Image]]
        let perClass: [[Int]]
        let training: ImageStore?
        /// As many training images as real ones, or all if there are fewer.
        let baseline: [Image]?
    }

    /// The number of images per caption, and of captions, for which diversity is measured.
    private static let imagesPerCaption = 8
    private static let diversityCaptions = 40

    /// Chooses the images on which distances are measured, and generates those for diversity.
    /// - Parameter training: the images of the training split; without them, there is no baseline.
    func sample(_ evaluated: EvaluatedImages, _ training: ImageStore?, _ generator: ImageGenerator) throws -> Sample {
        let corpus = evaluated.corpus
        // One caption per image, so that both sides of a distance have the same size.
        let firsts = corpus.examples.indices.map { corpus.reference(example: $0, caption: 0).number }
        let classes = Dictionary(grouping: corpus.examples.indices) { corpus.group(of: $0) }
        return Sample(
            generated: firsts.map { evaluated.generated[$0] }, captions: firsts.map { evaluated.queries[$0].caption },
            real: evaluated.reals,
            perCaption: measures.features.isEmpty ? [] : try imagesPerCaption(evaluated.prompts, generator),
            perClass: classes.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }, training: training,
            baseline: try training.map { store in
                try draw(firsts.count, of: store.corpus.examples.count).map { try image(of: $0, in: store) }
            })
    }

    private func imagesPerCaption(_ prompts: [String], _ generator: ImageGenerator) throws -> [[Image]] {
        try draw(Evaluator.diversityCaptions, of: prompts.count).map { index in
            try generator.generate(
                (0..<Evaluator.imagesPerCaption).map {
                    GenerationRequest(prompt: prompts[index], seed: seed &+ UInt64($0))
                })
        }
    }

    /// What is measured in the feature space of a network, and the generated images that are nearest to training images.
    func distances(
        _ sample: Sample, _ network: PretrainedFeatures
    ) throws -> (Report.Distances, closest: [Comparison]) {
        // Reported figures use float32 features on every device.
        let extractor = try FeatureExtractor(network, device: device.with(precision: .float32))
        let name = network.network.rawValue
        func features(_ images: [Image], _ what: String) throws -> FeatureMatrix {
            try extractor.features(of: images) { progress("\(name), \(what)", $0, images.count) }
        }
        let real = try features(sample.real, "real images")
        let generated = try features(sample.generated, "generated images")
        let baseline = try sample.baseline.map { try features($0, "training images") }
        func kernel(_ a: FeatureMatrix, _ b: FeatureMatrix) throws -> Double {
            try 1000 * kernelDistance(a, b, seed: seed)
        }
        let neighbors = try PrecisionRecall(generated: generated, real: real)
        let memorization = try memorization(sample, generated: generated, real: real, extractor, name)
        let distances = Report.Distances(
            features: name, count: sample.real.count,
            baselineCount: sample.baseline.flatMap { $0.count < sample.real.count ? $0.count : nil },
            frechet: .init(
                generated: try frechetDistance(generated, real),
                realBaseline: try baseline.map { try frechetDistance($0, real) }),
            kernel: .init(
                generated: try kernel(generated, real), realBaseline: try baseline.map { try kernel($0, real) }),
            precision: neighbors.precision, recall: neighbors.recall,
            diversity: try diversity(sample, real, extractor),
            memorization: memorization?.0)
        return (distances, memorization?.closest ?? [])
    }

    /// Compares eight images of each of up to forty captions with up to eight real images of each class.
    private func diversity(_ sample: Sample, _ real: FeatureMatrix, _ extractor: FeatureExtractor) throws -> Double? {
        guard !sample.perClass.isEmpty, !sample.perCaption.isEmpty else { return nil }
        let count = Evaluator.imagesPerCaption
        let features = try extractor.features(of: sample.perCaption.flatMap { $0 })
        let generated = try sample.perCaption.indices.map {
            try features.selecting(Array($0 * count..<($0 + 1) * count))
        }
        let groups = try sample.perClass.map { try real.selecting(Array($0.prefix(count))) }
        return try pairwiseDistanceRatio(generated: generated, real: groups)
    }

    private func memorization(
        _ sample: Sample, generated: FeatureMatrix, real: FeatureMatrix, _ extractor: FeatureExtractor, _ name: String
    ) throws -> (Report.Memorization, closest: [Comparison])? {
        guard let store = sample.training else { return nil }
        let corpus = store.corpus
        let count = corpus.examples.count
        let training = try extractor.features(
            count: count, progress: { progress("\(name), training images", $0, count) },
            image: { try image(of: $0, in: store) })
        guard let found = try Memorization(generated: generated, heldOut: real, training: training) else { return nil }
        let closest = found.nearest.enumerated().sorted { ($0.1.distance, $0.0) < ($1.1.distance, $1.0) }.prefix(
            Self.exampleCount)
        let measured = Report.Memorization(
            ratio: found.ratio, suspects: found.suspects,
            closest: closest.map { index, neighbor in
                .init(
                    caption: sample.captions[index],
                    trainingImage: corpus.imagePath(of: corpus.examples[neighbor.row]), distance: neighbor.distance)
            })
        let pairs = try closest.map { index, neighbor in
            Comparison(
                caption: sample.captions[index], generated: sample.generated[index],
                other: try image(of: neighbor.row, in: store))
        }
        return (measured, pairs)
    }
}
