/// Images or captions that occur more than once, within a split and across splits.
///
/// Duplicates across splits are leaks: a model would be evaluated on its training data.
public struct Duplicates: Sendable, Encodable {
    /// A group of duplicates.
    public struct Group: Sendable, Encodable {
        /// An image and the split it is in.
        public struct Member: Sendable, Encodable {
            /// The image's path in the corpus.
            public let image: String
            /// Its split, if any.
            public let split: String?
        }

        /// The first members, at most 20, including some of each split.
        public let members: [Member]
        /// Number of members in each split.
        public let splits: [Tally]
        /// The common caption, if captions were compared.
        public let caption: String?
        /// The number of differing bits of near-duplicates.
        public let bits: Int?

        /// Number of members.
        public var count: Int { splits.reduce(0) { $0 + $1.count } }
    }

    /// Number of items with a duplicate in their own split.
    public private(set) var within = 0
    /// Number of items with a duplicate in another split.
    public private(set) var across = 0
    /// The worst 1000 groups: those across splits first, then the largest or most similar ones.
    public private(set) var worst: [Group] = []

    /// Maximum number of members listed per group.
    static let named = 20
    /// Maximum number of groups listed.
    static let listed = 1000

    /// - Parameters:
    ///   - groups: groups of duplicates, and the common caption; an example occurs once for each caption in question.
    ///   - corpus: the corpus of the examples.
    init(groups: [(examples: [Int], caption: Int?)], in corpus: Corpus) {
        var ranked: [(group: Int, isAcross: Bool, count: Int)] = []
        for (index, group) in groups.enumerated() {
            let counts = Duplicates.counts(group.examples, corpus)
            ranked.append((index, counts.count > 1, group.examples.count))
            for (_, count) in counts {
                if count > 1 { within += count }
                if counts.count > 1 { across += count }
            }
        }
        ranked.sort {
            ($0.isAcross ? 0 : 1, -$0.count, $0.group) < ($1.isAcross ? 0 : 1, -$1.count, $1.group)
        }
        worst = ranked.prefix(Duplicates.listed).map { rank in
            let (examples, caption) = groups[rank.group]
            return Duplicates.group(examples, caption: caption.map { corpus.captions[$0] }, bits: nil, corpus)
        }
    }

    /// - Parameters:
    ///   - examples: images with their fingerprints and the group of exact duplicates each belongs to; of such a group,
    ///     one image per split suffices.
    ///   - corpus: the corpus of the examples.
    init(near examples: [(example: Int, fingerprint: Fingerprint, group: Int?)], in corpus: Corpus) {
        var found = NearDuplicates(count: corpus.examples.count)
        var sameCode: [UInt64: [Int]] = [:]
        for (number, entry) in examples.enumerated() { sameCode[entry.fingerprint.code, default: []].append(number) }
        let codes = sameCode.keys.sorted()
        let members = codes.map { sameCode[$0] ?? [] }
        func compare(_ first: Int, _ second: Int, bits: Int) {
            let (a, b) = (examples[first], examples[second])
            // Exact duplicates are reported as such.
            if let group = a.group, group == b.group { return }
            let levels = a.fingerprint.levels(to: b.fingerprint)
            guard levels <= Fingerprint.nearLevels else { return }
            let isAcross = corpus.splitNumber(of: a.example) != corpus.splitNumber(of: b.example)
            found.add(min(a.example, b.example), max(a.example, b.example), bits, levels, isAcross)
        }
        for group in members {
            for (index, first) in group.enumerated() {
                for second in group[(index + 1)...] { compare(first, second, bits: 0) }
            }
        }
        NearCodes(codes, within: Fingerprint.nearBits).forEachPair { a, b, bits in
            for first in members[a] { for second in members[b] { compare(first, second, bits: bits) } }
        }
        (within, across) = (found.within.count { $0 }, found.across.count { $0 })
        worst = found.worst(Duplicates.listed).map { pair in
            Duplicates.group([pair.first, pair.second], caption: nil, bits: pair.bits, corpus)
        }
    }

    private static func counts(_ examples: [Int], _ corpus: Corpus) -> [(split: Int?, count: Int)] {
        Dictionary(examples.map { (corpus.splitNumber(of: $0), 1) }, uniquingKeysWith: +)
            .map { (split: $0.key, count: $0.value) }.sorted { ($0.split ?? -1) < ($1.split ?? -1) }
    }

    private static func group(_ examples: [Int], caption: String?, bits: Int?, _ corpus: Corpus) -> Group {
        func name(_ split: Int?) -> String? { split.map { corpus.splits[$0] } }
        // Some of each split, so that leaks are visible.
        let counts = counts(examples, corpus)
        let share = max(1, named / counts.count)
        let shown = counts.flatMap { part in
            examples.lazy.filter { corpus.splitNumber(of: $0) == part.split }.prefix(share)
        }
        return Group(
            members: shown.map {
                Group.Member(image: corpus.imageName($0), split: name(corpus.splitNumber(of: $0)))
            },
            splits: counts.map { Tally(name: name($0.split) ?? "", count: $0.count) }, caption: caption, bits: bits)
    }
}

/// Collects pairs of near-duplicates: the images involved, and the closest pairs.
private struct NearDuplicates {
    struct Pair {
        let first: Int
        let second: Int
        let bits: Int
        let levels: Int
        let isAcross: Bool

        var order: (Int, Int, Int, Int, Int) { (isAcross ? 0 : 1, bits, levels, first, second) }
    }

    /// For each example of the corpus, whether it has a near-duplicate in its own split, and in another one.
    private(set) var within: [Bool]
    private(set) var across: [Bool]
    private var pairs: [Pair] = []
    /// `listed` pairs are known to come before this one, so later pairs can be dropped.
    private var last: Pair?

    init(count: Int) {
        within = [Bool](repeating: false, count: count)
        across = within
    }

    mutating func add(_ first: Int, _ second: Int, _ bits: Int, _ levels: Int, _ isAcross: Bool) {
        if isAcross {
            across[first] = true
            across[second] = true
        } else {
            within[first] = true
            within[second] = true
        }
        let pair = Pair(first: first, second: second, bits: bits, levels: levels, isAcross: isAcross)
        // There may be quadratically many pairs; only the worst are reported.
        if let last, pair.order >= last.order { return }
        pairs.append(pair)
        if pairs.count >= 16 * Duplicates.listed {
            pairs = worst(Duplicates.listed)
            last = pairs.last
        }
    }

    func worst(_ count: Int) -> [Pair] { Array(pairs.sorted { $0.order < $1.order }.prefix(count)) }
}
