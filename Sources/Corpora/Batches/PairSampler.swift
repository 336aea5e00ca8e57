import RandomStreams

/// One item of a batch: an image, a matching caption, and a mismatched caption taken from another image.
public struct SampledPair: Sendable, Equatable {
    /// The image's example and the caption that matches it.
    public let caption: CaptionReference
    /// A caption that does not describe the image, if the sampler needs one, else `caption` again (Reed et al., "Generative
    /// adversarial text to image synthesis", 2016, algorithm 1: the wrong text).
    public let mismatch: CaptionReference
    /// Whether the image is mirrored left to right.
    public let flipped: Bool
    /// Position of the crop, each coordinate a fraction in 0 ..< 1 of the free space, from the top left.
    public let window: SIMD2<Float>
}

/// Determines which images and captions training sees, and in which order.
///
/// Item *k*, counted in images seen since the start of training, is a pure function of the corpus, the seed and *k*.
/// Resuming therefore needs only the number of images seen, and any number of workers draws the same items.
/// Each epoch visits every image once, in a new order, in which images of one class may follow each other.
///
/// The mismatched caption comes from an image that shares no caption with this one, ignoring letter case, and, if the
/// corpus has at least two classes, from another class.
///
/// Samplers of paired corpora (`Corpus.paired`) with the same seed, `flips` and `excluded` draw the two images of a pair at
/// the same position, with the same window and mirroring. `excluded` must hold the pairs of which either image cannot be
/// decoded, since each side chooses a substitute of its own.
///
/// Uses 8 bytes per caption and 4 to 12 per image.
public struct PairSampler: Sendable {
    /// The corpus that is sampled.
    public let corpus: Corpus
    private let seed: UInt64
    private let flips: Bool
    private let needsMismatches: Bool
    private let comparesClasses: Bool
    /// Probability of a mismatched caption of the same class.
    private let attributeMismatches: Float
    /// The members of each class, if such captions are drawn.
    private let members: [[UInt32]]
    private let texts: CaptionDigests
    private let epochs: EpochOrders

    /// - Parameters:
    ///   - corpus: the corpus to sample.
    ///   - seed: seed of the order and of every choice.
    ///   - flips: whether to mirror half of the images; wrong for captions that mention left and right.
    ///   - excluded: examples that are never drawn.
    ///   - needsMismatches: whether mismatched captions are used. If not, an image's own caption takes the place of one, so
    ///     that all captions may be equal or empty.
    ///   - attributeMismatches: the probability that a mismatched caption is one that the corpus's caption template built for
    ///     another image of the same class, so that only the attributes are wrong; 0 without a template.
    ///   - imagesPerClass: how many images of one class follow each other, as far as the class has them; 1 is an order without
    ///     regard to classes.
    /// - Throws: `CorpusError.noMismatch` if some image has no mismatched caption and needs one, `.empty` if there is no image.
    public init(
        corpus: Corpus, seed: UInt64, flips: Bool, excluding excluded: Set<Int> = [], needsMismatches: Bool = true,
        attributeMismatches: Float = 0, imagesPerClass: Int = 1
    ) throws {
        self.corpus = corpus
        self.seed = seed
        self.flips = flips
        self.needsMismatches = needsMismatches
        let examples = corpus.examples.indices
        epochs = EpochOrders(
            members: examples.lazy.filter { !excluded.contains($0) }.map { UInt32($0) }, seed: seed,
            classes: imagesPerClass > 1 ? ({ corpus.group(of: Int($0)) }, imagesPerClass) : nil)
        let known = examples.lazy.compactMap { corpus.label(of: $0) }
        comparesClasses = known.first.map { first in known.contains { $0 != first } } ?? false
        texts = CaptionDigests(corpus.captions)
        self.attributeMismatches = needsMismatches && corpus.options.template != nil ? attributeMismatches : 0
        var members: [[UInt32]] = []
        if self.attributeMismatches > 0 {
            members = [[UInt32]](repeating: [], count: corpus.classes.count)
            for example in epochs.members {
                if let label = corpus.label(of: Int(example)) { members[label].append(example) }
            }
        }
        self.members = members
        guard !epochs.members.isEmpty else { throw CorpusError.empty(file: corpus.folder) }
        if needsMismatches { try requireMismatches() }
    }

    /// Checks that every example has a mismatched one.
    private func requireMismatches() throws {
        // If nearly all images have the same captions, each search takes linear time. A mismatch of one example is then
        // one of most others, so the last few are tried first.
        var found: [Int] = []
        for index in epochs.members.lazy.map(Int.init) {
            if found.contains(where: { isMismatch($0, for: index) }) { continue }
            var stream = RandomStream(seed: seed, purpose: "mismatch check", index: UInt64(index))
            guard let other = mismatch(of: index, &stream) else {
                throw CorpusError.noMismatch(path: corpus.imagePath(of: corpus.examples[index]))
            }
            if found.count == 4 { found.removeFirst() }
            found.append(other)
        }
    }

