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
    let measures: Measures
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

    /// Every caption of the split, with the image generated from it and the real ones.
    struct EvaluatedImages {
        let corpus: Corpus
        let queries: [Query]
        /// What was generated from, one for each query: its caption, reworded if there are synonyms.
        let prompts: [String]
        /// One for each query.
        let generated: [Image]
        /// One for each example of the corpus.
        let reals: [Image]

        /// The image generated from a caption beside the caption's real image.
        func comparison(_ query: Int) -> Comparison {
            Comparison(
                caption: queries[query].caption, generated: generated[query], other: reals[queries[query].example])
        }
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
        try requireIndependentJudge()
        func read(_ split: String?) throws -> (images: ImageStore, ignoredClass: String?) {
            try readImages(of: Corpus(folder: data, split: split, badFiles: badFiles, options: options), badFiles)
        }
        let (images, ignoredClass) = try read(split)
        let corpus = images.corpus
        let queries = Self.queries(corpus)
        // Before the generation, as the training images and the encoders below: what is missing is reported at once.
        try RetrievalPrecision.requireEnough(
            classes: queries.map(\.label), texts: textNumbers(queries.map(\.caption)))
        let omitsTraining = trainingSplit.map { !Self.areSeparate(split, $0, of: corpus) }
        let training = try trainingSplit.flatMap { name in
            try omitsTraining == true ? nil : read(name).images
        }
        let reals = try corpus.examples.indices.map { try image(of: $0, in: images) }
        let generator = try ImageGenerator(model, device: device, encoder: encoder)
        let encoders = try judgeEncoders()
        let prompts = queries.map { synonyms?($0.caption) ?? $0.caption }
        let evaluated = EvaluatedImages(
            corpus: corpus, queries: queries, prompts: prompts, generated: try generate(prompts, generator),
            reals: reals)

        let (retrieval, worst, attribute) = try retrieval(evaluated, training, encoders)
        var report = Report(
            model: model.configuration.name, judge: judge.name, split: split ?? "all rows", retrieval: retrieval,
            distances: [])
        report.ignoredClass = ignoredClass
        report.omitsTrainingComparisons = omitsTraining
        report.attribute = attribute
        report.reworded = synonyms == nil ? nil : zip(prompts, queries).count { $0 != $1.caption }
        if measures.colors { report.colors = try colors(evaluated) }

        let sample = try sample(evaluated, training, generator)
        var illustrated = IllustratedReport(
            report: report,
            samples: Array(queries.indices).evenlySpaced(Self.sampleCount).map(evaluated.comparison),
            worst: worst.map(evaluated.comparison), closest: [])
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

    private func requireIndependentJudge() throws(ModelError) {
        guard !judge.text.arrays.isEqual(to: model.arrays.below("encoder")) else {
            throw ModelError(
                path: judge.name,
                problem:
                    "is the text encoder of \(model.configuration.name), which the training used; pass another judge",
                kind: .usage)
        }
    }

    // MARK: Images and captions

    /// Whether the evaluated split is known to have none of the rows of the training split; false for all rows, and if rows name
    /// no split.
    private static func areSeparate(_ split: String?, _ trainingSplit: String, of corpus: Corpus) -> Bool {
        guard let split, !corpus.splits.isEmpty else { return false }
        return SplitName.resolved(split, among: corpus.splits)
            != SplitName.resolved(trainingSplit, among: corpus.splits)
    }

    /// The images of a corpus as `read`, without classes if one has nearly all of them, which is named.
    private func readImages(
        of corpus: Corpus, _ badFiles: BadFilePolicy
    ) throws -> (images: ImageStore, ignoredClass: String?) {
        // As in training: a class of nearly all images would leave too few captions to compare with.
        guard let dominant = corpus.dominantClass else { return (try read(corpus, badFiles), nil) }
        return (try read(corpus.withoutClasses(), badFiles), dominant.name)
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

    /// Every caption of a corpus.
    private static func queries(_ corpus: Corpus) -> [Query] {
        corpus.examples.indices.flatMap { example in
            // Without classes, each image is its own class.
            corpus.examples[example].captions.map {
                Query(example: example, caption: $0, label: corpus.group(of: example))
            }
        }
    }

    /// One image of each prompt. Its noise is determined by the prompt's position, so that no seed is selected.
    private func generate(_ prompts: [String], _ generator: ImageGenerator) throws -> [Image] {
        let requests = prompts.indices.map { GenerationRequest(prompt: prompts[$0], seed: seed &+ UInt64($0)) }
        return try generator.generate(requests) { progress("generating", $0, requests.count) }
    }

    // MARK: Randomness

    /// `count` distinct indices below `total`, or all if there are fewer, ascending.
    func draw(_ count: Int, of total: Int) -> [Int] {
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
