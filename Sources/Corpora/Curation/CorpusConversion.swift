import FoundationEssentials
import Images
import Threads

/// A conversion of a corpus to another layout, image size or format.
public struct CorpusConversion: Sendable {
    /// The layout that is written.
    public enum Layout: Sendable, Equatable {
        /// `images/` and `metadata.jsonl`.
        case folder
        /// WebDataset shards.
        case shards(ShardLimit)
    }

    /// How images are encoded.
    public enum Encoding: String, Sendable, CaseIterable {
        /// The original format, and the original bytes if the size does not change. Resized images that are not JPEG
        /// become PNG.
        case keep
        case png
        case jpeg
    }

    /// How images are resized and encoded.
    public struct ImageOptions: Sendable {
        /// Width and height in pixels; nil keeps the size.
        public var side: Int?
        /// How images that are not square are fitted to `side`.
        public var aspect = AspectMode.crop
        /// How they are encoded.
        public var encoding = Encoding.keep
        /// JPEG quality, 1...100.
        public var quality = 95

        /// Images unchanged.
        public init() {}
    }

    /// Number of images written.
    public let images: Int
    /// Number of captions written.
    public let captions: Int
    /// Total size of the written images in bytes.
    public let bytes: Int
    /// Number of shards written; 0 for a folder.
    public let shards: Int
    /// Rows and images that were skipped.
    public let skipped: SkippedItems
    /// False if the conversion was interrupted; nothing was written then.
    public let isComplete: Bool

    /// Converts a corpus. Afterwards, `target` holds the complete result or does not exist.
    /// - Parameters:
    ///   - corpus: the corpus to convert.
    ///   - target: a folder that does not exist or is empty, outside of the corpus.
    ///   - layout: the layout to write.
    ///   - options: how to resize and encode images. Every image is decoded, so that no broken image is copied.
    ///   - badFiles: the policy for images that cannot be decoded.
    ///   - progress: called from time to time with the numbers of images done and in total.
    ///   - isInterrupted: polled from time to time.
    /// - Throws: `CorpusError`, or `ImageError` if images cannot be encoded.
    public init(
        _ corpus: Corpus, to target: String, layout: Layout, options: ImageOptions, badFiles: BadFilePolicy = .limited,
        progress: ((Int, Int) -> Void)? = nil, isInterrupted: () -> Bool = { false }
    ) throws {
        let total = corpus.examples.count
        if options.encoding == .jpeg {
            // Fail before hours of work, not after.
            _ = try Image(width: 1, height: 1, pixels: [0, 0, 0]).jpegData(quality: options.quality)
        }
        let staged = try StagedFolder(for: target, outside: corpus.folder)
        var skipped = corpus.skipped
        var (images, captions, bytes, bad) = (0, 0, 0, 0)
        do {
            var writer: any CorpusWriter =
                switch layout {
                case .folder: try FolderWriter(staged.path)
                case .shards(let size): ShardWriter(staged.path, size: size)
                }
            // Images are encoded on all processors, a batch at a time, and written in order.
            let step = 16 * ProcessInfo.processInfo.activeProcessorCount
            for start in stride(from: 0, to: total, by: step) {
                if isInterrupted() {
                    staged.discard()
                    self.init(isComplete: false, images, captions, bytes, shards: 0, skipped)
                    return
                }
                let range = start..<min(start + step, total)
                for result in CorpusConversion.encoded(range, of: corpus, options) {
                    switch result {
                    case .success(let image):
                        try writer.add(image)
                        images += 1
                        captions += image.captions?.count ?? 0
                        bytes += image.bytes.count
                    case .failure(let failure):
                        skipped.add(failure.problem)
                        bad += 1
                        guard !badFiles.refuses(bad, of: total) else {
                            throw CorpusError.unreadableImages(
                                first: failure.problem, count: bad, total: total, badFiles, folder: corpus.folder)
                        }
                    }
                }
                progress?(range.upperBound, total)
            }
            guard images > 0 else { throw CorpusError.empty(file: corpus.folder) }
            try writer.finish()
            try staged.publish()
            self.init(isComplete: true, images, captions, bytes, shards: writer.shards, skipped)
        } catch {
            staged.discard()
            throw error
        }
    }

    private init(
        isComplete: Bool, _ images: Int, _ captions: Int, _ bytes: Int, shards: Int, _ skipped: SkippedItems
    ) {
        (self.images, self.captions, self.bytes, self.shards) = (images, captions, bytes, shards)
        (self.skipped, self.isComplete) = (skipped, isComplete)
    }

    private struct Failure: Error {
        let problem: CorpusProblem
    }

    private static func encoded(
        _ range: Range<Int>, of corpus: Corpus, _ options: ImageOptions
    ) -> [Result<EncodedImage, Failure>] {
        range.concurrentMap { example in
            Result { () throws(Failure) in
                do {
                    return try EncodedImage(example, of: corpus, options)
                } catch {
                    throw Failure(problem: corpus.problem(.unreadableImage, with: example, because: error))
                }
            }
        }
    }
}

extension EncodedImage {
    fileprivate init(_ number: Int, of corpus: Corpus, _ options: CorpusConversion.ImageOptions) throws {
        let name = corpus.imageName(number)
        let encoded = try corpus.encodedImage(number)
        guard let format = ImageFormat(signatureOf: encoded) else { throw ImageError.unrecognized(name: name) }
        let (width, height) = try Image.size(of: encoded, named: name)
        let isJPEG = options.encoding == .jpeg || options.encoding == .keep && format == .jpeg
        let hasSize = options.side == nil || width == options.side && height == options.side
        let hasFormat = options.encoding == .keep || format == (isJPEG ? .jpeg : .png)
        let isCopied = hasSize && hasFormat
        // A copied image is decoded only to find damage, at any size. Others are reduced from their full size, unless
        // they are too large.
        let isLarge = width * height > Image.maximumPixels
        let image = try Image(
            decoding: encoded, named: name, atLeast: isCopied ? 1 : isLarge ? options.side : nil)
        if isCopied {
            bytes = encoded
        } else {
            let fitted = options.side.map { image.fitted(side: $0, aspect: options.aspect) } ?? image
            bytes = try isJPEG ? fitted.jpegData(quality: options.quality) : fitted.pngData()
        }
        fileExtension = (ImageFormat(signatureOf: bytes) ?? .png).suffixes[0]
        let example = corpus.examples[number]
        captions = example.text
        className = example.label.map { corpus.classes[$0] }
        split = corpus.splitNumber(of: number).map { corpus.splits[$0] }
        source = name
    }
}