    /// Number of images in an epoch.
    var epochLength: Int { epochs.members.count }

    /// Items `positions` of training, in order.
    public func pairs(_ positions: Range<Int>) -> [SampledPair] {
        examples(positions).enumerated().map { offset, example in
            let position = positions.lowerBound + offset
            var stream = RandomStream(seed: seed, purpose: "pair", index: UInt64(position))
            return pair(of: example, at: position, &stream)
        }
    }

    /// The images of items `positions`.
    func examples(_ positions: Range<Int>) -> [Int] {
        precondition(positions.lowerBound >= 0, "images are counted from 0")
        var epoch = -1
        var order: [UInt32] = []
        return positions.map { position in
            let (itsEpoch, index) = position.quotientAndRemainder(dividingBy: epochLength)
            if itsEpoch != epoch {
                epoch = itsEpoch
                order = epochs.order(ofEpoch: epoch)
            }
            return Int(order[index])
        }
    }

    /// The substitute for item `position` if its image cannot be decoded: a pure function of the seed, the position and
    /// the set of usable images. Nil if no image is usable.
    func substitute(at position: Int, isUsable: (Int) throws -> Bool) rethrows -> SampledPair? {
        var stream = RandomStream(seed: seed, purpose: "substitute", index: UInt64(position))
        guard let example = try draw(&stream, where: isUsable) else { return nil }
        return pair(of: example, at: position, &stream)
    }

    private func pair(of example: Int, at position: Int, _ stream: inout RandomStream) -> SampledPair {
        let caption = corpus.reference(
            example: example, caption: stream.index(below: corpus.captionNumbers(of: example).count))
        let flipped = stream.index(below: 2) == 1 && flips
        let mismatch = needsMismatches ? mismatch(of: example, at: position, &stream) : caption
        var windows = RandomStream(seed: seed, purpose: "window", index: UInt64(position))
        return SampledPair(
            caption: caption, mismatch: mismatch, flipped: flipped, window: [windows.uniform(), windows.uniform()])
    }

    private func mismatch(of example: Int, at position: Int, _ stream: inout RandomStream) -> CaptionReference {
        guard let other = mismatch(of: example, &stream) else {
            preconditionFailure("init checked that every example has a mismatch")
        }
        let wrong = stream.index(below: corpus.captionNumbers(of: other).count)
        return attributeMismatch(of: example, at: position) ?? corpus.reference(example: other, caption: wrong)
    }

    /// A caption of another image of the same class with other attributes; nil with the probability that no such caption is
    /// drawn, and if there is none.
    private func attributeMismatch(of example: Int, at position: Int) -> CaptionReference? {
        guard attributeMismatches > 0, let label = corpus.label(of: example) else { return nil }
        var stream = RandomStream(seed: seed, purpose: "attribute mismatch", index: UInt64(position))
        guard stream.uniform() < attributeMismatches, members[label].count > 1 else { return nil }
        for _ in 0..<8 {
            let other = Int(members[label][stream.index(below: members[label].count)])
            let captions = corpus.templateCaptions(of: other)
            let caption = corpus.reference(
                example: other, caption: captions.lowerBound + stream.index(below: captions.count))
            // Another image may have the same attributes.
            if !corpus.captionNumbers(of: example).contains(where: { texts[$0] == texts[caption.number] }) {
                return caption
            }
        }
        return nil
    }

    /// An example whose captions do not describe the image of `example`.
    private func mismatch(of example: Int, _ stream: inout RandomStream) -> Int? {
        draw(&stream) { isMismatch($0, for: example) }
    }

    /// A random example that `isFit` accepts; nil if it accepts none.
    private func draw(_ stream: inout RandomStream, where isFit: (Int) throws -> Bool) rethrows -> Int? {
        let members = epochs.members
        // Rejection sampling nearly always succeeds; the search guarantees an answer.
        for _ in 0..<64 {
            let other = Int(members[stream.index(below: members.count)])
            if try isFit(other) { return other }
        }
        let start = stream.index(below: members.count)
        for index in start..<start + members.count {
            let other = Int(members[index % members.count])
            if try isFit(other) { return other }
        }
        return nil
    }

    private func isMismatch(_ other: Int, for example: Int) -> Bool {
        if comparesClasses, let label = corpus.label(of: example), label == corpus.label(of: other) { return false }
        let others = corpus.captionNumbers(of: other)
        return !corpus.captionNumbers(of: example).contains { own in others.contains { texts[$0] == texts[own] } }
    }
}
