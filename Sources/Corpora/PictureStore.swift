import Dispatch
import Images
import Synchronization

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
    private let file: PictureFile?
    private let memory: PictureMemory
    private let state: Mutex<State>

    private enum Slot: UInt8 {
        /// Nobody has asked for it, or there was no room for it.
        case unknown
        /// A thread is at it.
        case busy
        case inFile, inMemory
        /// It cannot be decoded.
        case bad
    }

    private struct State {
        var slots: [Slot]
        var leftOut = LeftOut()
        var decoded = 0
        /// Why nothing is given out any more.
        var failure: CorpusError?
        var notices: [String] = []
        var told: Set<String> = []
        var fileIsFull = false
        var isOutOfRoom = false

        mutating func tell(once key: String, _ notice: String) {
            if told.insert(key).inserted { notices.append(notice) }
        }
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
        let count = corpus.examples.count
        let slotSize = PictureStore.sizeBytes + form.capacity
        var state = State(slots: [Slot](repeating: .unknown, count: count))
        var file: PictureFile?
        if let cache {
            do throws(PictureFile.Refusal) {
                let opened = try PictureFile(cache, form: form, count: count, slotSize: slotSize)
                if opened.wasBegunAnew {
                    state.notices.append("\(cache) is damaged or of other pictures, and is begun anew")
                }
                file = opened
            } catch {
                state.notices.append("\(cache) \(error.reason); decoded pictures are kept in memory")
            }
        }
        self.file = file
        memory = PictureMemory(count: count, slotSize: slotSize, limit: memoryLimit)
        self.state = Mutex(state)
    }

    // MARK: What is told

    /// What happened to the file that pictures are kept in, each kind once: since the last call, in order.
    public func takeNotices() -> [String] {
        state.withLock { state in
            defer { state.notices = [] }
            return state.notices
        }
    }

    /// The pictures that turned out bad so far.
    public var leftOut: LeftOut { state.withLock { $0.leftOut } }

    /// How many pictures this store has decoded.
    package var decodedCount: Int { state.withLock { $0.decoded } }

    // MARK: Pictures

    /// Picture `example` of the corpus, cut at the centre; nil where it cannot be decoded.
    /// - Throws: `CorpusError.unreadablePictures` when more pictures are bad than is allowed.
    public func image(_ example: Int) throws -> Image? {
        try withPicture(example) { picture in
            let origin = picture.window(at: [0.5, 0.5], side: form.side)
            var pixels: [UInt8] = []
            pixels.reserveCapacity(form.side * form.side * 3)
            for row in 0..<form.side {
                pixels += picture.row(origin.y + row, from: origin.x, count: form.side)
            }
            return Image(width: form.side, height: form.side, pixels: pixels)
        }
    }

    /// What to say when there is no picture to give out.
    package var nothingUsable: CorpusError {
        let none = CorpusProblem(kind: .unreadablePicture, file: "", line: nil, detail: "no picture can be decoded")
        let total = corpus.examples.count
        return .unreadablePictures(
            first: leftOut.first.first ?? none, count: total, total: total, folder: corpus.folder)
    }

    /// Whether picture `example` can be decoded; throws as `image` does.
    public func isUsable(_ example: Int) throws -> Bool { try withPicture(example) { _ in } != nil }

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
        let (slot, isOutOfRoom) = state.withLock { ($0.slots[example], $0.isOutOfRoom) }
        if isOutOfRoom { return false }
        if slot == .unknown { _ = try isUsable(example) }
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
        let side = form.side
        return try withPicture(example) { picture -> Void in
            let origin = picture.window(at: place, side: side)
            for row in 0..<side {
                let source = picture.row(origin.y + row, from: origin.x, count: side)
                let target = output + row * side * 3
                if flipped {
                    for column in 0..<side {
                        for channel in 0..<3 {
                            target[column * 3 + channel] = Float(source[(side - 1 - column) * 3 + channel]) / 127.5 - 1
                        }
                    }
                } else {
                    for index in 0..<side * 3 { target[index] = Float(source[index]) / 127.5 - 1 }
                }
            }
        } != nil
    }

    // MARK: Keeping

    /// A prepared picture where it lies: two bytes of width, two of height, then its pixels.
    private struct Picture {
        let bytes: UnsafeRawBufferPointer

        var width: Int { Int(bytes.loadUnaligned(as: UInt16.self)) }
        var height: Int { Int(bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }

        /// The top left corner of a window.
        func window(at place: SIMD2<Float>, side: Int) -> (x: Int, y: Int) {
            func start(_ place: Float, _ length: Int) -> Int { min(Int(place * Float(length - side + 1)), length - side) }
            return (start(place.x, width), start(place.y, height))
        }

        /// `count` pixels of a row, from column `start` on.
        func row(_ row: Int, from start: Int, count: Int) -> UnsafeRawBufferPointer {
            let begin = PictureStore.sizeBytes + (row * width + start) * 3
            return UnsafeRawBufferPointer(rebasing: bytes[begin..<begin + count * 3])
        }
    }

    /// What a slot has before its pixels.
    private static let sizeBytes = 4

    /// Lends a picture, decoded first where it must be; nil where it is bad.
    private func withPicture<Result>(_ example: Int, _ body: (Picture) -> Result) throws -> Result? {
        let slot = try state.withLock { state throws(CorpusError) in
            if let failure = state.failure { throw failure }
            let slot = state.slots[example]
            if slot == .unknown { state.slots[example] = .busy }
            return slot
        }
        switch slot {
        case .inFile: if let file { return body(Picture(bytes: file.slot(example))) }
        case .inMemory: return body(Picture(bytes: memory.slot(example)))
        case .bad: return nil
        case .unknown, .busy: break
        }
        // What another thread is at is decoded here too and not kept: that thread may have to wait long for a processor.
        let isMine = slot == .unknown
        var kept = Slot.unknown
        defer { if isMine { state.withLock { $0.slots[example] = kept } } }
        let stamp: UInt64
        let bytes: [UInt8]
        do {
            stamp = try corpus.pictureStamp(example)
            if isMine, let file, isKept(example, stamp, in: file) {
                kept = .inFile
                return body(Picture(bytes: file.slot(example)))
            }
            bytes = try decode(example)
        } catch {
            if isMine {
                kept = .bad
                try leaveOut(example, error)
            }
            return nil
        }
        return bytes.withUnsafeBytes { bytes in
            if isMine { kept = keep(bytes, of: example, stamp: stamp) }
            return body(Picture(bytes: bytes))
        }
    }

    private func isKept(_ example: Int, _ stamp: UInt64, in file: PictureFile) -> Bool {
        let knowledge = file.knowledge(of: example, stamp: stamp)
        switch knowledge {
        case .kept: return true
        case .nothing: break
        case .otherPicture:
            state.withLock {
                $0.tell(
                    once: "exchanged",
                    "\(corpus.pictureName(example)) is not the picture that it was, and is decoded anew"
                        + " (others that changed are not named)")
            }
        case .damaged:
            state.withLock {
                $0.tell(once: "damaged", "the file of decoded pictures is damaged; what is wrong in it is decoded anew")
            }
        }
        return false
    }

    private func decode(_ example: Int) throws -> [UInt8] {
        let encoded = try corpus.encodedPicture(example)
        let image = form.prepare(
            try Image(decoding: encoded, named: corpus.pictureName(example), atLeast: form.shortSide))
        state.withLock { $0.decoded += 1 }
        var slot = [UInt8](repeating: 0, count: PictureStore.sizeBytes + form.capacity)
        slot.withUnsafeMutableBytes { slot in
            slot.storeBytes(of: UInt16(image.width), as: UInt16.self)
            slot.storeBytes(of: UInt16(image.height), toByteOffset: 2, as: UInt16.self)
            image.pixels.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: slot[PictureStore.sizeBytes...]).copyMemory(from: $0)
            }
        }
        return slot
    }

    /// Puts a slot where there is room for it.
    private func keep(_ bytes: UnsafeRawBufferPointer, of example: Int, stamp: UInt64) -> Slot {
        if let file, !state.withLock({ $0.fileIsFull }) {
            do throws(PictureFile.Refusal) {
                try file.write(bytes, of: example, stamp: stamp)
                return .inFile
            } catch {
                state.withLock {
                    $0.fileIsFull = true
                    $0.tell(
                        once: "full", "the file of decoded pictures \(error.reason); further ones are kept in memory")
                }
            }
        }
        if memory.write(bytes, of: example) { return .inMemory }
        state.withLock { $0.isOutOfRoom = true }
        return .unknown
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
