import Images

/// Something counted.
public struct Tally: Sendable, Encodable, Equatable {
    /// What was counted.
    public let name: String
    /// How many there are.
    public let count: Int

    package init(name: String, count: Int) {
        self.name = name
        self.count = count
    }
}

/// How numbers are spread.
public struct Spread: Sendable, Encodable, Equatable {
    /// The least of them.
    public let least: Int
    /// As many are below as above; of two middle ones the lower.
    public let median: Int
    /// The most of them.
    public let most: Int
    /// Their sum by their number.
    public let mean: Double

    /// Of no numbers, all zero.
    init(_ numbers: [Int]) {
        let sorted = numbers.sorted()
        least = sorted.first ?? 0
        median = sorted.isEmpty ? 0 : sorted[(sorted.count - 1) / 2]
        most = sorted.last ?? 0
        mean = sorted.isEmpty ? 0 : Double(sorted.reduce(0, +)) / Double(sorted.count)
    }
}

/// What a corpus is like: its pictures, captions, words and classes, and what repeats itself in it.
public struct CorpusStatistics: Sendable, Encodable {
    /// The layout that was recognised.
    public let format: String
    /// Pictures that can be used; all that follows is about these.
    public let pictures: Int
    /// Rows and pictures left out, of each kind.
    public let leftOut: [Tally]
    /// Bytes of the encoded pictures.
    public let bytes: Int
    /// `PNG`, `JPEG`, `WebP`.
    public let imageFormats: [Tally]
    /// Columns, in pixels.
    public let width: Spread
    /// Rows, in pixels.
    public let height: Spread
    /// The ten commonest sizes, such as `640×480`.
    public let sizes: [Tally]
    /// The number of different sizes.
    public let distinctSizes: Int

    /// Captions of all pictures together.
    public let captions: Int
    /// Captions that a picture has.
    public let captionsPerPicture: Spread
    /// Words that a caption has.
    public let wordsPerCaption: Spread
    /// How many captions have 0, 1, 2, … words.
    public let captionsByWords: [Int]
    /// Different words.
    public let words: Int
    /// Words that occur once only.
    public let wordsUsedOnce: Int
    /// The fifty commonest words.
    public let commonestWords: [Tally]

    /// Pictures of each class, the largest first; those without one are not counted.
    public let classes: [Tally]
    /// Pictures of each split, likewise.
    public let splits: [Tally]

    /// Pictures of equal bytes.
    public let equalPictures: Twins
    /// Pictures that look alike and are not equal.
    public let nearPictures: Twins
    /// Captions of equal words, in whatever order, of different pictures.
    public let equalCaptions: Twins

    /// Codes of near pictures differ in at most so many bits of 64.
    public static var nearBits: Int { Fingerprint.nearBits }
    /// Colours of near pictures differ by at most so many levels of 255 on average.
    public static var nearLevels: Int { Fingerprint.nearLevels }

