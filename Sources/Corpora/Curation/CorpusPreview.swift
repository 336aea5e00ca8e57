import Files
import Images
import RandomStreams

/// A contact sheet of images of a corpus, chosen at random.
public struct CorpusPreview: Sendable {
    /// An image on the sheet.
    public struct Entry: Sendable, Encodable {
        /// Its path in the corpus.
        public let file: String
        /// Its first caption.
        public let caption: String
        /// Its class, if known.
        public let className: String?
        /// Its split, if any.
        public let split: String?

        private enum CodingKeys: String, CodingKey {
            case file, caption, split
            case className = "class"
        }
    }

    /// The sheet.
    public let sheet: Image
    /// The images on it, from the top left, in the order of the corpus.
    public let images: [Entry]
    /// Images that were chosen and failed to decode; others replaced them.
    public let unreadable: [CorpusProblem]

    /// - Parameters:
    ///   - corpus: the images to choose from.
    ///   - count: number of images, at least 1; fewer if the corpus has fewer.
    ///   - seed: seed of the choice.
    ///   - side: width and height of each image's frame, 32...1024 pixels.
    ///   - columns: images per row, at least 1; nil makes a sheet somewhat wider than high.
    ///   - split: the name of the split that `corpus` is, for the heading.
    ///   - progress: called with the numbers of images read and in total.
    /// - Throws: `CorpusError.unreadableImages` if none can be decoded.
    public init(
        _ corpus: Corpus, count: Int, seed: UInt64, side: Int, columns: Int? = nil, split: String? = nil,
        progress: ((Int, Int) -> Void)? = nil
    ) throws {
        let total = corpus.examples.count
        var stream = RandomStream(seed: seed, purpose: "preview")
        // The beginning of a Fisher–Yates shuffle; only elements that have moved are stored.
        var moved: [Int: Int] = [:]
        var decoded: [(example: Int, image: Image)] = []
        var unreadable: [CorpusProblem] = []
        for index in 0..<total where decoded.count < count {
            let other = index + stream.index(below: total - index)
            let example = moved[other] ?? other
            moved[other] = moved[index] ?? index
            do {
                let image = try Image(
                    decoding: corpus.encodedImage(example), named: corpus.imageName(example), atLeast: side)
                decoded.append((example, image.thumbnail(side: side)))
            } catch {
                unreadable.append(corpus.problem(.unreadableImage, with: example, because: error))
                // Give up early on a corpus without a single good image.
                if decoded.isEmpty && unreadable.count == 1000 { break }
            }
            progress?(decoded.count, min(count, total))
        }
        guard !decoded.isEmpty else {
            guard let first = unreadable.first else { throw CorpusError.empty(file: corpus.folder) }
            throw CorpusError.unreadableImages(
                first: first, count: unreadable.count, total: total, .skip, folder: corpus.folder)
        }
        decoded.sort { $0.example < $1.example }
        images = decoded.map { example, _ in
            Entry(
                file: corpus.imageName(example),
                caption: corpus.captions[corpus.captionNumbers(of: example).lowerBound],
                className: corpus.label(of: example).map { corpus.classes[$0] },
                split: corpus.splitNumber(of: example).map { corpus.splits[$0] })
        }
        self.unreadable = unreadable
        let entries = zip(images, decoded).map { entry, decoded in
            ContactSheet.Entry(
                image: decoded.image, caption: entry.caption,
                notes: [
                    entry.file,
                    [entry.className, split == nil ? entry.split : nil].compactMap { $0 }.joined(separator: ", "),
                ])
        }
        let name = lastComponent(of: corpus.folder)
        sheet = ContactSheet(side: side).draw(
            entries, columns: columns ?? ContactSheet.columns(for: entries.count), title: name,
            note: "\(entries.count) of \(total) images" + (split.map { " of \($0)" } ?? "") + ", seed \(seed)")
    }
}
