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
    /// - Parameters:
    ///   - pictures: the decoded pictures of the corpus that `sampler` samples.
    ///   - sampler: what chooses.
    ///   - firstImage: images seen before.
    ///   - size: number of pictures.
    public init(pictures: PictureStore, sampler: PairSampler, firstImage: Int, size: Int) {
        precondition(
            pictures.corpus.examples == sampler.corpus.examples,
            "the sampler must be made from the corpus of the picture store")
        let pairs = sampler.pairs(firstImage..<firstImage + size)
        let length = pictures.side * pictures.side * 3
        self.firstImage = firstImage
        images = [Float](unsafeUninitializedCapacity: size * length) { buffer, initialised in
            for (place, pair) in pairs.enumerated() {
                guard let start = buffer.baseAddress else { break }
                pictures.write(pair.caption.example, flipped: pair.flipped, to: start + place * length)
            }
            initialised = size * length
        }
        captions = pairs.map(\.caption)
        mismatches = pairs.map(\.mismatch)
    }

    /// A batch of pictures that are there already, [count, side, side, 3].
    package init(firstImage: Int, images: [Float], captions: [CaptionReference], mismatches: [CaptionReference]) {
        self.firstImage = firstImage
        self.images = images
        self.captions = captions
        self.mismatches = mismatches
    }
}
