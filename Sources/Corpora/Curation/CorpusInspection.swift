import Images

/// All problems of a corpus, found by reading every image and caption.
public struct CorpusInspection: Sendable {
    /// Number of usable images.
    public let images: Int
    /// Number of their captions.
    public let captions: Int
    /// Number of usable images of each class.
    public let classes: [String: Int]
    /// Number of usable images of each split.
    public let splits: [String: Int]
    /// Number of problems of each kind.
    public let counts: [CorpusProblem.Kind: Int]
    /// The problems by kind, then in file order. Of those found while listing, only the first 10,000.
    public let problems: [CorpusProblem]
    /// The layout that was recognized.
    public let format: CorpusFormat
    /// The files that list the images, relative to the folder; empty in layouts without such files.
    public let sources: [String]
    /// Number of rows whose captions were added to those of an earlier row with the same image.
    public let joinedRows: Int

    /// Lists a folder and decodes every image of it.
    /// - Parameters:
    ///   - folder: path of the folder.
    ///   - options: how the files are read.
    ///   - progress: called from time to time, one call at a time, with the numbers of images read and in total.
    /// - Throws: `CorpusError` if there is no corpus at all.
    public init(
        folder: String, options: CorpusOptions = CorpusOptions(), progress: (@Sendable (Int, Int) -> Void)? = nil
    ) throws {
        let listing = try CorpusListing(folder, keeping: 10_000, options: options)
        let corpus = Corpus(folder: folder, listing)
        let total = corpus.examples.count
        let (decoded, unreadable) = corpus.survey(
            progress: progress.map { report in { @Sendable in report($0, total) } }
        ) {
            _ = try Image(decoding: $0, named: $1, atLeast: 1)
        }
        let found = listing.skipped.first + unreadable + listing.notices.first
        problems = CorpusProblem.Kind.allCases.flatMap { kind in found.filter { $0.kind == kind } }
        var counts = listing.skipped.counts.merging(listing.notices.counts, uniquingKeysWith: +)
        if !unreadable.isEmpty { counts[.unreadableImage] = unreadable.count }
        self.counts = counts
        format = corpus.format
        sources = listing.sources
        joinedRows = listing.joined

        var (images, captions) = (0, 0)
        var (classes, splits) = ([String: Int](), [String: Int]())
        for example in 0..<total where decoded[example] != nil {
            images += 1
            captions += corpus.captionCount(of: example)
            if let label = corpus.label(of: example) { classes[corpus.classes[label], default: 0] += 1 }
            if let split = corpus.splitNumber(of: example) { splits[corpus.splits[split], default: 0] += 1 }
        }
        (self.images, self.captions, self.classes, self.splits) = (images, captions, classes, splits)
    }
}
