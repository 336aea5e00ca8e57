import RandomStreams

/// One item of a batch: an image, one of its captions, and a mismatched caption of another image.
public struct SampledPair: Sendable, Equatable {
    /// The image's example and the caption that matches it.
    public let caption: CaptionReference
    /// A caption that does not describe the image (Reed et al., "Generative adversarial text to image synthesis",
    /// 2016, algorithm 1: the wrong text).
    public let mismatch: CaptionReference
    /// Whether the image is mirrored left to right.
    public let flipped: Bool
    /// Position of the crop, 0 ..< 1 of the free space to the right and downward.
    public let window: SIMD2<Float>
}

/// Chooses the images and captions of training, and their order.
///
/// Item *k*, counted in images seen since the start of training, is a pure function of the corpus, the seed and *k*.
/// Resuming needs the number of images seen and nothing else, and any number of workers draws the same.
/// Each epoch visits every image once, in its own order.
///
/// The mismatched caption belongs to an image of another class, where the corpus has two classes or more, and always to an
/// image that has no caption in common with this one, ignoring letter case.
///
/// Takes 8 bytes per caption and 4 to 12 per image.
public struct PairSampler: Sendable {
    /// The corpus that is sampled.
    public let corpus: Corpus
    private let seed: UInt64
    private let flips: Bool
    private let comparesClasses: Bool
    private let texts: CaptionDigests
    private let epochs: EpochOrders

    /// - Parameters:
    ///   - corpus: the corpus to sample.
    ///   - seed: seed of the order and of every choice.
    ///   - flips: whether half the images are mirrored; wrong where captions say left and right.
    ///   - excluded: examples that are never drawn.
    /// - Throws: `CorpusError.noMismatch` where some image has no mismatched caption.
    public init(corpus: Corpus, seed: UInt64, flips: Bool, excluding excluded: Set<Int> = []) throws {
        self.corpus = corpus
        self.seed = seed
        self.flips = flips
        let examples = corpus.examples.indices
        epochs = EpochOrders(
            members: examples.lazy.filter { !excluded.contains($0) }.map { UInt32($0) }, seed: seed)
        let known = examples.lazy.compactMap { corpus.label(of: $0) }
        comparesClasses = known.first.map { first in known.contains { $0 != first } } ?? false
        texts = CaptionDigests(corpus.captions)
        try requireMismatches()
    }

    /// Checks that every member has a mismatch.
    private func requireMismatches() throws {
        // Where nearly all images are alike, a mismatch of one is a mismatch of most; a search would take linear time.
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

    /// Number of images of an epoch.
    var epochLength: Int { epochs.members.count }

    /// Items `positions` of training, in order.
    public func pairs(_ positions: Range<Int>) -> [SampledPair] {
        examples(positions).enumerated().map { place, example in
            let position = positions.lowerBound + place
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
            let (itsEpoch, place) = position.quotientAndRemainder(dividingBy: epochLength)
            if itsEpoch != epoch {
                epoch = itsEpoch
                order = epochs.order(ofEpoch: epoch)
            }
            return Int(order[place])
        }
    }

    /// The substitute for item `position` where its image cannot be decoded: a pure function of seed, position and which
    /// images are usable. Nil where none is.
    func substitute(at position: Int, isUsable: (Int) throws -> Bool) rethrows -> SampledPair? {
        var stream = RandomStream(seed: seed, purpose: "substitute", index: UInt64(position))
        guard let example = try draw(&stream, where: isUsable) else { return nil }
        return pair(of: example, at: position, &stream)
    }

    private func pair(of example: Int, at position: Int, _ stream: inout RandomStream) -> SampledPair {
        let caption = stream.index(below: corpus.captionNumbers(of: example).count)
        let flipped = stream.index(below: 2) == 1 && flips
        guard let other = mismatch(of: example, &stream) else {
            preconditionFailure("init has found a mismatch for every example")
        }
        var windows = RandomStream(seed: seed, purpose: "window", index: UInt64(position))
        return SampledPair(
            caption: corpus.reference(example: example, caption: caption),
            mismatch: corpus.reference(
                example: other, caption: stream.index(below: corpus.captionNumbers(of: other).count)),
            flipped: flipped, window: [windows.uniform(), windows.uniform()])
    }

    /// An example whose captions do not describe the image of `example`.
    private func mismatch(of example: Int, _ stream: inout RandomStream) -> Int? {
        draw(&stream) { isMismatch($0, for: example) }
    }

    /// A random member that `isFit` accepts; nil where it accepts none.
    private func draw(_ stream: inout RandomStream, where isFit: (Int) throws -> Bool) rethrows -> Int? {
        let members = epochs.members
        // Rejection sampling nearly always succeeds; the search guarantees an answer.
        for _ in 0..<64 {
            let other = Int(members[stream.index(below: members.count)])
            if try isFit(other) { return other }
        }
        let start = stream.index(below: members.count)
        for place in start..<start + members.count {
            let other = Int(members[place % members.count])
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
