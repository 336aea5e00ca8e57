/// What one step of training learns from.
public struct Batch: Sendable, Equatable {
    /// Images seen before this batch since the start of training.
    public let firstImage: Int
    /// Pictures in −1…1, `[count, side, side, 3]`, RGB.
    public let images: [Float]
    /// For each picture a caption that describes it.
    public let captions: [CaptionReference]
    /// For each picture a caption that does not.
    public let mismatches: [CaptionReference]

    /// Number of pictures.
    public var count: Int { captions.count }

    /// Images `firstImage ..< firstImage + size` of training.
    ///
    /// A picture that cannot be decoded is replaced by another, the same whoever makes the batch.
    /// - Parameters:
    ///   - pictures: the pictures of the corpus that `sampler` samples.
    ///   - sampler: what chooses.
    ///   - firstImage: images seen before.
    ///   - size: number of pictures.
    /// - Throws: `CorpusError.unreadablePictures` when more pictures are bad than the store allows, or all.
    public init(pictures: PictureStore, sampler: PairSampler, firstImage: Int, size: Int) throws {
        let length = pictures.form.side * pictures.form.side * 3
        var pairs = sampler.pairs(firstImage..<firstImage + size)
        self.firstImage = firstImage
        images = try [Float](unsafeUninitializedCapacity: size * length) { buffer, initialised in
            guard let start = buffer.baseAddress else { return }
            func isWritten(_ pair: SampledPair, to place: Int) throws -> Bool {
                try pictures.write(
                    pair.caption.example, at: pair.window, flipped: pair.flipped, to: start + place * length)
            }
            for place in 0..<size where try !isWritten(pairs[place], to: place) {
                guard
                    let other = try sampler.substitute(at: firstImage + place, isUsable: pictures.isUsable),
                    try isWritten(other, to: place)
                else { throw pictures.nothingUsable }
                pairs[place] = other
            }
            initialised = size * length
        }
        captions = pairs.map(\.caption)
        mismatches = pairs.map(\.mismatch)
    }

    /// One batch of several that follow each other.
    init(joining parts: [Batch]) {
        firstImage = parts.first?.firstImage ?? 0
        let count = parts.reduce(0) { $0 + $1.images.count }
        images = [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
            for part in parts {
                _ = UnsafeMutableBufferPointer(rebasing: buffer[initialised...]).initialize(from: part.images)
                initialised += part.images.count
            }
        }
        captions = parts.flatMap(\.captions)
        mismatches = parts.flatMap(\.mismatches)
    }

    /// A batch of pictures that are there already, [count, side, side, 3].
    package init(firstImage: Int, images: [Float], captions: [CaptionReference], mismatches: [CaptionReference]) {
        self.firstImage = firstImage
        self.images = images
        self.captions = captions
        self.mismatches = mismatches
    }
}
