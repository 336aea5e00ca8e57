import Corpora
import Execution
import Images
import Networks
import RandomStreams
import Inference
import Models

/// Measures a model on the captions of a split that it was not trained on.
public struct Evaluator {
    /// Measures in addition to R-precision.
    public struct Measures {
        /// Networks in whose feature spaces distances are measured; none should have been used to train the model.
        public var features: [PretrainedFeatures]
        /// Whether to measure how often an image's dominant colour is one that its caption names for the petals; only meaningful for
        /// flowers.
        public var colors: Bool

        /// Distances in the features of these networks, and optionally colours.
        public init(features: [PretrainedFeatures], colors: Bool = false) {
            self.features = features
            self.colors = colors
        }
    }

    let model: Model
    let judge: EncoderPair
    private let measures: Measures
    let encoder: String?
    let device: any Device
    let seed: UInt64
    let progress: (String, Int, Int) -> Void

    /// - Parameters:
    ///   - judge: the pair of encoders that computes R-precision; it must not have been used to train the model.
    ///   - encoder: the folder of the pretrained encoder that the model names; see `SentenceEmbedder.init(_:encoder:device:)`.
    ///   - seed: of the noise, and of the mismatched captions of R-precision.
    ///   - progress: called with the name of a task, the number of items done, and their total.
    public init(
        _ model: Model, judge: EncoderPair, measures: Measures, encoder: String? = nil, device: any Device,
        seed: UInt64 = 0, progress: @escaping (String, Int, Int) -> Void = { _, _, _ in }
    ) {
        self.model = model
        self.judge = judge
        self.measures = measures
        self.encoder = encoder
        self.device = device
        self.seed = seed
        self.progress = progress
    }

    /// A caption of the split, with its image and class.
    struct Query {
        var example: Int
        var caption: String
        var label: Int
    }

    /// The images on which distances are measured.
    private struct Sample {
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

