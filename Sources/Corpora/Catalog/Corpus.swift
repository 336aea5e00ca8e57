/// Images with captions, listed and checked but not yet decoded; `CorpusFormat` names the supported layouts.
///
/// Rows are stored as columns, about 50 bytes each in addition to the path and the captions; copies share the storage.
public struct Corpus: Sendable {
    /// The path as given by the caller: a folder, a shard, or a pattern of shards such as `shards-{000..012}.tar`.
    public let folder: String
    /// The layout.
    public let format: CorpusFormat
    /// Names of all classes of the folder, sorted: a label means the same in every split.
    public let classes: [String]
    /// Names of all splits of the folder, sorted.
    public let splits: [String]
    /// Rows and captions that were skipped while listing, in any split.
    public let skipped: SkippedItems
    /// How the files were read.
    public let options: CorpusOptions
    let index: CorpusIndex

    /// The usable rows of a listing.
    init(folder: String, _ listing: CorpusListing) {
        self.folder = folder
        format = listing.format
        classes = listing.classes
        splits = listing.splits
        skipped = listing.skipped
        options = listing.options
        index = CorpusIndex(listing, rows: listing.rows)
    }

    /// The same corpus with other rows.
    /// - Parameters:
    ///   - classes: the names that the rows number, if they differ.
    ///   - unpaired: rows that were skipped because they have no partner.
    init(
        _ other: Corpus, rows: CorpusRows, classes: [String]? = nil, unpaired: SkippedItems = SkippedItems()
    ) {
        (folder, format, splits) = (other.folder, other.format, other.splits)
        self.classes = classes ?? other.classes
        var skipped = other.skipped
        skipped.add(unpaired)
        self.skipped = skipped
        options = other.options
        index = CorpusIndex(other.index, rows: rows)
    }

    /// The examples of the split, in the order of the metadata file, or sorted by path in layouts without one.
    public var examples: ExampleCollection { ExampleCollection(index: index) }

    /// All captions, example by example; `CaptionReference.number` counts in this order.
    public var captions: CaptionCollection { CaptionCollection(index: index) }

    /// Number of captions of all examples together, empty ones not counted.
    public var captionCount: Int { examples.indices.reduce(0) { $0 + captionCount(of: $1) } }

    /// Number of captions of an example, 0 if it has only the empty one.
    package func captionCount(of example: Int) -> Int {
        let numbers = captionNumbers(of: example)
        return index.rows.captions.utf8(numbers.lowerBound).isEmpty ? 0 : numbers.count
    }

    /// Index of an example's class in `classes`; nil if the class is unknown.
    public func label(of example: Int) -> Int? { index.rows.classNumber(example) }

    /// Index of an example's split in `splits`; nil if it has none.
    package func splitNumber(of example: Int) -> Int? { index.rows.splitNumber(example) }

    /// The indices of an example's captions in `captions`.
    public func captionNumbers(of example: Int) -> Range<Int> { index.rows.captionRange(example) }

    /// The positions, among an example's captions, of those that the caption template built; none without a template.
    public func templateCaptions(of example: Int) -> Range<Int> {
        let count = captionNumbers(of: example).count
        // An image whose only caption is empty has none that the template built.
        return options.template == nil ? count..<count : (count + 1) / 2..<count
    }

    /// Whether a caption may also describe the image that `own` describes, so that it is no negative: a caption of the same image,
    /// one of the same text, or one of another image of the same class that was not built by the caption template, whose attributes
    /// may differ.
    package func mayDescribe(_ caption: CaptionReference, imageOf own: CaptionReference) -> Bool {
        if caption.example == own.example || hasSameText(caption, own) { return true }
        guard let label = label(of: own.example), label == self.label(of: caption.example) else { return false }
        return !templateCaptions(of: caption.example).contains(caption.caption)
    }

