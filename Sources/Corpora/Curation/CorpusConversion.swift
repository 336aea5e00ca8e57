import Dispatch
import FoundationEssentials
import Images
import Synchronization

/// Writes a corpus anew, in another layout, at another size or in another format.
public struct CorpusConversion: Sendable {
    /// What is written.
    public enum Layout: Sendable, Equatable {
        /// `images/` and `metadata.jsonl`.
        case folder
        /// WebDataset shards.
        case shards(ShardSize)
    }

    /// How much a shard takes before the next is begun; of either at least one picture.
    public enum ShardSize: Sendable, Equatable {
        case pictures(Int)
        case bytes(Int)
    }

    /// How pictures are encoded.
    public enum Encoding: String, Sendable, CaseIterable {
        /// As they are; where their size changes, in the format they had, or PNG for WebP.
        case keep
        case png
        case jpeg
    }

    /// What becomes of each picture.
    public struct Pictures: Sendable {
        /// Width and height; nil leaves the size as it is.
        public var side: Int?
        /// How pictures that are not square come to `side`.
        public var aspect = PictureAspect.crop
        /// How they are encoded.
        public var encoding = Encoding.keep
        /// Of JPEG, 1...100.
        public var quality = 95

        /// Pictures as they are.
        public init() {}
    }

    /// Pictures written.
    public let pictures: Int
    /// Their captions.
    public let captions: Int
    /// Bytes of the pictures as written.
    public let bytes: Int
    /// Shards written; 0 for a folder.
    public let shards: Int
    /// Rows and pictures that were left out.
    public let leftOut: LeftOut
    /// False where it was interrupted: then nothing was written.
    public let isComplete: Bool

    /// Converts a corpus; what is at `target` afterwards is whole, and what is interrupted leaves nothing there.
    /// - Parameters:
    ///   - corpus: what to write.
    ///   - target: a folder that is not there or is empty, outside of the corpus.
    ///   - layout: what to write it as.
    ///   - form: what becomes of the pictures. They are decoded in any case, so that nothing broken is handed on.
    ///   - badFiles: what becomes of pictures that do not decode.
    ///   - progress: called now and then with the number of pictures done and the number of all.
    ///   - isInterrupted: asked now and then.
    /// - Throws: `CorpusError`, and `ImageError` where pictures cannot be encoded.
    public init(
        _ corpus: Corpus, to target: String, layout: Layout, form: Pictures, badFiles: BadFiles = .few,
        progress: ((Int, Int) -> Void)? = nil, isInterrupted: () -> Bool = { false }
    ) throws {
        let total = corpus.examples.count
        if form.encoding == .jpeg {
            // Told before hours of work and not after.
            _ = try Image(width: 1, height: 1, pixels: [0, 0, 0]).jpegData(quality: form.quality)
        }
        let staged = try StagedFolder(for: target, outside: corpus.folder)
        var leftOut = corpus.leftOut
        var (pictures, captions, bytes, bad) = (0, 0, 0, 0)
        do {
            var writer: any CorpusWriter =
                switch layout {
                case .folder: try FolderWriter(staged.path)
                case .shards(let size): ShardWriter(staged.path, size: size)
                }
            // Encoded on all processors, some at a time, and written in order.
            let step = 16 * ProcessInfo.processInfo.activeProcessorCount
            for start in stride(from: 0, to: total, by: step) {
                if isInterrupted() {
                    staged.discard()
                    self.init(isComplete: false, pictures, captions, bytes, shards: 0, leftOut)
                    return
                }
                let range = start..<min(start + step, total)
                for result in CorpusConversion.encoded(range, of: corpus, form) {
                    switch result {
                    case .success(let picture):
                        try writer.add(picture)
                        pictures += 1
                        captions += picture.captions.count
                        bytes += picture.bytes.count
                    case .failure(let refusal):
                        leftOut.add(refusal.problem)
                        bad += 1
                        guard !badFiles.refuses(bad, of: total) else {
                            throw CorpusError.unreadablePictures(
                                first: refusal.problem, count: bad, total: total, folder: corpus.folder)
                        }
                    }
                }
                progress?(range.upperBound, total)
            }
            guard pictures > 0 else { throw CorpusError.empty(file: corpus.folder) }
            try writer.finish()
            try staged.publish()
            self.init(isComplete: true, pictures, captions, bytes, shards: writer.shards, leftOut)
        } catch {
            staged.discard()
            throw error
        }
    }

    private init(
        isComplete: Bool, _ pictures: Int, _ captions: Int, _ bytes: Int, shards: Int, _ leftOut: LeftOut
    ) {
        (self.pictures, self.captions, self.bytes, self.shards) = (pictures, captions, bytes, shards)
        (self.leftOut, self.isComplete) = (leftOut, isComplete)
    }

    private struct Refusal: Error {
        let problem: CorpusProblem
    }

    private static func encoded(
        _ range: Range<Int>, of corpus: Corpus, _ form: Pictures
    ) -> [Result<WrittenPicture, Refusal>] {
        let results = Mutex([Result<WrittenPicture, Refusal>?](repeating: nil, count: range.count))
        DispatchQueue.concurrentPerform(iterations: range.count) { place in
            let example = range.lowerBound + place
            let result = Result { () throws(Refusal) in
                do {
                    return try WrittenPicture(example, of: corpus, form)
                } catch {
                    throw Refusal(problem: corpus.problem(.unreadablePicture, with: example, because: error))
                }
            }
            results.withLock { $0[place] = result }
        }
        return results.withLock { $0.compactMap { $0 } }
    }
}

extension WrittenPicture {
    fileprivate init(_ number: Int, of corpus: Corpus, _ form: CorpusConversion.Pictures) throws {
        let name = corpus.pictureName(number)
        let encoded = try corpus.encodedPicture(number)
        let image = try Image(decoding: encoded, named: name)
        guard let format = ImageFormat(signatureOf: encoded) else { throw ImageError.unrecognized(name: name) }
        let example = corpus.examples[number]
        let isKept =
            form.side == nil || image.width == form.side && image.height == form.side
        let isJPEG = form.encoding == .jpeg || form.encoding == .keep && format == .jpeg
        let hasFormat = form.encoding == .keep || format == (isJPEG ? .jpeg : .png)
        if isKept && hasFormat {
            bytes = encoded
        } else {
            let fitted = form.side.map { image.fitted(side: $0, aspect: form.aspect) } ?? image
            bytes = try isJPEG ? fitted.jpegData(quality: form.quality) : fitted.pngData()
        }
        switch ImageFormat(signatureOf: bytes) {
        case .jpeg: fileExtension = "jpg"
        case .webp: fileExtension = "webp"
        default: fileExtension = "png"
        }
        captions = example.captions
        className = example.label.map { corpus.classes[$0] }
        split = corpus.splitNumber(of: number).map { corpus.splits[$0] }
        source = name
    }
}
