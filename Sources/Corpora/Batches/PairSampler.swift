import RandomStreams

/// One place of a batch: a picture, one of its captions and a caption of another picture.
public struct SampledPair: Sendable, Equatable {
    /// The picture's example and the caption that matches it.
    public let caption: CaptionReference
    /// A caption that does not describe the picture (Reed et al., "Generative adversarial text to image synthesis",
    /// 2016, algorithm 1: the wrong text).
    public let mismatch: CaptionReference
    /// Whether the picture is mirrored left to right.
    public let flipped: Bool
    /// Where the window lies that is cut out of the picture, 0 ..< 1 to the right and downward of the places there are.
    public let window: SIMD2<Float>
}

/// Chooses what is learned from, in which order.
///
/// Item *k*, counted in images seen since the start of training, is a pure function of the corpus, the seed and *k*.
/// To resume takes the number of images seen and nothing else, and any division of the work draws the same.
/// Each epoch passes every picture once in an order of its own.
///
/// The mismatching caption belongs to a picture of another class, where the corpus knows two classes or more, and in
/// any case to a picture that has no caption in common with this one, letter case aside.
///
/// Keeps 8 bytes a caption and 4 to 12 a picture.
public struct PairSampler: Sendable {
    /// What is sampled from.
    public let corpus: Corpus
    private let seed: UInt64
    private let flips: Bool
    private let comparesClasses: Bool
    private let texts: CaptionDigests
    private let epochs: EpochOrders

    /// - Parameters:
    ///   - corpus: what to sample from.
    ///   - seed: of the order and of every choice.
    ///   - flips: whether half the pictures are mirrored; captions that say left and right forbid it.
    ///   - excluded: examples that are never drawn.
    /// - Throws: `CorpusError.noMismatch` where some picture has no counterpart.
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

    /// Makes sure that every member has a counterpart.
    private func requireMismatches() throws {
        // Where nearly all pictures are alike, what was found for one is right for most: a search takes as long as there
        // are pictures.
        var found: [Int] = []
        for index in epochs.members.lazy.map(Int.init) {
            if found.contains(where: { isMismatch($0, for: index) }) { continue }
            var stream = RandomStream(seed: seed, purpose: "mismatch check", index: UInt64(index))
            guard let other = mismatch(of: index, &stream) else {
                throw CorpusError.noMismatch(path: corpus.picturePath(of: corpus.examples[index]))
            }
            if found.count == 4 { found.removeFirst() }
            found.append(other)
        }
    }

    /// Pictures of an epoch.
    var epochLength: Int { epochs.members.count }

    /// Items `positions` of training, in order.
    public func pairs(_ positions: Range<Int>) -> [SampledPair] {
        examples(positions).enumerated().map { place, example in
            let position = positions.lowerBound + place
            var stream = RandomStream(seed: seed, purpose: "pair", index: UInt64(position))
            return pair(of: example, at: position, &stream)
        }
    }

    /// The pictures of items `positions`.
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

    /// What takes the place of item `position` where its picture is bad: a pure function of seed, position and which
    /// pictures are usable. Nil where none is.
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

    /// An example whose captions do not describe the picture of `example`.
    private func mismatch(of example: Int, _ stream: inout RandomStream) -> Int? {
        draw(&stream) { isMismatch($0, for: example) }
    }

    /// A member that is `fit`; nil where none is.
    private func draw(_ stream: inout RandomStream, where isFit: (Int) throws -> Bool) rethrows -> Int? {
        let members = epochs.members
        // All but a vanishing share is decided by chance alone; the search makes sure of an answer.
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
