/// Everything that is wrong with a corpus folder, after reading every pair of it.
public struct CorpusInspection: Sendable {
    /// Pictures that can be used as they are.
    public let pictures: Int
    /// Captions of those.
    public let captions: Int
    /// Usable pictures of each class, where classes are known.
    public let classes: [String: Int]
    /// Usable pictures of each split, where splits are named.
    public let splits: [String: Int]
    /// How much is wrong of each kind.
    public let counts: [CorpusProblem.Kind: Int]
    /// What is wrong: by kind, then in the order of the files; of what is in the listing, the first ten thousand.
    public let problems: [CorpusProblem]
    /// The layout that was recognised.
    public let format: CorpusFormat

    /// Lists a folder and decodes every picture of it.
    /// - Parameters:
    ///   - folder: path of the folder.
    ///   - progress: called now and then, one call at a time, with the number of pictures read and the number of all.
    /// - Throws: `CorpusError` where there is no corpus at all.
    public init(folder: String, progress: (@Sendable (Int, Int) -> Void)? = nil) throws {
        let listing = try CorpusListing(folder, keeping: 10_000)
        let corpus = try Corpus(folder: folder, listing, split: nil)
        let total = corpus.examples.count
        let undecodable = decodeEach(corpus, progress: progress.map { report in { @Sendable in report($0, total) } })
        // What cannot be decoded is put right where it is listed.
        let unreadable = undecodable.map { corpus.problem($0.value.kind, with: $0.index, $0.value.detail) }
        let found = listing.leftOut.first + unreadable + listing.notices.first
        problems = CorpusProblem.Kind.allCases.flatMap { kind in found.filter { $0.kind == kind } }
        var counts = listing.leftOut.counts.merging(listing.notices.counts, uniquingKeysWith: +)
        if !unreadable.isEmpty { counts[.unreadablePicture] = unreadable.count }
        self.counts = counts
        format = corpus.format

        let bad = Set(undecodable.map(\.index))
        var (pictures, captions) = (0, 0)
        var (classes, splits) = ([String: Int](), [String: Int]())
        for example in 0..<total where !bad.contains(example) {
            pictures += 1
            captions += corpus.captionNumbers(of: example).count
            if let label = corpus.label(of: example) { classes[corpus.classes[label], default: 0] += 1 }
            if let split = corpus.splitNumber(of: example) { splits[corpus.splits[split], default: 0] += 1 }
        }
        (self.pictures, self.captions, self.classes, self.splits) = (pictures, captions, classes, splits)
    }
}
