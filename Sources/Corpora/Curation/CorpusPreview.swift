import Images
import RandomStreams

/// A contact sheet of some of a corpus's pictures, drawn by lot.
public struct CorpusPreview: Sendable {
    /// A picture on the sheet.
    public struct Picture: Sendable, Encodable {
        /// Its path in the corpus.
        public let file: String
        /// Its first caption.
        public let caption: String
        /// Its class, where it has one.
        public let className: String?
        /// Its split, where it is in one.
        public let split: String?

        private enum CodingKeys: String, CodingKey {
            case file, caption, split
            case className = "class"
        }
    }

    /// The sheet.
    public let sheet: Image
    /// The pictures on it, from the top left, in the order of the corpus.
    public let pictures: [Picture]
    /// Pictures that were drawn and do not decode; others took their places.
    public let unreadable: [CorpusProblem]

    /// - Parameters:
    ///   - corpus: the pictures to choose from.
    ///   - count: how many, at least 1; fewer where the corpus has no more.
    ///   - seed: of the choice.
    ///   - side: of the frame of each picture, 32...1024 pixels.
    ///   - columns: pictures a row, at least 1; nil is as the count suggests.
    ///   - split: the name of the split that `corpus` is of, for the heading.
    ///   - progress: called with the number of pictures read and the number of all.
    /// - Throws: `CorpusError.unreadablePictures` where none decodes.
    public init(
        _ corpus: Corpus, count: Int, seed: UInt64, side: Int, columns: Int? = nil, split: String? = nil,
        progress: ((Int, Int) -> Void)? = nil
    ) throws {
        let total = corpus.examples.count
        var lot = RandomStream(seed: seed, purpose: "preview")
        /// The first places of a shuffle, of which only what has moved is kept.
        var moved: [Int: Int] = [:]
        var images: [(example: Int, image: Image)] = []
        var unreadable: [CorpusProblem] = []
        for place in 0..<total where images.count < count {
            let other = place + lot.index(below: total - place)
            let example = moved[other] ?? other
            moved[other] = moved[place] ?? place
            do {
                let image = try Image(
                    decoding: corpus.encodedPicture(example), named: corpus.pictureName(example), atLeast: side)
                images.append((example, image.thumbnail(side: side)))
            } catch {
                unreadable.append(corpus.problem(.unreadablePicture, with: example, because: error))
                // A corpus without a single good picture need not be read to its end.
                if images.isEmpty && unreadable.count == 1000 { break }
            }
            progress?(images.count, min(count, total))
        }
        guard !images.isEmpty else {
            guard let first = unreadable.first else { throw CorpusError.empty(file: corpus.folder) }
            throw CorpusError.unreadablePictures(
                first: first, count: unreadable.count, total: total, folder: corpus.folder)
        }
        images.sort { $0.example < $1.example }
        pictures = images.map { example, _ in
            Picture(
                file: corpus.pictureName(example),
                caption: corpus.captions[corpus.captionNumbers(of: example).lowerBound],
                className: corpus.label(of: example).map { corpus.classes[$0] },
                split: corpus.splitNumber(of: example).map { corpus.splits[$0] })
        }
        self.unreadable = unreadable
        let entries = zip(pictures, images).map { picture, image in
            ContactSheet.Entry(
                image: image.image, caption: picture.caption,
                notes: [
                    picture.file,
                    [picture.className, split == nil ? picture.split : nil].compactMap { $0 }.joined(separator: ", "),
                ])
        }
        let name = corpus.folder.split(separator: "/").last.map(String.init) ?? corpus.folder
        sheet = ContactSheet(side: side).draw(
            entries, columns: columns ?? ContactSheet.columns(for: entries.count), title: name,
            note: "\(entries.count) of \(total) pictures" + (split.map { " of \($0)" } ?? "") + ", seed \(seed)")
    }
}
