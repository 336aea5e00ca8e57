import Dispatch
import Images
import Synchronization
import Threads

/// The images of a corpus as `form` prepares them. Each is decoded once, when it is first requested.
///
/// Prepared images are cached in a file that later processes reuse, or in memory where there is no file or it fails; which
/// of the two changes nothing but the time it takes. Safe to use from any number of threads.
public final class ImageStore: Sendable {
    /// The corpus that the images belong to.
    public let corpus: Corpus
    /// How they are prepared.
    public let form: ImagePreprocessing
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
    ///   - form: how to prepare the images.
    ///   - badFiles: how many images may fail to decode.
    ///   - cachePath: path of the cache file; nil caches in memory alone.
    ///   - memoryLimit: the most bytes to cache in memory; nil is half of the machine's. Images beyond it are decoded on
    ///     every request.
    public init(
        corpus: Corpus, form: ImagePreprocessing, badFiles: BadFilePolicy = .few, cache cachePath: String? = nil,
        memoryLimit: Int? = nil
    ) {
        self.corpus = corpus
        self.form = form
        self.badFiles = badFiles
        let cache = ImageCache(
            count: corpus.examples.count, form: form, file: cachePath, memoryLimit: memoryLimit)
        self.cache = cache
        // The thread holds the cache and not the store, so that releasing the store ends it.
        writer = WorkerThreads(count: cache.hasFile ? 1 : 0, niceness: 0) { cache.write() }
        if cache.hasFile && writer.isEmpty { cache.doWithoutFile() }
    }

    deinit {
        cache.close()
        writer.join()
    }

    // MARK: Reports

    /// Messages about the cache file since the last call, in order; each kind of event is reported once.
    public func takeNotices() -> [String] { cache.takeNotices() }

    /// The images that failed to decode so far.
    public var skipped: SkippedItems { state.withLock { $0.skipped } }

    /// Number of images this store has decoded.
    package var decodedCount: Int { state.withLock { $0.decoded } }

    /// The error where no image can be decoded.
    package var nothingUsable: CorpusError {
        let none = CorpusProblem(kind: .unreadableImage, file: "", line: nil, detail: "no image can be decoded")
        let total = corpus.examples.count
        return .unreadableImages(
            first: skipped.first.first ?? none, count: total, total: total, folder: corpus.folder)
    }

    // MARK: Images

    /// Image `example`, `side × side`, cropped at the centre; nil where it cannot be decoded.
    /// - Throws: `CorpusError.unreadableImages` when more images fail to decode than `badFiles` allows.
    public func image(_ example: Int) throws -> Image? {
        try preparedImage(example)?.window(at: [0.5, 0.5], side: form.side)
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
    ///   - place: position of the crop, 0 ..< 1 of the free space to the right and downward.
    ///   - flipped: whether the crop is mirrored left to right.
    /// - Returns: whether the image could be decoded; nothing is written otherwise.
    func write(
        _ example: Int, at place: SIMD2<Float>, flipped: Bool, to output: UnsafeMutablePointer<Float>
    ) throws -> Bool {
        guard let image = try preparedImage(example) else { return false }
        image.write(window: place, side: form.side, flipped: flipped, to: output)
        return true
    }

    // MARK: Decoding

    /// The prepared image, decoded if necessary; nil where it cannot be decoded.
    private func preparedImage(_ example: Int) throws -> PreparedImage? {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        switch cache.find(example) {
        case .cached(let image): return image
        case .bad: return nil
        case .busy:
            // Decoded here too and not cached: the other thread may have a low priority.
            return try? decode(example)
        case .missing:
            do {
                let stamp = try corpus.imageStamp(example)
                if let kept = cache.findInFile(example, stamp: stamp, name: corpus.imageName(example)) {
                    return kept
                }
                let image = try decode(example)
                cache.keep(image, of: example, stamp: stamp)
                return image
            } catch {
                cache.markBad(example)
                try skip(example, error)
                return nil
            }
        }
    }

    private func decode(_ example: Int) throws -> PreparedImage {
        let encoded = try corpus.encodedImage(example)
        let name = corpus.imageName(example)
        let image = form.prepare(try Image(decoding: encoded, named: name, atLeast: form.shortSide))
        state.withLock { $0.decoded += 1 }
        return PreparedImage(image)
    }

    /// Counts an image that failed to decode, and throws when there are too many.
    private func skip(_ example: Int, _ error: any Error) throws {
        // The problem states the name itself.
        var (reason, name) = ("\(error)", corpus.imageName(example))
        for prefix in ["\(name): ", "\(corpus.folder)/\(name): "] where reason.hasPrefix(prefix) {
            reason.removeFirst(prefix.count)
        }
        let problem = corpus.problem(.unreadableImage, with: example, reason)
        try state.withLock { state throws(CorpusError) in
            if let failure = state.failure { throw failure }
            state.skipped.add(problem)
            let (count, total) = (state.skipped.total, corpus.examples.count)
            if badFiles.refuses(count, of: total) {
                let failure = CorpusError.unreadableImages(
                    first: state.skipped.first.first ?? problem, count: count, total: total, folder: corpus.folder)
                state.failure = failure
                throw failure
            }
        }
    }
}
