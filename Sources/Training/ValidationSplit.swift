import Checkpoints
import Corpora
import Evaluation
import Execution
import Files
import FoundationEssentials
import Images
import RandomStreams
import Synthesis

/// Images that an encoder is not trained on, each with one of its captions.
struct ValidationSplit {
    /// Their places in the corpus, ascending.
    let examples: [Int]
    private let imageStore: ImageStore

    /// Fewer tell nothing.
    static let least = 10

    /// Draws `share` of the images, the same for the same seed; none where that would be fewer than `least`.
    init(_ imageStore: ImageStore, share: Float, seed: UInt64) {
        self.imageStore = imageStore
        var places = Array(imageStore.corpus.examples.indices)
        let count = Int(Float(places.count) * share)
        guard count >= ValidationSplit.least else {
            examples = []
            return
        }
        var stream = RandomStream(seed: seed, purpose: "held out")
        for place in 0..<count { places.swapAt(place, place + stream.index(below: places.count - place)) }
        examples = places[..<count].sorted()
    }

    /// A batch of them, each with its first caption and as mismatch that of another; fewer are repeated.
    func batch(_ size: Int) throws -> Batch {
        var (pixels, captions): ([Float], [CaptionReference]) = ([], [])
        for example in examples where captions.count < size {
            guard let image = try imageStore.image(example) else { continue }
            for sample in image.pixels { pixels.append(Float(sample) / 127.5 - 1) }
            captions.append(imageStore.corpus.reference(example: example, caption: 0))
        }
        guard !captions.isEmpty else { throw imageStore.nothingUsable }
        let length = pixels.count / captions.count
        while captions.count < size {
            captions.append(captions[0])
            pixels += pixels[..<length]
        }
        return Batch(
            firstImage: 0, images: pixels, captions: captions, mismatches: Array(captions[1...] + captions[..<1]))
    }

    /// Those whose images can be decoded.
    struct Shown {
        fileprivate(set) var images: [Image] = []
        /// The number of each one's caption.
        fileprivate(set) var captions: [Int] = []
        /// Without classes every image is a class of its own.
        fileprivate(set) var classes: [Int] = []
    }

    func shown() throws -> Shown {
        var shown = Shown()
        for example in examples {
            guard let image = try imageStore.image(example) else { continue }
            shown.images.append(image)
            shown.captions.append(imageStore.corpus.captionNumbers(of: example).lowerBound)
            shown.classes.append(imageStore.corpus.label(of: example) ?? -1 - example)
        }
        return shown
    }
}

extension ValidationSplit.Shown {
    /// How many of them find each other by a pair of encoders. Where classes are known, others of the same class are no
    /// negatives, as in the training.
    /// - Parameter sentences: the vectors of `captions` by the pair, one after another.
    func recall(_ pair: EncoderPair, sentences: [Float], device: CPUDevice) throws -> RetrievalRecall {
        let eye = try FeatureExtractor(judge: pair, device: device)
        return try retrieval(
            images: eye.features(of: images),
            captions: FeatureMatrix(rows: images.count, columns: pair.text.width, values: sentences), classes: classes)
    }
}

/// What held-out pairs found at one point of a training.
struct RetrievalTrial: Codable {
    /// Images seen by then.
    let imagesSeen: Int
    /// Shares found at ranks 1, 5 and 10, both ways.
    let recall: RetrievalRecall

    private enum CodingKeys: String, CodingKey {
        case imagesSeen = "images"
        case recall
    }

    /// The mean over ranks and directions, which trials are compared by.
    var score: Double {
        recall.ranks.reduce(0) { $0 + $1.imageToText + $1.textToImage } / Double(2 * recall.ranks.count)
    }

    /// One line for people.
    var summary: String {
        func shares(_ direction: KeyPath<RetrievalRecall.AtRank, Double>) -> String {
            recall.ranks.map { "R@\($0.rank) \(RunLogger.number(100 * $0[keyPath: direction], digits: 1)) %" }
                .joined(separator: ", ")
        }
        return
            "of \(recall.count) held-out pairs after \(imagesSeen) images: captions by image \(shares(\.imageToText)); "
            + "images by caption \(shares(\.textToImage))"
    }
}

/// The trials of a run, `retrieval.jsonl` in its folder.
struct RetrievalProgress {
    private let file: String
    private var trials: [RetrievalTrial] = []

    /// Reads the trials up to `imagesSeen`; later ones and a line cut short are removed, since the training is about to
    /// make them again.
    init(_ run: RunDirectory, imagesSeen: Int) throws {
        file = "\(run.path)/retrieval.jsonl"
        guard FileManager.default.fileExists(atPath: file) else { return }
        let decoder = JSONDecoder()
        let lines = try Data(contentsOf: URL(filePath: file)).split(separator: UInt8(ascii: "\n"))
        let read = lines.compactMap { try? decoder.decode(RetrievalTrial.self, from: Data($0)) }
        trials = read.filter { $0.imagesSeen <= imagesSeen }
        if trials.count < lines.count { try write() }
    }

    /// The trial that found most, the first of equals.
    var best: RetrievalTrial? { trials.max { ($0.score, -$0.imagesSeen) < ($1.score, -$1.imagesSeen) } }

    /// Whether `trial` finds more than any before.
    func isBest(_ trial: RetrievalTrial) -> Bool { best.map { trial.score > $0.score } ?? true }

    /// Trials since the best one.
    var trialsSinceBest: Int {
        guard let best else { return 0 }
        return trials.count { $0.imagesSeen > best.imagesSeen }
    }

    /// What a line of progress adds: the newest recall.
    var detail: String {
        guard let first = trials.last?.recall.ranks.first else { return "" }
        return " · held-out R@1 \(RunLogger.number(50 * (first.imageToText + first.textToImage), digits: 1)) %"
    }

    mutating func add(_ trial: RetrievalTrial) throws {
        trials.append(trial)
        try write()
    }

    /// Whole each time: it is a few lines long.
    private func write() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let lines = try trials.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
        try AtomicFile.write(lines.joined(), to: file)
    }
}
