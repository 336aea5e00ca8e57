import FoundationEssentials
import RandomStreams

/// An assignment of a corpus's images to new splits. Images of equal bytes stay in one split.
public struct CorpusSplit: Sendable {
    /// What else stays in one split.
    public enum Rule: String, Sendable, CaseIterable {
        /// Nothing. Splits are stratified by class: each gets its fraction of every class.
        case random
        /// Classes: no class occurs in two splits.
        case `class`
    }

    /// One of the splits to make, and its fraction of the images.
    public struct Part: Sendable, Equatable {
        /// The split's name.
        public let name: String
        /// Above 0 and below 1.
        public let fraction: Double

        /// A split of this name and fraction.
        public init(name: String, fraction: Double) {
            self.name = name
            self.fraction = fraction
        }
    }

    /// What a split contains.
    public struct Count: Sendable, Equatable, Encodable {
        /// The split's name.
        public let split: String
        /// Number of images.
        public let images: Int
        /// Number of captions.
        public let captions: Int
        /// Number of different classes.
        public let classes: Int
    }

    /// What each split contains, in the order of the parts.
    public let counts: [Count]
    /// Number of images whose bytes equal those of another.
    public let duplicateImages: Int
    /// Index of each example's split.
    let assignment: [Int]
    private let corpus: Corpus
    private let parts: [Part]

