import Dispatch
import Glibc
import Images
import Synchronization
import Threads

/// The preprocessed images of a corpus. Each image is decoded once, when it is first requested.
///
/// Preprocessed images are cached in a file that later processes reuse, or in memory if there is no file or it fails.
/// The choice affects speed only, never the images. Safe to use from any number of threads.
public final class ImageStore: Sendable {
    /// The corpus that the images belong to.
    public let corpus: Corpus
    /// How images are preprocessed.
    public let preprocessing: ImagePreprocessing
    private let badFiles: BadFilePolicy
    private let cache: ImageCache
    private let writer: WorkerThreads
    private let state = Mutex(State())

    private struct State {
        var skipped = SkippedItems()
        var decoded = 0
        /// The failure that every further request throws.
        var failure: CorpusError?
    }

    /// Creates a store; nothing is decoded yet.
    /// - Parameters:
    ///   - corpus: the corpus that the images belong to.
    ///   - preprocessing: how to preprocess the images.
    ///   - badFiles: how many images may fail to decode.
    ///   - cachePath: path of the cache file; nil caches in memory only.
    ///   - isShared: whether other processes use the cache file at the same time, for the same images.
    ///   - memoryLimit: maximum size of the memory cache in bytes; nil is half of the machine's memory. Images that do
    ///     not fit are decoded on every request.
    public init(
        corpus: Corpus, preprocessing: ImagePreprocessing, badFiles: BadFilePolicy = .limited,
        cache cachePath: String? = nil, isShared: Bool = false,
        memoryLimit: Int? = nil
    ) {
        self.corpus = corpus
        self.preprocessing = preprocessing
        self.badFiles = badFiles
        let cache = ImageCache(
            count: corpus.examples.count, preprocessing: preprocessing, file: cachePath, isShared: isShared,
            memoryLimit: memoryLimit)
        self.cache = cache
        // The thread retains the cache but not the store, so that releasing the store ends the thread.
        writer = WorkerThreads(count: cache.hasFile ? 1 : 0, niceness: 0) { cache.write() }
        if cache.hasFile && writer.isEmpty { cache.doWithoutFile() }
    }

    deinit {
        cache.close()
        writer.join()
    }

    // MARK: Reports

    /// Messages about the cache file since the last call, in order. Each kind of event is reported once.
    public func takeNotices() -> [String] { cache.takeNotices() }

    /// The images that failed to decode so far.
    public var skipped: SkippedItems { state.withLock { $0.skipped } }

    /// Number of images this store has decoded.
    package var decodedCount: Int { state.withLock { $0.decoded } }

    /// The error to throw when no image can be decoded.
    package var nothingUsable: CorpusError {
        let none = CorpusProblem(kind: .unreadableImage, file: "", line: nil, detail: "no image can be decoded")
        let total = corpus.examples.count
        return .unreadableImages(
            first: skipped.first.first ?? none, count: total, total: total, .skip, folder: corpus.folder)
    }

    // MARK: Images

    /// Image `example`, `side × side` pixels, cropped at the centre; nil if it cannot be decoded.
    /// - Throws: `CorpusError.unreadableImages` when more images fail to decode than `badFiles` allows.
    public func image(_ example: Int) throws -> Image? {
        try preparedImage(example)?.cropped(at: [0.5, 0.5], side: preprocessing.side)
    }

    /// Whether image `example` can be decoded; throws as `image` does.
    public func isUsable(_ example: Int) throws -> Bool { try preparedImage(example) != nil }

    /// Decodes every image on all processors.
    /// - Parameter progress: called from time to time, one call at a time, with the number of images done.
    /// - Returns: the examples whose images cannot be decoded.
    /// - Throws: as `image` does.
    public func readAll(progress: (@Sendable (Int) -> Void)? = nil) throws -> Set<Int> {
        let bad = Mutex<Set<Int>>([])
        let failure = Mutex<(any Error)?>(nil)
        let done = ProgressCount(total: corpus.examples.count, report: progress)
        DispatchQueue.concurrentPerform(iterations: corpus.examples.count) { example in
            guard failure.withLock({ $0 == nil }) else { return }
            do {
                if try !isUsable(example) { bad.withLock { _ = $0.insert(example) } }
            } catch {
                failure.withLock { $0 = error }
            }
            done.advance()
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return bad.withLock { $0 }
    }

    /// Decodes image `example` unless it is cached or another thread is decoding it.
    /// - Returns: whether prefetching can continue; false when the cache is full.
    func prefetch(_ example: Int) throws -> Bool {
        if cache.isFull { return false }
        if !cache.isKnown(example) { _ = try preparedImage(example) }
        return true
    }

    /// Writes a crop of image `example` to `output`, `[side, side, 3]` values in −1…1.
    /// - Parameters:
    ///   - window: position of the crop, each coordinate a fraction in 0 ..< 1 of the free space, from the top left.
    ///   - flipped: whether the crop is mirrored left to right.
    /// - Returns: whether the image could be decoded; nothing is written otherwise.
    func write(
        _ example: Int, at window: SIMD2<Float>, flipped: Bool, to output: UnsafeMutablePointer<Float>
    ) throws -> Bool {
        guard let image = try preparedImage(example) else { return false }
        image.write(at: window, side: preprocessing.side, flipped: flipped, to: output)
        return true
    }

    // MARK: Decoding

    /// The preprocessed image, decoded if necessary; nil if it cannot be decoded.
    private func preparedImage(_ example: Int) throws -> PreparedImage? {
        while true {
            if let failure = state.withLock({ $0.failure }) { throw failure }
            switch cache.find(example) {
            case .cached(let image): return image
            case .bad: return nil
            case .decoding:
                // Decoding it here as well beats waiting: the other thread may have a low priority.
                if let image = try? decode(example) { return image }
                // The failure may be transient, such as too many open files. The other thread's outcome decides whether
                // the image is bad, so that no run depends on which of the two was hit.
                usleep(1000)
            case .missing: return try decodeMissing(example)
            }
        }
    }

    /// Decodes an image that this thread has claimed, and records the outcome.
    private func decodeMissing(_ example: Int) throws -> PreparedImage? {
        do {
            let stamp = try corpus.imageStamp(example)
            if let image = cache.findInFile(example, stamp: stamp, name: corpus.imageName(example)) { return image }
            let image = try decode(example)
            cache.insert(image, for: example, stamp: stamp)
            return image
        } catch {
            cache.markBad(example)
            try skip(example, error)
            return nil
        }
    }

    private func decode(_ example: Int) throws -> PreparedImage {
        let encoded = try corpus.encodedImage(example)
        let name = corpus.imageName(example)
        let image = preprocessing.prepare(try Image(decoding: encoded, named: name, atLeast: preprocessing.shortSide))
        state.withLock { $0.decoded += 1 }
        return PreparedImage(image)
    }

    /// Records an image that failed to decode; throws if there are too many.
    private func skip(_ example: Int, _ error: any Error) throws {
        let problem = corpus.problem(.unreadableImage, with: example, because: error)
        try state.withLock { state throws(CorpusError) in
            if let failure = state.failure { throw failure }
            state.skipped.add(problem)
            let (count, total) = (state.skipped.total, corpus.examples.count)
            if badFiles.refuses(count, of: total) {
                let failure = CorpusError.unreadableImages(
                    first: state.skipped.first.first ?? problem, count: count, total: total, badFiles,
                    folder: corpus.folder)
                state.failure = failure
                throw failure
            }
        }
    }
}
