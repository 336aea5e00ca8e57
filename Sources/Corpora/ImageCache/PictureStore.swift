import Dispatch
import Images
import Synchronization
import Threads

/// The pictures of a corpus as `form` prepares them, each decoded when it is first asked for, and once.
///
/// They are kept in a file that a later process takes up again, or in memory where there is none or where it fails: which
/// of them it is changes nothing but the time it takes. Any number of threads may ask.
public final class PictureStore: Sendable {
    /// Whose pictures they are.
    public let corpus: Corpus
    /// How they are prepared.
    public let form: PictureForm
    private let badFiles: BadFiles
    private let shelf: PictureShelf
    private let writer: WorkerThreads
    private let state = Mutex(State())

    private struct State {
        var leftOut = LeftOut()
        var decoded = 0
        /// Why nothing is given out any more.
        var failure: CorpusError?
    }

    /// - Parameters:
    ///   - corpus: whose pictures.
    ///   - form: how to prepare them.
    ///   - badFiles: what becomes of pictures that cannot be decoded.
    ///   - cache: path of the file to keep them in; memory alone where nil.
    ///   - memoryLimit: most bytes to keep in memory, half of the machine's where nil; what finds no room is decoded each
    ///     time it is asked for.
    public init(
        corpus: Corpus, form: PictureForm, badFiles: BadFiles = .few, cache: String? = nil, memoryLimit: Int? = nil
    ) {
        self.corpus = corpus
        self.form = form
        self.badFiles = badFiles
        let shelf = PictureShelf(
            count: corpus.examples.count, form: form, cache: cache, memoryLimit: memoryLimit)
        self.shelf = shelf
        // It holds the shelf and not the store: releasing the store is what ends it.
        writer = WorkerThreads(count: shelf.hasFile ? 1 : 0, niceness: 0) { shelf.write() }
        if shelf.hasFile && writer.isEmpty { shelf.doWithoutFile() }
    }

    deinit {
        shelf.close()
        writer.join()
    }

    // MARK: What is told

    /// What happened to the file that pictures are kept in, each kind once: since the last call, in order.
    public func takeNotices() -> [String] { shelf.takeNotices() }

    /// The pictures that turned out bad so far.
    public var leftOut: LeftOut { state.withLock { $0.leftOut } }

    /// How many pictures this store has decoded.
    package var decodedCount: Int { state.withLock { $0.decoded } }

    /// What to say when there is no picture to give out.
    package var nothingUsable: CorpusError {
        let none = CorpusProblem(kind: .unreadablePicture, file: "", line: nil, detail: "no picture can be decoded")
        let total = corpus.examples.count
        return .unreadablePictures(
            first: leftOut.first.first ?? none, count: total, total: total, folder: corpus.folder)
    }

    // MARK: Pictures

    /// Picture `example` of the corpus, cut at the centre; nil where it cannot be decoded.
    /// - Throws: `CorpusError.unreadablePictures` when more pictures are bad than is allowed.
    public func image(_ example: Int) throws -> Image? {
        try picture(example)?.window(at: [0.5, 0.5], side: form.side)
    }

    /// Whether picture `example` can be decoded; throws as `image` does.
    public func isUsable(_ example: Int) throws -> Bool { try picture(example) != nil }

    /// Decodes every picture on all processors.
    /// - Parameter progress: called now and then, one call at a time, with the number of pictures done.
    /// - Returns: the examples whose pictures are bad.
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

    /// Decodes picture `example` where that is still to be done and nobody is at it.
    /// - Returns: whether it is of use to go on with others: not when nothing has room any more.
    func decodeAhead(_ example: Int) throws -> Bool {
        if shelf.isOutOfRoom { return false }
        if !shelf.isKnown(example) { _ = try picture(example) }
        return true
    }

    /// Writes picture `example` as numbers in −1…1 to `output`, `side * side * 3` of them.
    /// - Parameters:
    ///   - place: where the window lies within what a picture has beyond it, 0 ..< 1 to the right and downward.
    ///   - flipped: whether the window is mirrored left to right.
    /// - Returns: whether the picture could be decoded; nothing is written otherwise.
    func write(
        _ example: Int, at place: SIMD2<Float>, flipped: Bool, to output: UnsafeMutablePointer<Float>
    ) throws -> Bool {
        guard let picture = try picture(example) else { return false }
        picture.write(window: place, side: form.side, flipped: flipped, to: output)
        return true
    }

    // MARK: Decoding

    /// A picture, decoded first where it must be; nil where it is bad.
    private func picture(_ example: Int) throws -> PreparedPicture? {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        switch shelf.find(example) {
        case .kept(let picture): return picture
        case .bad: return nil
        case .busy:
            // Decoded here too and not kept: the other thread may have to wait long for a processor.
            return try? decode(example)
        case .missing:
            do {
                let stamp = try corpus.pictureStamp(example)
                if let kept = shelf.findInFile(example, stamp: stamp, name: corpus.pictureName(example)) {
                    return kept
                }
                let picture = try decode(example)
                shelf.keep(picture, of: example, stamp: stamp)
                return picture
            } catch {
                shelf.giveUp(example)
                try leaveOut(example, error)
                return nil
            }
        }
    }

    private func decode(_ example: Int) throws -> PreparedPicture {
        let encoded = try corpus.encodedPicture(example)
        let name = corpus.pictureName(example)
        let image = form.prepare(try Image(decoding: encoded, named: name, atLeast: form.shortSide))
        state.withLock { $0.decoded += 1 }
        return PreparedPicture(image)
    }

    /// Counts a bad picture, and ends everything when there are too many.
    private func leaveOut(_ example: Int, _ error: any Error) throws {
        // The problem names the picture already.
        var (reason, name) = ("\(error)", corpus.pictureName(example))
        for prefix in ["\(name): ", "\(corpus.folder)/\(name): "] where reason.hasPrefix(prefix) {
            reason.removeFirst(prefix.count)
        }
        let problem = corpus.problem(.unreadablePicture, with: example, reason)
        try state.withLock { state throws(CorpusError) in
            if let failure = state.failure { throw failure }
            state.leftOut.add(problem)
            let (count, total) = (state.leftOut.total, corpus.examples.count)
            if badFiles.refuses(count, of: total) {
                let failure = CorpusError.unreadablePictures(
                    first: state.leftOut.first.first ?? problem, count: count, total: total, folder: corpus.folder)
                state.failure = failure
                throw failure
            }
        }
    }
}