    /// Whether two captions differ at most in the case of ASCII letters.
    private func hasSameText(_ a: CaptionReference, _ b: CaptionReference) -> Bool {
        func folded(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
        let (a, b) = (index.rows.captions.utf8(a.number), index.rows.captions.utf8(b.number))
        return a.count == b.count && zip(a, b).allSatisfy { folded($0) == folded($1) }
    }

    /// The reference to caption `caption` of example `example`; both must exist.
    public func reference(example: Int, caption: Int) -> CaptionReference {
        let numbers = captionNumbers(of: example)
        precondition(caption >= 0 && caption < numbers.count, "the example has no such caption")
        return CaptionReference(example: example, caption: caption, number: numbers.lowerBound + caption)
    }

    /// The caption that a reference of this corpus refers to.
    public func text(of reference: CaptionReference) -> String { index.rows.captions[reference.number] }

    /// Path of an example's image; in a shard, the shard's path followed by the member's name.
    public func imagePath(of example: Example) -> String { "\(index.root)/\(example.path)" }

    /// A number that images of one class share. An image without a class is a group of its own, with a negative number.
    package func group(of example: Int) -> Int { label(of: example) ?? -1 - example }

    /// The class of more than three quarters of all images, with its share; nil if there is none.
    ///
    /// Images and captions of one class are no negatives of each other, so that such a class would leave too few.
    package var dominantClass: (name: String, share: Double)? {
        var counts = [Int](repeating: 0, count: classes.count)
        for example in examples.indices {
            if let label = label(of: example) { counts[label] += 1 }
        }
        guard let most = counts.indices.max(by: { counts[$0] < counts[$1] }), 4 * counts[most] > 3 * examples.count
        else {
            return nil
        }
        return (classes[most], Double(counts[most]) / Double(examples.count))
    }

    /// The examples of one split. Another name of the same meaning counts, such as `training` for `train`, if it is the only
    /// one.
    /// - Throws: `CorpusError.unknownSplit`.
    package func restricted(to split: String) throws(CorpusError) -> Corpus {
        guard let name = SplitName.resolved(split, among: splits), let number = splits.firstIndex(of: name) else {
            throw .unknownSplit(split, known: splits, folder: folder)
        }
        return Corpus(self, rows: index.rows.filtered { index.rows.splitNumber($0) == number })
    }

    /// The examples of one class.
    /// - Throws: `CorpusError.unknownClass`.
    package func restricted(toClass name: String) throws(CorpusError) -> Corpus {
        guard let label = classes.firstIndex(of: name) else {
            throw .unknownClass(name, known: classes, folder: folder)
        }
        return Corpus(self, rows: index.rows.filtered { index.rows.classNumber($0) == label })
    }

    /// The corpus with all classes unknown.
    package func withoutClasses() -> Corpus {
        var rows = index.rows
        rows.removeClasses()
        return Corpus(self, rows: rows, classes: [])
    }

    /// The corpus without the examples at `indices`.
    package func removing(_ indices: Set<Int>) -> Corpus {
        indices.isEmpty ? self : Corpus(self, rows: index.rows.filtered { !indices.contains($0) })
    }
}

extension Corpus {
    /// A problem with an example's image, attributed to the file and line that list it.
    package func problem(_ kind: CorpusProblem.Kind, with example: Int, _ detail: String) -> CorpusProblem {
        index.problem(kind, with: example, detail)
    }

    /// A problem with an example's image. The problem itself names the image, so the error's own mention of it is
    /// removed.
    func problem(_ kind: CorpusProblem.Kind, with example: Int, because error: any Error) -> CorpusProblem {
        let name = imageName(example)
        var reason = "\(error)"
        for prefix in ["\(name): ", "\(index.root)/\(name): "] where reason.hasPrefix(prefix) {
            reason.removeFirst(prefix.count)
        }
        return problem(kind, with: example, reason)
    }

    /// The name of an example's image in messages: its path relative to the folder.
    package func imageName(_ example: Int) -> String { index.path(example) }

    /// The encoded bytes of an example's image.
    /// - Throws: `CorpusError.cannotRead`, which names the image.
    package func encodedImage(_ example: Int) throws(CorpusError) -> [UInt8] { try index.encodedImage(example) }

    /// A digest of an image's path, inode, size and modification time, which changes when the file is replaced.
    /// - Throws: `CorpusError.cannotRead`, which names the image.
    package func imageStamp(_ example: Int) throws(CorpusError) -> UInt64 { try index.stamp(example) }
}
