import Basics
import Corpora
import Evaluation
import Execution
import Images
import Inference
import Models
import Networks

/// An evaluation of an image-to-image model on images that it was not trained on.
public struct TranslationEvaluation: Sendable {
    /// Where the images come from.
    public struct Images: Sendable {
        /// The folder of the targets, or of both.
        public var data: String
        /// The folder of the sources, if it is another one.
        public var source: String?
        /// The split; "" is all rows.
        public var split = "test"
        /// Whether each source has a target.
        public var arePairs = false
        /// Makes the sources from the targets; empty if they are images.
        public var degradation: [String] = []
        /// The column of the class.
        public var classColumn = "class"
        /// The classes of sources and targets if they are in one folder; "" otherwise.
        public var classes: (source: String, target: String) = ("", "")
        /// The most images to translate; nil is all.
        public var count: Int?

        /// Images in the folder `data`.
        public init(data: String) { self.data = data }
    }

    /// The measures.
    public let measures: TranslationMeasures
    /// The images that were translated.
    public let sources: [Image]
    /// One result per source, in their order.
    public let results: [Image]
    /// The targets; of pairs, in the order of the sources.
    public let targets: [Image]
    private let arePairs: Bool

    /// Translates the sources and measures the results.
    /// - Parameters:
    ///   - encoder: of a pretrained text encoder; nil is as for `ImageTranslator`.
    ///   - network: in whose features distances are measured; nil measures none.
    ///   - seed: of degradations, and of the subsets of the kernel distance.
    ///   - progress: called with the number of images translated, and of all.
    /// - Throws: `CorpusError`, `ConfigurationError`, `ModelError` or `EvaluationError`.
    public init(
        _ model: TranslationModel, on images: Images, encoder: String? = nil, network: PretrainedFeatures?,
        badFiles: BadFilePolicy, followsLinks: Bool, seed: UInt64, device: any Device,
        progress: (_ done: Int, _ total: Int) -> Void
    ) throws {
        var recipe = Recipe()
        recipe.seed = seed
        recipe.data.side = model.configuration.side
        recipe.data.aspect = model.configuration.aspect ?? .crop
        recipe.data.split = images.split
        recipe.data.classColumn = images.classColumn
        recipe.imageToImage.degradation = images.degradation
        recipe.imageToImage.pairing = images.arePairs || !images.degradation.isEmpty ? .paired : .unpaired
        recipe.imageToImage.text = model.needsText
        (recipe.imageToImage.source, recipe.imageToImage.target) = images.classes
        let corpora = try TranslationCorpora(
            recipe, data: images.data, source: images.source, badFiles: badFiles, followsLinks: followsLinks)
        // A training reads a corpus without splits as a whole, an evaluation would then measure images that were trained on. The
        // sources of pairs are in the splits of their targets.
        let isPaired = recipe.imageToImage.pairing == .paired
        for corpus in [corpora.target, isPaired ? nil : corpora.source].compactMap(\.self)
        where !images.split.isEmpty && corpus.splits.isEmpty {
            throw CorpusError.unknownSplit(images.split, known: [], folder: corpus.folder)
        }
        func store(_ corpus: Corpus) -> ImageStore {
            ImageStore(corpus: corpus, preprocessing: recipe.data.form, badFiles: badFiles)
        }
        let found = try TranslationImages(
            recipe, source: corpora.source.map(store), target: store(corpora.target))
        let unusable = try found.unusablePairs(agreedBy: device.ranks)
        func usable(_ corpus: Corpus?) -> [Int] {
            (corpus?.examples.indices).map { $0.filter { !unusable.contains($0) } } ?? []
        }
        let set = try ValidationImages(
            found, (usable(corpora.source), usable(corpora.target)), count: images.count ?? .max)
        guard !set.targets.isEmpty else { throw found.target.nothingUsable }
        guard !set.sources.isEmpty else { throw (found.source ?? found.target).nothingUsable }
        func translated(_ images: [Image], prompts: [String], isReverse: Bool = false) throws -> [Image] {
            try ImageTranslator(model, isReverse: isReverse, encoder: encoder, device: device)
                .translate(images, prompts: prompts, progress: progress)
        }
        results = try translated(set.sources, prompts: model.needsText ? set.prompts : [])
        let returned =
            model.configuration.hasReverse ? try translated(results, prompts: [], isReverse: true) : nil
        measures = try TranslationMeasures(
            sources: set.sources, results: results, targets: set.targets, arePairs: found.isPaired, returned: returned,
            network: network.map { try TranslationFeatures($0, device: device.with(precision: .float32)) }, seed: seed)
        (sources, targets, arePairs) = (set.sources, set.targets, found.isPaired)
    }

    /// A contact sheet of up to 32 evenly spaced results: source, result and, of pairs, target, four samples per row.
    public var sheet: Image {
        let shown = Array(results.indices).evenlySpaced(32)
        return Image.grid(
            shown.flatMap { [sources[$0], results[$0]] + (arePairs ? [targets[$0]] : []) },
            columns: 4 * (arePairs ? 3 : 2))
    }
}

/// Sources and targets that a translator is measured on or shown with, cropped at the centre. Of pairs, both have the same order.
struct ValidationImages {
    private(set) var sources: [Image] = []
    private(set) var targets: [Image] = []
    /// The first caption of each target, "" for one without.
    private var captions: [String] = []

    /// The caption of a target for each source.
    var prompts: [String] { captions.isEmpty ? [] : sources.indices.map { captions[$0 % captions.count] } }

    /// - Parameter count: the most images of each side; of more, evenly spaced ones.
    init(_ images: TranslationImages, _ examples: (source: [Int], target: [Int]), count: Int) throws {
        for example in examples.target.evenlySpaced(count) {
            guard let image = try images.target.image(example) else { continue }
            targets.append(image)
            captions.append(images.target.corpus.examples[example].captions.first ?? "")
            if images.source == nil {
                sources.append(images.degraded(image, purpose: "validation", index: example))
            }
        }
        guard let store = images.source else { return }
        for example in examples.source.evenlySpaced(count) {
            if let image = try store.image(example) { sources.append(image) }
        }
    }
}
