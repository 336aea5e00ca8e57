import Images

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

    /// What each picture looks like from afar.
    package var fingerprints: [Fingerprint] {
        let size = images.count / max(count, 1)
        let side = Int(Double(size / 3).squareRoot().rounded())
        return (0..<count).map { place in
            let pixels = images[place * size..<(place + 1) * size].map {
                UInt8(min(max(($0 + 1) * 127.5 + 0.5, 0), 255))
            }
            return Fingerprint(of: Image(width: side, height: side, pixels: pixels))
        }
    }

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
        let count = size * pictures.form.side * pictures.form.side * 3
        var pairs: [SampledPair] = []
        let images = try [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
            guard let start = buffer.baseAddress else { return }
            pairs = try Batch.write(firstImage..<firstImage + size, pictures, sampler, to: start)
            initialised = count
        }
        self.init(firstImage: firstImage, images: images, pairs: pairs)
    }

    init(firstImage: Int, images: [Float], pairs: [SampledPair]) {
        self.init(
            firstImage: firstImage, images: images, captions: pairs.map(\.caption), mismatches: pairs.map(\.mismatch))
    }

    /// Writes the pictures of images `positions` of training to `output`, one after the other, and tells what belongs to
    /// them.
    static func write(
        _ positions: Range<Int>, _ pictures: PictureStore, _ sampler: PairSampler,
        to output: UnsafeMutablePointer<Float>
    ) throws -> [SampledPair] {
        let length = pictures.form.side * pictures.form.side * 3
        var pairs = sampler.pairs(positions)
        func isWritten(_ pair: SampledPair, to place: Int) throws -> Bool {
            try pictures.write(
                pair.caption.example, at: pair.window, flipped: pair.flipped, to: output + place * length)
        }
        for place in pairs.indices where try !isWritten(pairs[place], to: place) {
            guard
                let other = try sampler.substitute(at: positions.lowerBound + place, isUsable: pictures.isUsable),
                try isWritten(other, to: place)
            else { throw pictures.nothingUsable }
            pairs[place] = other
        }
        return pairs
    }

    /// A batch of pictures that are there already, [count, side, side, 3].
    package init(firstImage: Int, images: [Float], captions: [CaptionReference], mismatches: [CaptionReference]) {
        self.firstImage = firstImage
        self.images = images
        self.captions = captions
        self.mismatches = mismatches
    }
}
