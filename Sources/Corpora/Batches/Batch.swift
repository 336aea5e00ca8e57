import Images

/// The input of one training step: of data-parallel training, the whole batch with the images of this process's part.
public struct Batch: Sendable, Equatable {
    /// Images seen before this batch since the start of training.
    public let firstImage: Int
    /// RGB images of the items at `rows`, `[rows.count, side, side, 3]`, values in −1…1.
    public let images: [Float]
    /// The items whose images this process has; all of them, unless others have the rest.
    public let rows: Range<Int>
    /// A matching caption for each image.
    public let captions: [CaptionReference]
    /// A mismatched caption for each image.
    public let mismatches: [CaptionReference]

    /// Number of images.
    public var count: Int { captions.count }

    /// The perceptual hash of each of `images`.
    package var fingerprints: [Fingerprint] {
        let size = images.count / max(rows.count, 1)
        let side = Int(Double(size / 3).squareRoot().rounded())
        return (0..<rows.count).map { index in
            Fingerprint(of: Image(width: side, height: side, values: images[index * size..<(index + 1) * size]))
        }
    }

    /// Images `firstImage ..< firstImage + size` of training.
    ///
    /// An image that cannot be decoded is replaced by another one, the same in every process and thread.
    /// - Parameters:
    ///   - store: the images of the corpus that `sampler` samples.
    ///   - sampler: chooses images and captions.
    ///   - firstImage: number of images seen before.
    ///   - size: number of images.
    /// - Throws: `CorpusError.unreadableImages` when more images fail to decode than the store allows, or all do.
    public init(images store: ImageStore, sampler: PairSampler, firstImage: Int, size: Int) throws {
        let count = size * store.preprocessing.side * store.preprocessing.side * 3
        var pairs: [SampledPair] = []
        let images = try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard let start = buffer.baseAddress else { return }
            pairs = try Batch.write(firstImage..<firstImage + size, store, sampler, to: start)
            initialized = count
        }
        self.init(firstImage: firstImage, images: images, pairs: pairs)
    }

    init(firstImage: Int, images: [Float], pairs: [SampledPair]) {
        self.init(
            firstImage: firstImage, images: images, captions: pairs.map(\.caption), mismatches: pairs.map(\.mismatch))
    }

    /// Writes the images at `positions` of training to `output`, one after the other, and returns their pairs.
    static func write(
        _ positions: Range<Int>, _ store: ImageStore, _ sampler: PairSampler,
        to output: UnsafeMutablePointer<Float>
    ) throws -> [SampledPair] {
        let length = store.preprocessing.side * store.preprocessing.side * 3
        var pairs = sampler.pairs(positions)
        func isWritten(_ pair: SampledPair, to index: Int) throws -> Bool {
            try store.write(
                pair.caption.example, at: pair.window, flipped: pair.flipped, to: output + index * length)
        }
        for index in pairs.indices where try !isWritten(pairs[index], to: index) {
            guard
                let other = try sampler.substitute(at: positions.lowerBound + index, isUsable: store.isUsable),
                try isWritten(other, to: index)
            else { throw store.nothingUsable }
            pairs[index] = other
        }
        return pairs
    }

    /// A batch of given images, `[rows.count, side, side, 3]`.
    /// - Parameter rows: nil is all.
    package init(
        firstImage: Int, images: [Float], rows: Range<Int>? = nil, captions: [CaptionReference],
        mismatches: [CaptionReference]
    ) {
        self.firstImage = firstImage
        self.rows = rows ?? captions.indices
        self.images = images
        self.captions = captions
        self.mismatches = mismatches
    }
}