    /// Reads every pair of a corpus.
    /// - Parameters:
    ///   - folder: path of the corpus.
    ///   - progress: called now and then, one call at a time, with the number of pictures read and the number of all.
    /// - Throws: `CorpusError` where there is no corpus at all, or nothing usable in it.
    public init(folder: String, progress: (@Sendable (Int, Int) -> Void)? = nil) throws {
        let listed = try Corpus(folder: folder, split: nil, badFiles: .skip)
        let total = listed.examples.count
        let (read, problems) = listed.survey(progress: progress.map { report in { @Sendable in report($0, total) } }) {
            try PictureFacts($0, named: $1)
        }
        let corpus = listed.removing(Set(read.indices.filter { read[$0] == nil }))
        let facts = read.compactMap { $0 }
        guard !facts.isEmpty else {
            if let first = problems.first {
                throw CorpusError.unreadablePictures(first: first, count: problems.count, total: total, folder: folder)
            }
            throw CorpusError.empty(file: folder)
        }
        format = "\(corpus.format)"
        pictures = facts.count
        var leftOut = listed.leftOut
        problems.forEach { leftOut.add($0) }
        self.leftOut = CorpusProblem.Kind.allCases.compactMap { kind in
            leftOut.counts[kind].map { Tally(name: kind.rawValue, count: $0) }
        }

        bytes = facts.reduce(0) { $0 + $1.bytes.count }
        imageFormats = CorpusStatistics.tallies(facts.lazy.map(\.format.rawValue))
        width = Spread(facts.map(\.width))
        height = Spread(facts.map(\.height))
        let sizes = CorpusStatistics.tallies(facts.lazy.map { "\($0.width)×\($0.height)" })
        distinctSizes = sizes.count
        self.sizes = Array(sizes.prefix(10))

        captions = corpus.captionCount
        captionsPerPicture = Spread(facts.indices.map { corpus.captionNumbers(of: $0).count })
        let vocabulary = CaptionStatistics(corpus)
        wordsPerCaption = Spread(vocabulary.lengths)
        var byWords = [Int](repeating: 0, count: wordsPerCaption.most + 1)
        for length in vocabulary.lengths { byWords[length] += 1 }
        captionsByWords = byWords
        words = vocabulary.words.words.count
        wordsUsedOnce = vocabulary.words.counts.count { $0 == 1 }
        commonestWords = Array(
            CorpusStatistics.sorted(zip(vocabulary.words.words, vocabulary.words.counts).map(Tally.init)).prefix(50))

        classes = CorpusStatistics.tallies(
            facts.indices.lazy.compactMap { corpus.label(of: $0) }.map { corpus.classes[$0] })
        splits = CorpusStatistics.tallies(
            facts.indices.lazy.compactMap { corpus.splitNumber(of: $0) }.map { corpus.splits[$0] })

        let equal = corpus.equalPictures(facts.map(\.bytes))
        equalPictures = Twins(groups: equal.map { ($0, nil) }, in: corpus)
        var near: [(example: Int, fingerprint: Fingerprint, group: Int?)] = []
        var groupOf = [Int: Int](minimumCapacity: equal.count * 2)
        for (number, group) in equal.enumerated() { for example in group { groupOf[example] = number } }
        var told: Set<[Int]> = []
        for (example, fact) in facts.enumerated() {
            let group = groupOf[example]
            if let group, !told.insert([group, corpus.splitNumber(of: example) ?? -1]).inserted { continue }
            near.append((example, fact.fingerprint, group))
        }
        nearPictures = Twins(near: near, in: corpus)
        equalCaptions = Twins(groups: vocabulary.equal(in: corpus), in: corpus)
    }

    private static func tallies(_ names: some Sequence<String>) -> [Tally] {
        sorted(Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +).map { Tally(name: $0.key, count: $0.value) })
    }

    /// The largest first; equal ones by name.
    private static func sorted(_ tallies: [Tally]) -> [Tally] {
        tallies.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}

extension PictureFacts {
    init(_ bytes: [UInt8], named name: String) throws {
        let (width, height) = try Image.size(of: bytes, named: name)
        // A fingerprint needs few pixels.
        let image = try Image(decoding: bytes, named: name, atLeast: 16)
        guard let format = ImageFormat(signatureOf: bytes) else { throw ImageError.unrecognized(name: name) }
        self.init(
            format: format, width: width, height: height, bytes: EncodedDigest(bytes),
            fingerprint: Fingerprint(of: image))
    }
}

/// The words of all captions of a corpus, and which captions have the same.
private struct CaptionStatistics {
    var words = CaptionWords()
    /// Words of each caption.
    var lengths: [Int] = []
    /// For each caption with words, a key of the set of them, and its example.
    private var sets: [(key: SIMD2<Int>, caption: Int, example: Int)] = []

    init(_ corpus: Corpus) {
        for example in 0..<corpus.examples.count {
            for caption in corpus.captionNumbers(of: example) {
                let numbers = words.add(corpus.captions[caption])
                lengths.append(numbers.count)
                if numbers.isEmpty { continue }
                // Hashed from either end: 128 bits, whose equality is no chance.
                let set = Set(numbers).sorted()
                sets.append((SIMD2(set.hashValue, Array(set.reversed()).hashValue), caption, example))
            }
        }
    }

    /// Groups of captions that different pictures share: their examples, and one of the captions.
    func equal(in corpus: Corpus) -> [(examples: [Int], caption: Int?)] {
        let sorted = sets.sorted {
            ($0.key.x, $0.key.y, $0.caption) < ($1.key.x, $1.key.y, $1.caption)
        }
        var groups: [(examples: [Int], caption: Int?)] = []
        var start = 0
        for end in sorted.indices.dropFirst() + [sorted.count] {
            guard end == sorted.count || sorted[end].key != sorted[start].key else { continue }
            if end > start, sorted[end - 1].example != sorted[start].example {
                let examples = sorted[start..<end].map(\.example)
                // A picture may say the same twice.
                let different = examples.indices.filter { $0 == 0 || examples[$0] != examples[$0 - 1] }
                groups.append((different.map { examples[$0] }, sorted[start].caption))
            }
            start = end
        }
        return groups.sorted { ($0.caption ?? 0) < ($1.caption ?? 0) }
    }
}
