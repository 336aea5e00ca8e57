import Corpora
import Evaluation
import Execution
import Images
import Inference
import Models
import Networks
import RandomStreams
import Training

/// Images of the corpus that no loss is computed on. Only a vocabulary and the statistics of features include them.
///
/// They are drawn image by image: their captions may occur on training images too, as in corpora of few words.
struct ValidationSplit {
    /// Their indices in the corpus, ascending.
    let examples: [Int]
    private let images: ImageStore

    /// The fewest images that a measurement is meaningful on.
    static let minimum = 10

    /// Checks the splits that a training with `evaluate:` would measure on, before anything is trained. No image is read, so one
    /// that cannot be decoded counts.
    /// - Parameter corpora: those that splits are drawn from.
    /// - Throws: `ConfigurationError` if one of the splits would have fewer than `minimum` images.
    static func require(_ recipe: Recipe, of corpora: [Corpus]) throws(ConfigurationError) {
        guard recipe.task != .contrastive, recipe.evaluate.every > 0 else { return }
        for corpus in corpora {
            let total = corpus.examples.count
            try require(size(total, share: recipe.data.holdOut), " of \(total)")
        }
    }

    /// Checks a split of which the images that can be decoded are known.
    /// - Parameters:
    ///   - count: the number of these images.
    ///   - origin: follows the number in the message.
    /// - Throws: `ConfigurationError` if `evaluate:` would measure on fewer than `minimum` images.
    static func require(_ count: Int, _ origin: String = "") throws(ConfigurationError) {
        guard count >= minimum else {
            throw ConfigurationError(
                key: "evaluate.every",
                problem: "needs a validation split of \(minimum) images or more, found \(count)\(origin); "
                    + "raise data.hold_out, or set evaluate.every to 0")
        }
    }

    /// The number of images that are drawn of `count`.
    private static func size(_ count: Int, share: Float) -> Int { Int(Float(count) * share) }

    /// Draws `share` of the images; none if that would be fewer than `minimum`. The draw does not depend on the recipe's seed,
    /// so that models and judges trained on a corpus with the same share hold out the same images.
    init(_ images: ImageStore, share: Float) {
        self.images = images
        let indices = Array(images.corpus.examples.indices)
        let count = ValidationSplit.size(indices.count, share: share)
        guard count >= ValidationSplit.minimum else {
            examples = []
            return
        }
        var stream = RandomStream(seed: 1, purpose: "held out")
        examples = stream.choose(count, of: indices).sorted()
    }

    /// A batch of them, each with its first caption, and as its mismatch that of the next image; if there are fewer, the
    /// first is repeated.
    func batch(_ size: Int) throws -> Batch { try batch(size, of: examples) }

    /// Such a batch of images that are trained on, always the same.
    func trainingBatch(_ size: Int) throws -> Batch {
        let own = Set(examples)
        let others = images.corpus.examples.indices.filter { !own.contains($0) }
        var stream = RandomStream(seed: 1, purpose: "compared training images")
        return try batch(size, of: Array(stream.choose(min(size, others.count), of: others)))
    }

    private func batch(_ size: Int, of examples: [Int]) throws -> Batch {
        var (pixels, captions): ([Float], [CaptionReference]) = ([], [])
        for example in examples where captions.count < size {
            guard let image = try images.image(example) else { continue }
            pixels += image.values
            captions.append(images.corpus.reference(example: example, caption: 0))
        }
        guard !captions.isEmpty else { throw images.nothingUsable }
        let length = pixels.count / captions.count
        while captions.count < size {
            captions.append(captions[0])
            pixels += pixels[..<length]
        }
        return Batch(
            firstImage: 0, images: pixels, captions: captions, mismatches: Array(captions[1...] + captions[..<1]))
    }

    /// Pairs of an image and one of its captions.
    struct Pairs {
        fileprivate(set) var images: [Image] = []
        /// The number of each one's caption.
        fileprivate(set) var captions: [Int] = []
        /// The class of each; in a corpus without classes every image is a class of its own.
        fileprivate(set) var classes: [Int] = []
        /// A number for each caption that equal captions share.
        fileprivate(set) var texts: [Int] = []
    }

    /// The images that can be decoded, each with its first caption.
    func pairs() throws -> Pairs {
        var pairs = Pairs()
        var texts: [String] = []
        for example in examples {
            guard let image = try images.image(example) else { continue }
            let caption = images.corpus.reference(example: example, caption: 0)
            pairs.images.append(image)
            pairs.captions.append(caption.number)
            pairs.classes.append(images.corpus.group(of: example))
            texts.append(images.corpus.text(of: caption))
        }
        pairs.texts = textNumbers(texts)
        return pairs
    }
}

extension ValidationSplit.Pairs {
    /// Recall of the pairs by two encoders. Others of the same class or caption are no negatives, as in training.
    /// - Parameter sentences: the vectors of `captions` by the pair's text encoder, one after another.
    func recall(_ pair: EncoderPair, sentences: [Float], device: any Device) throws -> RetrievalRecall {
        let extractor = try FeatureExtractor(judge: pair, device: device)
        return try retrieval(
            images: extractor.features(of: images),
            captions: FeatureMatrix(rows: images.count, columns: pair.text.width, values: sentences), classes: classes,
            texts: texts)
    }
}

/// Training batches of a corpus without its validation split.
struct CorpusBatches: BatchSource {
    private let feeder: BatchFeeder
    private let images: ImageStore
    private let ranks: any Communicator

    /// - Parameters:
    ///   - size: images per batch.
    ///   - firstImage: the number of the first image of the first batch.
    ///   - imagesPerClass: how many images of one class follow each other.
    ///   - ranks: those that share each batch.
    init(
        _ images: ImageStore, _ recipe: Recipe, excluding split: ValidationSplit, size: Int, firstImage: Int,
        imagesPerClass: Int = 1, ranks: any Communicator
    ) throws {
        self.images = images
        self.ranks = ranks
        let sampler = try PairSampler(
            corpus: images.corpus, seed: recipe.seed, flips: recipe.data.mirror, excluding: Set(split.examples),
            attributeMismatches: recipe.data.attributeMismatch, imagesPerClass: imagesPerClass)
        feeder = BatchFeeder(
            images: images, sampler: sampler, batchSize: size, firstImage: firstImage, shard: ranks.shard)
    }

    func next() throws -> Batch { try feeder.next().joined(over: ranks) }
    func takeNotices() -> [String] { images.takeNotices() }
    func stop() { feeder.stop() }
}