    /// Evaluates on every caption of `split`.
    /// - Parameters:
    ///   - data: the folder of captioned images.
    ///   - split: nil evaluates on all rows.
    ///   - trainingSplit: the split for the real-vs-real baseline and the nearest training images; nil omits these, as do
    ///     corpora whose rows name no split, and a `split` that contains this one: there, each real image would be its own
    ///     nearest training image.
    ///   - badFiles: how to treat rows and images that cannot be used.
    ///   - options: how the files are read.
    ///   - synonyms: rewords the prompts; images are scored against the original captions.
    /// - Throws: `CorpusError`, `ModelError` or `EvaluationError`, each one line.
    public func evaluate(
        data: String, split: String?, trainingSplit: String?, badFiles: BadFilePolicy = .limited,
        options: CorpusOptions = CorpusOptions(), synonyms: Synonyms? = nil
    ) throws -> IllustratedReport {
        guard !judge.text.arrays.isEqual(to: model.arrays.below("encoder")) else {
            throw ModelError(
                path: judge.name,
                problem:
                    "is the text encoder of \(model.configuration.name), which the training used; pass another judge",
                kind: .usage)
        }
        func read(_ split: String?) throws -> (images: ImageStore, ignoredClass: String?) {
            let corpus = try Corpus(folder: data, split: split, badFiles: badFiles, options: options)
            // As in training: a class of nearly all images would leave too few captions to compare with.
            guard let dominant = corpus.dominantClass else { return (try self.read(corpus, badFiles), nil) }
            return (try self.read(corpus.withoutClasses(), badFiles), dominant.name)
        }
        let (images, ignoredClass) = try read(split)
        let corpus = images.corpus
        // Before the generation, as the encoders below: what is missing is reported at once.
        let training = try trainingSplit.flatMap { name in
            try Self.contains(split, name, of: corpus) ? nil : read(name).images
        }
        let queries = corpus.examples.indices.flatMap { example in
            // Without classes, each image is its own class.
            corpus.examples[example].captions.map {
                Query(example: example, caption: $0, label: corpus.group(of: example))
            }
        }
        let reals = try corpus.examples.indices.map { try image(of: $0, in: images) }
        let generator = try ImageGenerator(model, device: device, encoder: encoder)
        let encoders = try judgeEncoders()
        // The noise of each caption is determined by its position, so that no seed is selected.
        let prompts = queries.map { synonyms?($0.caption) ?? $0.caption }
        let requests = prompts.indices.map { GenerationRequest(prompt: prompts[$0], seed: seed &+ UInt64($0)) }
        let generated = try generator.generate(requests) { progress("generating", $0, requests.count) }

        let (retrieval, worst, attribute) = try retrieval(queries, generated, reals, corpus, training, encoders)
        var report = Report(
            model: model.configuration.name, judge: judge.name, split: split ?? "all rows", retrieval: retrieval,
            distances: [])
        report.ignoredClass = ignoredClass
        report.attribute = attribute
        report.reworded = synonyms == nil ? nil : zip(prompts, queries).count { $0 != $1.caption }
        if measures.colors { report.colors = try colors(queries, generated, reals) }

        // One caption per image, so that both sides of a distance have the same size.
        let firsts = corpus.examples.indices.map { corpus.reference(example: $0, caption: 0).number }
        var perClass: [Int: [Int]] = [:]
        for example in corpus.examples.indices {
            perClass[corpus.group(of: example), default: []].append(example)
        }
        let sample = Sample(
            generated: firsts.map { generated[$0] }, captions: firsts.map { queries[$0].caption }, real: reals,
            perCaption: try imagesPerCaption(prompts, generator),
            perClass: perClass.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] },
            training: training,
            baseline: try training.map { store in
                try draw(firsts.count, of: store.corpus.examples.count).map { try image(of: $0, in: store) }
            })
        func comparison(_ query: Int) -> Comparison {
            Comparison(
                caption: queries[query].caption, generated: generated[query], other: reals[queries[query].example])
        }
        var illustrated = IllustratedReport(
            report: report, samples: Array(queries.indices).evenlySpaced(Self.sampleCount).map(comparison),
            worst: worst.map(comparison), closest: [])
        for network in measures.features {
            let (distances, closest) = try distances(sample, network)
            illustrated.report.distances.append(distances)
            illustrated.closest.append(closest)
        }
        return illustrated
    }

    /// The number of images in each series of examples: the closest pairs, the worst captions.
    static let exampleCount = 16
    private static let sampleCount = 24

    /// Whether the evaluated split has the images of the training split, or they cannot be told from others.
    private static func contains(_ split: String?, _ trainingSplit: String, of corpus: Corpus) -> Bool {
        guard let split, !corpus.splits.isEmpty else { return true }
        return SplitName.resolved(split, among: corpus.splits)
            == SplitName.resolved(trainingSplit, among: corpus.splits)
    }

    /// The images of a corpus, without those that cannot be decoded.
    /// - Throws: `CorpusError` if `badFiles` does not tolerate them.
    private func read(_ corpus: Corpus, _ badFiles: BadFilePolicy) throws -> ImageStore {
        let preprocessing = ImagePreprocessing(
            side: model.configuration.networks.side, aspect: model.configuration.aspect ?? .crop)
        let all = ImageStore(corpus: corpus, preprocessing: preprocessing, badFiles: badFiles)
        let bad = try all.readAll()
        if bad.isEmpty { return all }
        let rest = ImageStore(corpus: all.corpus.removing(bad), preprocessing: preprocessing)
        _ = try rest.readAll()
        return rest
    }

    func image(of example: Int, in store: ImageStore) throws -> Image {
        guard let image = try store.image(example) else { throw store.nothingUsable }
        return image
    }

    // MARK: Distances

    /// The number of images per caption, and of captions, for which diversity is measured.
    private static let imagesPerCaption = 8
    private static let diversityCaptions = 40

    private func imagesPerCaption(_ prompts: [String], _ generator: ImageGenerator) throws -> [[Image]] {
        try draw(Evaluator.diversityCaptions, of: prompts.count).map { index in
            try generator.generate(
                (0..<Evaluator.imagesPerCaption).map {
                    GenerationRequest(prompt: prompts[index], seed: seed &+ UInt64($0))
                })
        }
    }

    private func distances(
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

    // MARK: Randomness

    /// `count` distinct indices below `total`, or all if there are fewer, ascending.
    private func draw(_ count: Int, of total: Int) -> [Int] {
        Array(permutation(total, "evaluation.sample").prefix(count)).sorted()
    }

    /// The values in random order; a few may keep their position by chance.
    func shuffled(_ values: [Int]) -> [Int] {
        permutation(values.count, "evaluation.shuffle").map { values[$0] }
    }

    private func permutation(_ count: Int, _ purpose: String) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: purpose)
        return stream.shuffled(Array(0..<count))
    }
}

extension Array {
    /// `count` of the elements at even intervals, or all if there are fewer.
    package func evenlySpaced(_ count: Int) -> [Element] {
        self.count <= count ? self : (0..<count).map { self[$0 * self.count / count] }
    }
}
