/// Trains a vocabulary on captions: byte-pair encoding, Sennrich et al. 2016, algorithm 1.
///
/// The most frequent pair of adjacent pieces becomes a new piece, repeatedly. Ties are broken by the lower left id,
/// then the lower right id, so that the order of captions does not matter.
public struct VocabularyTrainer: Sendable {
    /// The vocabulary size, including special and byte tokens.
    public let size: Int

    /// - Parameter size: the vocabulary size, including special and byte tokens, 259...262,144.
    public init(size: Int) {
        self.size = size
    }

    /// Trains a vocabulary of `size` tokens, or fewer if no remaining pair occurs twice.
    /// - Parameters:
    ///   - captions: the texts; they are normalized first.
    ///   - name: name of the vocabulary.
    ///   - provenance: description of the captions.
    /// - Throws: `TokenizerError.sizeOutOfRange`; `noWords` if there are no captions or all are blank.
    public func train(on captions: some Sequence<String>, name: String, provenance: String) throws -> Vocabulary {
        guard (Vocabulary.smallestCount...Vocabulary.largestCount).contains(size) else {
            throw TokenizerError.sizeOutOfRange(size)
        }
        let normalizer = CaptionNormalizer()
        var counts: [[UInt8]: Int] = [:]
        var bytes: [UInt8] = []
        for caption in captions {
            var normal = AlignedText(caption)
            normalizer.normalize(&normal)
            let words = Words(of: normal)
            for word in words {
                bytes.removeAll(keepingCapacity: true)
                for position in word { bytes.appendUTF8(words.text.scalars[position].value) }
                counts[bytes, default: 0] += 1
            }
        }
        if counts.isEmpty { throw TokenizerError.noWords }
        var pairs = PairCounts(counts)
        var merges: [Vocabulary.Merge] = []
        while Vocabulary.smallestCount + merges.count < size, let merge = pairs.mergeMostFrequent() {
            merges.append(merge)
        }
        return try Vocabulary(name: name, provenance: provenance, merges: merges, file: name)
    }
}

/// The distinct words as sequences of pieces, and the number of occurrences of each pair of adjacent pieces.
private struct PairCounts {
    private typealias Merge = Vocabulary.Merge

    /// An entry of the queue: a pair and its count when it was queued, which is never below the current count.
    private struct Candidate: Comparable {
        let count: Int
        let merge: Merge

        static func < (one: Self, other: Self) -> Bool {
            (other.count, one.merge.left, one.merge.right) < (one.count, other.merge.left, other.merge.right)
        }
    }

    private struct Word {
        var pieces: [Int32]
        let count: Int
    }

    private var words: [Word]
    private var counts: [Merge: Int] = [:]
    /// Indices of the words that contain a pair, or did so once.
    private var wordsWithPair: [Merge: [Int]] = [:]
    private var queue = PriorityQueue<Candidate>()
    /// Number of bytes of each token, by id.
    private var lengths: [Int]

    init(_ counts: [[UInt8]: Int]) {
        words = counts.map { Word(pieces: $0.key.map(Vocabulary.token(of:)), count: $0.value) }
        lengths = Vocabulary.specials.map { _ in 0 } + [Int](repeating: 1, count: 256)
        for index in words.indices {
            for pair in Self.pairs(words[index].pieces) {
                self.counts[pair, default: 0] += words[index].count
                note(pair, in: index)
            }
        }
        queue = PriorityQueue(self.counts.map { Candidate(count: $0.value, merge: $0.key) })
    }

    /// Merges the most frequent pair in all words; nil if no remaining pair occurs twice.
    mutating func mergeMostFrequent() -> Vocabulary.Merge? {
        while let candidate = queue.popLeast() {
            let merge = candidate.merge
            let present = counts[merge] ?? 0
            guard present >= 2 else { continue }
            if present < candidate.count {
                queue.push(Candidate(count: present, merge: merge))
                continue
            }
            // No earlier piece has the same bytes: the same merges would have applied to them, and made that piece of
            // them.
            let length = lengths[Int(merge.left)] + lengths[Int(merge.right)]
            guard length <= Vocabulary.longestPiece else { continue }
            let piece = Int32(lengths.count)
            lengths.append(length)
            apply(merge, as: piece)
            return merge
        }
        return nil
    }

    private mutating func apply(_ merge: Merge, as piece: Int32) {
        var newPairs: Set<Merge> = []
        for index in wordsWithPair.removeValue(forKey: merge) ?? [] {
            let merged = Self.merging(words[index].pieces, merge, into: piece)
            guard merged.count < words[index].pieces.count else { continue }
            for pair in Self.pairs(words[index].pieces) { counts[pair, default: 0] -= words[index].count }
            words[index].pieces = merged
            for pair in Self.pairs(merged) {
                counts[pair, default: 0] += words[index].count
                guard pair.left == piece || pair.right == piece else { continue }
                newPairs.insert(pair)
                note(pair, in: index)
            }
        }
        // Only counts of pairs with the new piece can have increased.
        for pair in newPairs { queue.push(Candidate(count: counts[pair] ?? 0, merge: pair)) }
    }

    private mutating func note(_ pair: Merge, in index: Int) {
        if wordsWithPair[pair]?.last != index { wordsWithPair[pair, default: []].append(index) }
    }

    private static func pairs(_ pieces: [Int32]) -> [Merge] {
        zip(pieces, pieces.dropFirst()).map { Merge(left: $0, right: $1) }
    }

    /// Replaces the pair by the new piece, from left to right.
    private static func merging(_ pieces: [Int32], _ merge: Merge, into piece: Int32) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(pieces.count)
        var index = 0
        while index < pieces.count {
            if index + 1 < pieces.count, pieces[index] == merge.left, pieces[index + 1] == merge.right {
                result.append(piece)
                index += 2
            } else {
                result.append(pieces[index])
                index += 1
            }
        }
        return result
    }
}
