import FoundationEssentials

/// A picture and the captions that describe it.
public struct Example: Sendable, Equatable {
    /// The picture's path relative to the corpus folder.
    public let path: String
    /// One caption or more, none blank.
    public let captions: [String]
    /// Index of its class in `Corpus.classes`, where the class is known.
    public let label: Int?
}

/// Which caption of which example, and its place among all captions of the corpus.
public struct CaptionReference: Sendable, Hashable {
    /// Index in `Corpus.examples`.
    public let example: Int
    /// Index in that example's `captions`.
    public let caption: Int
    /// Index in `Corpus.captions`: the row of a matrix of embeddings that was computed once for all captions.
    public let number: Int

    package init(example: Int, caption: Int, number: Int) {
        self.example = example
        self.caption = caption
        self.number = number
    }
}

/// Captioned pictures in a folder, listed and checked but not yet decoded.
///
/// Two layouts are recognised, the first that is there:
/// - `metadata.jsonl`, a JSON object a line: `{"file_name": "images/1.jpg", "text": "a caption" or ["…", …],
///   "class": "…", "split": "train"}`; `class` and `split` may be absent and other keys are ignored;
/// - pictures with a sidecar text file of the same name (`bird/1.jpg`, `bird/1.txt`), one caption a line;
///   the class is the folder that the picture lies in, where there are several.
public struct Corpus: Sendable {
    /// The folder as it was named.
    public let folder: String
    /// The examples of the split, in the order of the file (sidecar layout: of the paths).
    public let examples: [Example]
    /// Names of all classes of the folder, sorted: a label means the same in every split.
    public let classes: [String]
    /// Names of all splits of the folder, sorted.
    public let splits: [String]
    /// Number of the first caption of each example, and the number of all captions at the end.
    private let captionStarts: [Int]

    /// Reads the listing of a corpus and checks that every picture it names is there.
    /// - Parameters:
    ///   - folder: path of the folder.
    ///   - split: which rows to take; `nil` takes all.
    /// - Throws: `CorpusError`, which names file and line.
    public init(folder: String, split: String?) throws {
        let listing = try CorpusListing(folder: folder)
        if let first = listing.problems.first {
            let alike = listing.problems.count { $0.kind == first.kind }
            throw CorpusError.problems(first: first, more: alike - 1, folder: folder)
        }
        let classes = Set(listing.rows.compactMap(\.className)).sorted()
        let splits = Set(listing.rows.compactMap(\.split)).sorted()
        if let split, !splits.contains(split) {
            throw CorpusError.unknownSplit(split, known: splits, folder: folder)
        }
        let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
        let rows = split == nil ? listing.rows : listing.rows.filter { $0.split == split }
        self.init(
            folder: folder,
            examples: rows.map { row in
                Example(path: row.path, captions: row.captions, label: row.className.flatMap { labels[$0] })
            }, classes: classes, splits: splits)
    }

    private init(folder: String, examples: [Example], classes: [String], splits: [String]) {
        self.folder = folder
        self.examples = examples
        self.classes = classes
        self.splits = splits
        var starts = [0]
        starts.reserveCapacity(examples.count + 1)
        for example in examples { starts.append(starts[starts.count - 1] + example.captions.count) }
        captionStarts = starts
    }

    /// All captions, example by example; `CaptionReference.number` counts in this order.
    public var captions: [String] { examples.flatMap(\.captions) }

    /// Number of captions of all examples together.
    public var captionCount: Int { captionStarts[examples.count] }

    /// The reference to caption `caption` of example `example`; both must exist.
    public func reference(example: Int, caption: Int) -> CaptionReference {
        precondition(examples[example].captions.indices.contains(caption), "the example has no such caption")
        return CaptionReference(example: example, caption: caption, number: captionStarts[example] + caption)
    }

    /// The text that a reference of this corpus means.
    public func text(of reference: CaptionReference) -> String {
        examples[reference.example].captions[reference.caption]
    }

    /// Path at which the picture of an example can be opened.
    public func picturePath(of example: Example) -> String { "\(folder)/\(example.path)" }

    public func captionNumbers(of example: Int) -> Range<Int> { captionStarts[example]..<captionStarts[example + 1] }

    /// The corpus without the examples at `indices`.
    package func removing(_ indices: Set<Int>) -> Corpus {
        guard !indices.isEmpty else { return self }
        let kept = examples.enumerated().filter { !indices.contains($0.offset) }.map(\.element)
        return Corpus(folder: folder, examples: kept, classes: classes, splits: splits)
    }
}