    /// Splits a corpus; equal seeds give equal splits.
    /// - Parameters:
    ///   - corpus: the whole corpus; its own splits are ignored.
    ///   - parts: two or more with different names; the fractions add up to 1.
    ///   - rule: what stays in one split.
    ///   - seed: seed of the assignment.
    ///   - progress: called from time to time, one call at a time, with the numbers of images read and in total.
    /// - Throws: `CorpusError.unsplittable`.
    public init(
        _ corpus: Corpus, into parts: [Part], by rule: Rule, seed: UInt64,
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws {
        let total = corpus.examples.count
        let digests = corpus.survey(progress: progress.map { report in { @Sendable in report($0, total) } }) {
            bytes, _ in
            EncodedDigest(bytes)
        }.facts
        let equal = corpus.duplicateImages(digests)
        duplicateImages = equal.reduce(0) { $0 + $1.count }

        var units = DisjointSets(count: total)
        for group in equal { for example in group.dropFirst() { units.join(group[0], example) } }
        if rule == .class {
            let unlabelled = (0..<total).count { corpus.label(of: $0) == nil }
            guard unlabelled == 0 else {
                throw CorpusError.unsplittable(
                    folder: corpus.folder,
                    reason: unlabelled == total
                        ? "its images have no classes; use --by random"
                        : "\(unlabelled) images have no class; give them one, or use --by random")
            }
            var firsts: [Int: Int] = [:]
            for example in 0..<total {
                guard let label = corpus.label(of: example) else { continue }
                units.join(firsts[label] ?? example, example)
                firsts[label] = firsts[label] ?? example
            }
        }
        assignment = CorpusSplit.assign(units.groups(), corpus, parts, seed: seed)
        counts = parts.indices.map { [assignment] part in
            let members = (0..<total).filter { assignment[$0] == part }
            return Count(
                split: parts[part].name, images: members.count,
                captions: members.reduce(0) { $0 + corpus.captionCount(of: $1) },
                classes: Set(members.compactMap { corpus.label(of: $0) }).count)
        }
        if let empty = counts.first(where: { $0.images == 0 }) {
            throw CorpusError.unsplittable(
                folder: corpus.folder,
                reason: "split \"\(empty.split)\" would get no image; there are fewer "
                    + (rule == .class ? "classes without a common image" : "different images") + " than splits")
        }
        self.corpus = corpus
        self.parts = parts
    }

    /// Assigns each unit to the split that is furthest below its fraction, class by class, so that each split gets its
    /// fraction of every class and of the whole.
    /// - Parameter units: examples that stay together.
    /// - Returns: index of each example's part.
    private static func assign(_ units: [[Int]], _ corpus: Corpus, _ parts: [Part], seed: UInt64) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: "split")
        let byClass = Dictionary(grouping: units) { corpus.label(of: $0[0]) ?? -1 }
            .sorted { $0.key < $1.key }.map { $0.value.sorted { $0[0] < $1[0] } }
        var assignment = [Int](repeating: 0, count: corpus.examples.count)
        var assigned = [Double](repeating: 0, count: parts.count)
        var sum = 0.0
        var remaining = units.count
        for units in stream.shuffled(byClass) {
            for unit in stream.shuffled(units) {
                sum += Double(unit.count)
                let deficits = parts.indices.map { parts[$0].fraction * sum - assigned[$0] }
                // The last units go to empty splits, so that a small fraction of a small corpus is not empty.
                let empty = parts.indices.filter { assigned[$0] == 0 }
                let candidates = remaining <= empty.count ? empty : Array(parts.indices)
                let part = candidates.max { (deficits[$0], -$0) < (deficits[$1], -$1) } ?? 0
                remaining -= 1
                assigned[part] += Double(unit.count)
                for example in unit { assignment[example] = part }
            }
        }
        return assignment
    }

    /// The files whose captions `metadata()` copies, or their layout if it has no such files; nil if captions stay where they are.
    public var copiedFrom: String? {
        switch corpus.format {
        case .sidecars, .images: return nil
        default:
            if hasOwnMetadata { return nil }
            let sources = corpus.index.sources
            guard !sources.isEmpty else { return "\(corpus.format)" }
            return sources.prefix(3).joined(separator: ", ")
                + (sources.count > 3 ? " and \(sources.count - 3) more" : "")
        }
    }

    /// The corpus's own `metadata.jsonl`, if there is one: other files with captions are not read then.
    private var ownMetadata: String { "\(corpus.folder)/\(MetadataFile.name)" }

    private var hasOwnMetadata: Bool { FileManager.default.fileExists(atPath: ownMetadata) }

    /// The content of a `metadata.jsonl` with the new splits: the corpus's own file with nothing else changed, or a new
    /// one, which takes the place of all other files that list images. Captions in text files of the images' names stay there.
    /// - Throws: `CorpusError`.
    public func metadata() throws -> [UInt8] {
        if corpus.format == .shards {
            throw CorpusError.unsplittable(
                folder: corpus.folder,
                reason:
                    "metadata cannot name images within shards; limn corpus convert --to folder makes files of them")
        }
        if hasOwnMetadata {
            let splits = Dictionary(
                assignment.indices.map { (corpus.imageName($0), parts[assignment[$0]].name) },
                uniquingKeysWith: { first, _ in first })
            return try MetadataEdit.settingSplits(of: ownMetadata, corpus.options) { splits[$0] }
        }
        if let column = corpus.options.imageColumn {
            throw CorpusError.unsplittable(
                folder: corpus.folder,
                reason: "a new metadata.jsonl would hold only the images in \"\(column)\"; make one of its table first")
        }
        let copiesCaptions = copiedFrom != nil
        var text: [UInt8] = []
        for (number, example) in corpus.examples.enumerated() {
            text += try MetadataRow(
                fileName: example.path, text: copiesCaptions ? example.text : nil,
                className: example.label.map { corpus.classes[$0] },
                split: parts[assignment[number]].name
            ).line()
        }
        return text
    }
}

/// Disjoint sets of indices (union-find).
private struct DisjointSets {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    private mutating func root(_ number: Int) -> Int {
        var number = number
        while parents[number] != number {
            parents[number] = parents[parents[number]]
            number = parents[number]
        }
        return number
    }

    mutating func join(_ a: Int, _ b: Int) {
        let (a, b) = (root(a), root(b))
        parents[max(a, b)] = min(a, b)
    }

    /// The sets, ordered by their first members.
    mutating func groups() -> [[Int]] {
        var members: [Int: [Int]] = [:]
        for number in parents.indices { members[root(number), default: []].append(number) }
        return members.values.sorted { $0[0] < $1[0] }
    }
}
