import Images

/// Statistics of a corpus: its images, captions, words and classes, and duplicates.
public struct CorpusStatistics: Sendable, Encodable {
    /// The layout that was recognized.
    public let format: String
    /// Number of usable images; all other figures are about these.
    public let images: Int
    /// Number of rows and images that were skipped, by kind.
    public let skipped: [Tally]
    /// Total size of the encoded images in bytes.
    public let bytes: Int
    /// Number of images in each format: `PNG`, `JPEG`, `WebP`.
    public let imageFormats: [Tally]
    /// Image widths in pixels.
    public let width: Summary
    /// Image heights in pixels.
    public let height: Summary
    /// The ten most common sizes, such as `640×480`.
    public let sizes: [Tally]
    /// The number of different sizes.
    public let distinctSizes: Int

    /// Total number of captions.
    public let captions: Int
    /// Captions per image.
    public let captionsPerImage: Summary
    /// Words per caption.
    public let wordsPerCaption: Summary
    /// Number of captions with 0, 1, 2, … words.
    public let captionsByWords: [Int]
    /// Number of different words.
    public let words: Int
    /// Number of words that occur once.
    public let wordsUsedOnce: Int
    /// The fifty most common words.
    public let mostCommonWords: [Tally]

    /// Number of images of each class, the largest first; images without a class are not counted.
    public let classes: [Tally]
    /// Number of images of each split, likewise.
    public let splits: [Tally]

    /// Images of equal bytes.
    public let duplicateImages: Duplicates
    /// Images that look alike but differ in their bytes.
    public let nearDuplicateImages: Duplicates
    /// Captions of different images that consist of the same words in any order.
    public let duplicateCaptions: Duplicates

    /// Maximum number of differing bits, of 64, in the difference hashes of near-duplicates.
    public static var nearBits: Int { Fingerprint.nearBits }
    /// Maximum mean difference of the colours of near-duplicates, in levels of 255.
    public static var nearLevels: Int { Fingerprint.nearLevels }

    /// Reads every image and caption of a corpus.
    /// - Parameters:
    ///   - folder: path of the corpus.
    ///   - options: how the files are read.
    ///   - progress: called from time to time, one call at a time, with the numbers of images read and in total.
    /// - Throws: `CorpusError` if there is no corpus, or no usable image in it.
    public init(
        folder: String, options: CorpusOptions = CorpusOptions(), progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws {
        let listed = try Corpus(folder: folder, split: nil, badFiles: .skip, options: options)
        let total = listed.examples.count
        let (read, problems) = listed.survey(progress: progress.map { report in { @Sendable in report($0, total) } }) {
            try ImageFacts($0, named: $1)
        }
        let corpus = listed.removing(Set(read.indices.filter { read[$0] == nil }))
        let facts = read.compactMap { $0 }
        guard !facts.isEmpty else {
            if let first = problems.first {
                throw CorpusError.unreadableImages(
                    first: first, count: problems.count, total: total, .skip, folder: folder)
            }
            throw CorpusError.empty(file: folder)
        }
        format = "\(corpus.format)"
        images = facts.count
        var skippedItems = listed.skipped
        problems.forEach { skippedItems.add($0) }
        skipped = CorpusProblem.Kind.allCases.compactMap { kind in
            skippedItems.counts[kind].map { Tally(name: kind.rawValue, count: $0) }
        }

        bytes = facts.reduce(0) { $0 + $1.bytes.count }
        imageFormats = CorpusStatistics.tallies(facts.lazy.map(\.format.rawValue))
        width = Summary(facts.map(\.width))
        height = Summary(facts.map(\.height))
        let sizes = CorpusStatistics.tallies(facts.lazy.map { "\($0.width)×\($0.height)" })
        distinctSizes = sizes.count
        self.sizes = Array(sizes.prefix(10))

        captions = corpus.captionCount
        captionsPerImage = Summary(facts.indices.map(corpus.captionCount))
        let vocabulary = CaptionStatistics(corpus)
        wordsPerCaption = Summary(vocabulary.lengths)
        var byWords = [Int](repeating: 0, count: wordsPerCaption.maximum + 1)
        for length in vocabulary.lengths { byWords[length] += 1 }
        captionsByWords = byWords
        words = vocabulary.words.words.count
        wordsUsedOnce = vocabulary.words.counts.count { $0 == 1 }
        mostCommonWords = Array(
            CorpusStatistics.sorted(zip(vocabulary.words.words, vocabulary.words.counts).map(Tally.init)).prefix(50))

        classes = CorpusStatistics.tallies(
            facts.indices.lazy.compactMap { corpus.label(of: $0) }.map { corpus.classes[$0] })
        splits = CorpusStatistics.tallies(
            facts.indices.lazy.compactMap { corpus.splitNumber(of: $0) }.map { corpus.splits[$0] })

        let equal = corpus.duplicateImages(facts.map(\.bytes))
        duplicateImages = Duplicates(groups: equal.map { ($0, nil) }, in: corpus)
        var near: [(example: Int, fingerprint: Fingerprint, group: Int?)] = []
        var groupOf = [Int: Int](minimumCapacity: equal.count * 2)
        for (number, group) in equal.enumerated() { for example in group { groupOf[example] = number } }
        var seen: Set<[Int]> = []
        for (example, fact) in facts.enumerated() {
            let group = groupOf[example]
            if let group, !seen.insert([group, corpus.splitNumber(of: example) ?? -1]).inserted { continue }
            near.append((example, fact.fingerprint, group))
        }
        nearDuplicateImages = Duplicates(near: near, in: corpus)
        duplicateCaptions = Duplicates(groups: vocabulary.equal(in: corpus), in: corpus)
    }

    private static func tallies(_ names: some Sequence<String>) -> [Tally] {
        sorted(Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +).map { Tally(name: $0.key, count: $0.value) })
    }

    /// Sorts by descending count, then by name.
    private static func sorted(_ tallies: [Tally]) -> [Tally] {
        tallies.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}

extension ImageFacts {
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

/// The words of all captions of a corpus, and the captions that consist of the same words.
private struct CaptionStatistics {
    var words = CaptionWords()
    /// Number of words of each caption.
    var lengths: [Int] = []
    /// For each caption that has words, a hash of the set of its words, and its example.
    private var sets: [(key: SIMD2<Int>, caption: Int, example: Int)] = []

    init(_ corpus: Corpus) {
        for example in 0..<corpus.examples.count {
            for caption in corpus.captionNumbers(of: example) where !corpus.captions[caption].isEmpty {
                let numbers = words.add(corpus.captions[caption])
                lengths.append(numbers.count)
                if numbers.isEmpty { continue }
                // Two hashes of 64 bits, in both directions; those of a single word are equal. Together they practically rule out that
                // different sets are taken for equal.
                let set = Set(numbers).sorted()
                sets.append((SIMD2(set.hashValue, Array(set.reversed()).hashValue), caption, example))
            }
        }
    }

    /// Groups of captions that different images share: their examples, and one of the captions.
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
                // An image may have the same caption twice.
                let different = examples.indices.filter { $0 == 0 || examples[$0] != examples[$0 - 1] }
                groups.append((different.map { examples[$0] }, sorted[start].caption))
            }
            start = end
        }
        return groups.sorted { ($0.caption ?? 0) < ($1.caption ?? 0) }
    }
}
