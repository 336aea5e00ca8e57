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
}

/// Chooses what is learned from, in which order.
///
/// Item *k*, counted in images seen since the start of training, is a pure function of the corpus, the seed and *k*.
/// To resume takes the number of images seen and nothing else, and any division of the work draws the same.
/// Each epoch passes every picture once in an order of its own.
///
/// The mismatching caption belongs to a picture of another class, where the corpus knows two classes or more, and in
/// any case to a picture that has no caption in common with this one, letter case aside.
public struct PairSampler: Sendable {
    /// What is sampled from.
    public let corpus: Corpus
    private let seed: UInt64
    private let flips: Bool
    private let comparesClasses: Bool
    /// The examples that are passed and drawn from.
    private let members: [Int]
    /// For each example the numbers of its captions' texts: equal texts, equal numbers.
    private let texts: [[Int]]

    /// - Parameters:
    ///   - corpus: what to sample from.
    ///   - seed: of the order and of every choice.
    ///   - flips: whether half the pictures are mirrored; captions that say left and right forbid it.
    ///   - excluded: examples that are never drawn.
    /// - Throws: `CorpusError.noMismatch` where some picture has no counterpart.
    public init(corpus: Corpus, seed: UInt64, flips: Bool, excluding excluded: Set<Int> = []) throws {
        self.corpus = corpus
        members = corpus.examples.indices.filter { !excluded.contains($0) }
        self.seed = seed
        self.flips = flips
        comparesClasses = Set(corpus.examples.indices.compactMap(corpus.label)).count > 1
        var numbers: [String: Int] = [:]
        texts = corpus.examples.indices.map { example in
            corpus.captionNumbers(of: example).map { caption in
                let text = corpus.captions[caption].lowercased()
                let number = numbers[text] ?? numbers.count
                numbers[text] = number
                return number
            }
        }
        for index in members {
            var stream = RandomStream(seed: seed, purpose: "mismatch check", index: UInt64(index))
            guard mismatch(of: index, &stream) != nil else {
                throw CorpusError.noMismatch(path: corpus.picturePath(of: corpus.examples[index]))
            }
        }
    }

    /// Items `positions` of training, in order. Costs a shuffle of the corpus for each epoch touched.
    public func pairs(_ positions: Range<Int>) -> [SampledPair] {
        precondition(positions.lowerBound >= 0, "images are counted from 0")
        var epoch = -1
        var order: [Int] = []
        return positions.map { position in
            let (itsEpoch, place) = position.quotientAndRemainder(dividingBy: members.count)
            if itsEpoch != epoch {
                epoch = itsEpoch
                order = self.order(ofEpoch: epoch)
            }
            return pair(of: order[place], at: position)
        }
    }

    /// The examples in the order of an epoch (the shuffle of Fisher and Yates).
    private func order(ofEpoch epoch: Int) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: "epoch order", index: UInt64(epoch))
        var order = members
        for last in stride(from: order.count - 1, to: 0, by: -1) {
            order.swapAt(last, stream.index(below: last + 1))
        }
        return order
    }

    private func pair(of example: Int, at position: Int) -> SampledPair {
        var stream = RandomStream(seed: seed, purpose: "pair", index: UInt64(position))
        let caption = stream.index(below: texts[example].count)
        let flipped = stream.index(below: 2) == 1 && flips
        guard let other = mismatch(of: example, &stream) else {
            preconditionFailure("init has found a mismatch for every example")
        }
        return SampledPair(
            caption: corpus.reference(example: example, caption: caption),
            mismatch: corpus.reference(example: other, caption: stream.index(below: texts[other].count)),
            flipped: flipped)
    }

    /// An example whose captions do not describe the picture of `example`.
    private func mismatch(of example: Int, _ stream: inout RandomStream) -> Int? {
        // All but a vanishing share is decided by chance alone; the search makes sure of an answer.
        for _ in 0..<64 {
            let other = members[stream.index(below: members.count)]
            if isMismatch(other, for: example) { return other }
        }
        let start = stream.index(below: members.count)
        return (start..<start + members.count).lazy.map { members[$0 % members.count] }
            .first { isMismatch($0, for: example) }
    }

    private func isMismatch(_ other: Int, for example: Int) -> Bool {
        if comparesClasses, let label = corpus.label(of: example), label == corpus.label(of: other) {
            return false
        }
        return !texts[example].contains { texts[other].contains($0) }
    }
}
