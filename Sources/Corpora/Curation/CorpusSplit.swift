import FoundationEssentials
import RandomStreams

/// A new division of a corpus into splits. Equal pictures are kept in one part.
public struct CorpusDivision: Sendable {
    /// What is kept together.
    public enum Rule: String, Sendable, CaseIterable {
        /// Nothing but equal pictures; of each class every part gets its share.
        case random
        /// Classes: no class is in two parts.
        case `class`
    }

    /// A part and its share of the pictures.
    public struct Part: Sendable, Equatable {
        /// The split that its pictures are in.
        public let name: String
        /// Above 0 and below 1.
        public let share: Double

        /// A part of this name and share.
        public init(name: String, share: Double) {
            self.name = name
            self.share = share
        }
    }

    /// What came into a part.
    public struct Count: Sendable, Equatable, Encodable {
        /// The part's name.
        public let part: String
        /// Its pictures.
        public let pictures: Int
        /// The captions of these.
        public let captions: Int
        /// Different classes of these.
        public let classes: Int
    }

    /// In the order of the parts.
    public let counts: [Count]
    /// Pictures that are equal to another one.
    public let equalPictures: Int
    /// The number of each example's part.
    let assignment: [Int]
    private let corpus: Corpus
    private let parts: [Part]

    /// Divides a corpus; the same seed divides it alike.
    /// - Parameters:
    ///   - corpus: all of it, whatever splits it has.
    ///   - parts: two or more, of different names and positive shares that add up to 1.
    ///   - rule: what is kept together.
    ///   - seed: of the lot.
    ///   - progress: called now and then, one call at a time, with the number of pictures read and the number of all.
    /// - Throws: `CorpusError.indivisible`.
    public init(
        _ corpus: Corpus, into parts: [Part], by rule: Rule, seed: UInt64,
        progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws {
        let total = corpus.examples.count
        let digests = corpus.survey(progress: progress.map { report in { @Sendable in report($0, total) } }) {
            bytes, _ in
            EncodedDigest(bytes)
        }.facts
        let equal = corpus.equalPictures(digests)
        equalPictures = equal.reduce(0) { $0 + $1.count }

        var units = Units(count: total)
        for group in equal { for example in group.dropFirst() { units.join(group[0], example) } }
        if rule == .class {
            let unlabelled = (0..<total).count { corpus.label(of: $0) == nil }
            guard unlabelled == 0 else {
                throw CorpusError.indivisible(
                    folder: corpus.folder,
                    reason: unlabelled == total
                        ? "its pictures have no classes; divide it by random"
                        : "\(unlabelled) pictures have no class; give them one, or divide by random")
            }
            var firsts: [Int: Int] = [:]
            for example in 0..<total {
                guard let label = corpus.label(of: example) else { continue }
                units.join(firsts[label] ?? example, example)
                firsts[label] = firsts[label] ?? example
            }
        }
        assignment = CorpusDivision.assign(units.groups(), corpus, parts, seed: seed)
        counts = parts.indices.map { [assignment] part in
            let members = (0..<total).filter { assignment[$0] == part }
            return Count(
                part: parts[part].name, pictures: members.count,
                captions: members.reduce(0) { $0 + corpus.captionNumbers(of: $1).count },
                classes: Set(members.compactMap { corpus.label(of: $0) }).count)
        }
        if let empty = counts.first(where: { $0.pictures == 0 }) {
            throw CorpusError.indivisible(
                folder: corpus.folder,
                reason: "part \"\(empty.part)\" would get no picture; there are fewer "
                    + (rule == .class ? "classes that share no picture" : "different pictures") + " than parts")
        }
        self.corpus = corpus
        self.parts = parts
    }

    /// Gives each unit to the part that lacks most of its share, class by class: so every part gets its share of each
    /// class and of the whole.
    private static func assign(_ units: [[Int]], _ corpus: Corpus, _ parts: [Part], seed: UInt64) -> [Int] {
        var lot = RandomStream(seed: seed, purpose: "split")
        var byClass = Dictionary(grouping: units) { corpus.label(of: $0[0]) ?? -1 }
            .sorted { $0.key < $1.key }.map { $0.value.sorted { $0[0] < $1[0] } }
        byClass.shuffle(using: &lot)
        var assignment = [Int](repeating: 0, count: corpus.examples.count)
        var given = [Double](repeating: 0, count: parts.count)
        var sum = 0.0
        var left = units.count
        for var units in byClass {
            units.shuffle(using: &lot)
            for unit in units {
                sum += Double(unit.count)
                let lacks = parts.indices.map { parts[$0].share * sum - given[$0] }
                // The last units are for parts that have none yet, so that a small share of little is something.
                let empty = parts.indices.filter { given[$0] == 0 }
                let candidates = left <= empty.count ? empty : Array(parts.indices)
                let part = candidates.max { (lacks[$0], -$0) < (lacks[$1], -$1) } ?? 0
                left -= 1
                given[part] += Double(unit.count)
                for example in unit { assignment[example] = part }
            }
        }
        return assignment
    }

    /// The corpus's `metadata.jsonl` with the new splits: that of its folder, otherwise as it is, or a new one.
    /// - Throws: `CorpusError`.
    public func metadata() throws -> [UInt8] {
        if corpus.format == .shards {
            throw CorpusError.indivisible(
                folder: corpus.folder,
                reason:
                    "metadata cannot name pictures within shards; limn corpus convert --to folder makes files of them")
        }
        let path = "\(corpus.folder)/\(MetadataFile.name)"
        if FileManager.default.fileExists(atPath: path) {
            let splits = Dictionary(
                uniqueKeysWithValues: assignment.indices.map { (corpus.pictureName($0), parts[assignment[$0]].name) })
            return try MetadataEdit.settingSplits(of: path) { splits[$0] }
        }
        var text: [UInt8] = []
        for (number, example) in corpus.examples.enumerated() {
            text += try MetadataRow(
                fileName: example.path, text: example.captions, className: example.label.map { corpus.classes[$0] },
                split: parts[assignment[number]].name
            ).line()
        }
        return text
    }
}

/// Numbers that belong together.
private struct Units {
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

    /// In the order of their firsts.
    mutating func groups() -> [[Int]] {
        var members: [Int: [Int]] = [:]
        for number in parents.indices { members[root(number), default: []].append(number) }
        return members.values.sorted { $0[0] < $1[0] }
    }
}
