/// Pictures or captions that another one repeats, within a split and from one split into another.
///
/// What training has seen must not be what a model is judged by: repetitions across splits are leaks.
public struct Twins: Sendable, Encodable {
    /// Some that repeat each other.
    public struct Group: Sendable, Encodable {
        /// A picture and the split it is in.
        public struct Member: Sendable, Encodable {
            /// The picture's path in the corpus.
            public let picture: String
            /// Its split, where it is in one.
            public let split: String?
        }

        /// The first of them, at most ``Twins/named``.
        public let members: [Member]
        /// How many there are in each split.
        public let splits: [Tally]
        /// The caption that they share, where captions were compared.
        public let caption: String?
        /// The number of bits in which their codes differ, where pictures only look alike.
        public let bits: Int?

        /// How many there are.
        public var count: Int { splits.reduce(0) { $0 + $1.count } }
    }

    /// How many have a twin in their own split.
    public private(set) var within = 0
    /// How many have one in another split.
    public private(set) var across = 0
    /// The worst thousand: those across splits first, then the largest or the most alike.
    public private(set) var worst: [Group] = []

    /// Members that are named of each group.
    static let named = 20
    /// Groups that are named.
    static let listed = 1000

    /// - Parameters:
    ///   - groups: examples that repeat each other, and what they share; an example may occur several times, for several
    ///     captions.
    ///   - corpus: which names the pictures and their splits.
    init(groups: [(examples: [Int], caption: Int?)], in corpus: Corpus) {
        var ranked: [(group: Int, isAcross: Bool, count: Int)] = []
        for (index, group) in groups.enumerated() {
            let counts = Twins.counts(group.examples, corpus)
            ranked.append((index, counts.count > 1, group.examples.count))
            for (_, count) in counts {
                if count > 1 { within += count }
                if counts.count > 1 { across += count }
            }
        }
        ranked.sort {
            ($0.isAcross ? 0 : 1, -$0.count, $0.group) < ($1.isAcross ? 0 : 1, -$1.count, $1.group)
        }
        worst = ranked.prefix(Twins.listed).map { rank in
            let (examples, caption) = groups[rank.group]
            return Twins.group(examples, caption: caption.map { corpus.captions[$0] }, bits: nil, corpus)
        }
    }

    /// - Parameters:
    ///   - examples: pictures with their fingerprints, and the number of the group of equal ones that each is of; of a
    ///     group only one a split.
    ///   - corpus: which names the pictures and their splits.
    init(near examples: [(example: Int, fingerprint: Fingerprint, group: Int?)], in corpus: Corpus) {
        var found = NearPictures(count: corpus.examples.count)
        var sameCode: [UInt64: [Int]] = [:]
        for (place, entry) in examples.enumerated() { sameCode[entry.fingerprint.code, default: []].append(place) }
        let codes = sameCode.keys.sorted()
        let members = codes.map { sameCode[$0] ?? [] }
        func compare(_ first: Int, _ second: Int, bits: Int) {
            let (a, b) = (examples[first], examples[second])
            // Equal ones are told of as such.
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
        worst = found.worst(Twins.listed).map { pair in
            Twins.group([pair.first, pair.second], caption: nil, bits: pair.bits, corpus)
        }
    }

    private static func counts(_ examples: [Int], _ corpus: Corpus) -> [(split: Int?, count: Int)] {
        Dictionary(examples.map { (corpus.splitNumber(of: $0), 1) }, uniquingKeysWith: +)
            .map { (split: $0.key, count: $0.value) }.sorted { ($0.split ?? -1) < ($1.split ?? -1) }
    }

    private static func group(_ examples: [Int], caption: String?, bits: Int?, _ corpus: Corpus) -> Group {
        func name(_ split: Int?) -> String? { split.map { corpus.splits[$0] } }
        // Of each split some, so that a leak is seen as one.
        let counts = counts(examples, corpus)
        let share = max(1, named / counts.count)
        let shown = counts.flatMap { part in
            examples.lazy.filter { corpus.splitNumber(of: $0) == part.split }.prefix(share)
        }
        return Group(
            members: shown.map {
                Group.Member(picture: corpus.pictureName($0), split: name(corpus.splitNumber(of: $0)))
            },
            splits: counts.map { Tally(name: name($0.split) ?? "", count: $0.count) }, caption: caption, bits: bits)
    }
}

/// Pairs of near pictures: how many pictures they touch, and the nearest of them.
private struct NearPictures {
    struct Pair {
        let first: Int
        let second: Int
        let bits: Int
        let levels: Int
        let isAcross: Bool

        var order: (Int, Int, Int, Int, Int) { (isAcross ? 0 : 1, bits, levels, first, second) }
    }

    /// For each example of the corpus, whether it has a near one.
    private(set) var within: [Bool]
    private(set) var across: [Bool]
    private var pairs: [Pair] = []
    /// As many are known that come before it as are asked for.
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
        // There may be as many as pictures squared; only the first are asked for.
        if let last, pair.order >= last.order { return }
        pairs.append(pair)
        if pairs.count >= 16 * Twins.listed {
            pairs = worst(Twins.listed)
            last = pairs.last
        }
    }

    func worst(_ count: Int) -> [Pair] { Array(pairs.sorted { $0.order < $1.order }.prefix(count)) }
}
