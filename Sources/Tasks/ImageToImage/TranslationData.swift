import Basics
import Corpora
import Execution
import Images
import Networks
import RandomStreams
import Threads
import Training

/// The listed images of an image-to-image training.
struct TranslationCorpora {
    /// The sources; nil if they are made from the targets.
    let source: Corpus?
    /// Without classes if one of them has nearly all images, which would leave the text encoder too few negatives.
    let target: Corpus

    /// - Parameters:
    ///   - data: the folder of both, or of the targets.
    ///   - source: the folder of the sources, if it is another one.
    /// - Throws: `ConfigurationError` if the recipe does not say where the sources come from; `CorpusError`.
    init(_ recipe: Recipe, data: String, source: String?, badFiles: BadFilePolicy, followsLinks: Bool) throws {
        let found = try TranslationCorpora.corpora(
            recipe, data: data, source: source, badFiles: badFiles, followsLinks: followsLinks)
        self.source = found.source
        target = found.target.dominantClass == nil ? found.target : found.target.withoutClasses()
    }

    private static func corpora(
        _ recipe: Recipe, data: String, source: String?, badFiles: BadFilePolicy, followsLinks: Bool
    ) throws -> (source: Corpus?, target: Corpus) {
        let settings = recipe.imageToImage
        func corpus(_ folder: String, column: String? = nil, captions: Bool = false) throws -> Corpus {
            try recipe.data.corpus(
                in: folder, badFiles: badFiles, followsLinks: followsLinks, imageColumn: column,
                requiresCaptions: captions && settings.text)
        }
        guard settings.degradation.isEmpty else {
            guard source == nil else {
                throw ConfigurationError(
                    key: "image_to_image.degradation", problem: "makes the sources, so there is no use for --source")
            }
            return (nil, try corpus(data, captions: true))
        }
        switch (settings.pairing, source) {
        case (.paired, let source?):
            return try corpus(source).paired(with: corpus(data, captions: true), by: .path)
        case (.paired, nil):
            return try corpus(data, column: "source").paired(
                with: corpus(data, column: "target", captions: true), by: .row)
        case (.unpaired, let source?):
            let (own, target) = (try corpus(source), try corpus(data, captions: true))
            return (
                try settings.source.isEmpty ? own : own.restricted(toClass: settings.source),
                try settings.target.isEmpty ? target : target.restricted(toClass: settings.target)
            )
        case (.unpaired, nil):
            guard !settings.source.isEmpty else {
                throw ConfigurationError(
                    key: "image_to_image.source",
                    problem:
                        "is empty; pass --source and --target with the two folders of images, or name two classes of one "
                        + "corpus as image_to_image.source and target")
            }
            let whole = try corpus(data, captions: true)
            return (
                try whole.restricted(toClass: settings.source), try whole.restricted(toClass: settings.target)
            )
        }
    }
}

/// The images of an image-to-image training, prepared on demand.
struct TranslationImages: Sendable {
    /// The sources; nil if they are made from the targets.
    let source: ImageStore?
    let target: ImageStore
    let degradations: [Degradation]
    private let recipe: Recipe

    init(_ recipe: Recipe, source: ImageStore?, target: ImageStore) throws {
        self.recipe = recipe
        self.source = source
        self.target = target
        degradations = try recipe.imageToImage.degradations()
    }

    var isPaired: Bool { recipe.imageToImage.pairing == .paired }

    /// The examples of pairs of which an image cannot be decoded. Decodes all images of both sides, unless the sources are made from
    /// the targets.
    /// - Parameter ranks: all leave out what one of them cannot decode, since their batches must have the same images.
    func unusablePairs(agreedBy ranks: any Communicator) throws -> Set<Int> {
        guard isPaired, let source else { return [] }
        let own = try source.readAll().union(target.readAll())
        let all = try ranks.gather(Array(own.sorted().map(String.init).joined(separator: " ").utf8))
        return Set(all.flatMap { String(decoding: $0, as: UTF8.self).split(separator: " ").compactMap { Int($0) } })
    }

    /// A source made from a target.
    /// - Parameters:
    ///   - purpose, index: which draw of the recipe's seed.
    func degraded(_ image: Image, purpose: String, index: Int) -> Image {
        var stream = RandomStream(seed: recipe.seed, purpose: purpose, index: UInt64(index))
        return degradations.applied(to: image, &stream)
    }
}

/// The input of one step: sources, and targets with their captions if they have any.
package struct TranslationBatch: Sendable {
    /// Those of the targets at `target.rows`, [rows, side, side, 3], values in −1…1.
    package let source: [Float]
    package let target: Batch

    package var count: Int { target.count }

    package init(source: [Float], target: Batch) {
        self.source = source
        self.target = target
    }
}

/// Training batches without the validation split.
struct TranslationBatches: BatchSource {
    private let images: TranslationImages
    private let ranks: any Communicator
    private let targets: BatchFeeder
    private let sources: BatchFeeder?

    /// - Parameters:
    ///   - excluded: examples of the sources and of the targets that are not used.
    ///   - firstImage: the number of the first image of the first batch.
    ///   - ranks: those that share each batch.
    init(
        _ images: TranslationImages, _ recipe: Recipe, excluding excluded: (source: Set<Int>, target: Set<Int>),
        firstImage: Int, ranks: any Communicator
    ) throws {
        self.images = images
        self.ranks = ranks
        func feeder(_ store: ImageStore, _ excluded: Set<Int>, seed: UInt64, mismatches: Bool) throws -> BatchFeeder {
            let sampler = try PairSampler(
                corpus: store.corpus, seed: seed, flips: recipe.data.mirror, excluding: excluded,
                needsMismatches: mismatches, attributeMismatches: recipe.data.attributeMismatch)
            return BatchFeeder(
                images: store, sampler: sampler, batchSize: recipe.gan.batch, firstImage: firstImage, shard: ranks.shard
            )
        }
        targets = try feeder(images.target, excluded.target, seed: recipe.seed, mismatches: recipe.imageToImage.text)
        // With the seed of the targets a pair has the same position in the order, the same crop and the same mirroring.
        let seed = images.isPaired ? recipe.seed : recipe.seed &+ 0x5851_F42D_4C95_7F2D
        sources = try images.source.map { try feeder($0, excluded.source, seed: seed, mismatches: false) }
    }

    func next() throws -> TranslationBatch {
        let target = try targets.next().joined(over: ranks)
        guard let sources else { return TranslationBatch(source: degraded(target), target: target) }
        let source = try sources.next()
        // A feeder replaces an image that has become unreadable, which would pair it with another one's target.
        if images.isPaired, source.captions.map(\.example) != target.captions[target.rows].map(\.example) {
            throw StateError(
                description:
                    "an image of a pair can no longer be read; restore the files and resume, which reports them")
        }
        return TranslationBatch(source: source.images, target: target)
    }

    /// Sources made from the targets of a batch, on all processors.
    private func degraded(_ batch: Corpora.Batch) -> [Float] {
        let length = batch.images.count / batch.rows.count
        let side = images.target.preprocessing.side
        let sources = (0..<batch.rows.count).concurrentMap { [images] index in
            let pixels = batch.images[index * length..<(index + 1) * length]
            let image = Image(width: side, height: side, values: pixels)
            return images.degraded(
                image, purpose: "degradation", index: batch.firstImage + batch.rows.lowerBound + index
            ).values
        }
        return sources.flatMap { $0 }
    }

    func takeNotices() -> [String] { (images.source?.takeNotices() ?? []) + images.target.takeNotices() }

    func stop() {
        targets.stop()
        sources?.stop()
    }
}
