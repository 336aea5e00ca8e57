import Synchronization
import Threads

/// The cache of a store's preprocessed images: a file, or memory if there is no file or it fails.
///
/// One dedicated thread writes the file. Several writers, some of low priority, would block each other on the kernel's
/// inode lock.
final class ImageCache: Sendable {
    /// The result of looking an image up.
    enum Lookup {
        case cached(PreparedImage)
        /// The caller now owns the decoding and must call `insert` or `markBad`.
        case missing
        /// Another thread is decoding it.
        case decoding
        /// It cannot be decoded.
        case bad
    }

    private enum SlotState: UInt8 { case unknown, decoding, waiting, inFile, inMemory, bad }

    private struct State {
        var slots: [SlotState]
        /// Width and height of each image; empty if all images have the same size.
        var sizes: [UInt32]
        /// Images that are still to be written to the file.
        var waiting: [Int: PreparedImage] = [:]
        var notices: [String] = []
        var reported: Set<String> = []
        var fileIsFull = false
        var isFull = false
    }

    private struct Jobs {
        var queue: [(example: Int, stamp: UInt64)] = []
        var isClosed = false
    }

    private let preprocessing: ImagePreprocessing
    private let file: ImageCacheFile?
    private let memory: ImageCacheMemory
    private let state: Mutex<State>
    private let jobs = Monitor(Jobs())
    /// Maximum number of images waiting to be written.
    private static let queueLimit = 256

    init(count: Int, preprocessing: ImagePreprocessing, file path: String?, isShared: Bool, memoryLimit: Int?) {
        self.preprocessing = preprocessing
        var state = State(
            slots: [SlotState](repeating: .unknown, count: count),
            sizes: preprocessing.hasOneSize ? [] : [UInt32](repeating: 0, count: count))
        var file: ImageCacheFile?
        if let path {
            do throws(ImageCacheFile.Failure) {
                let opened = try ImageCacheFile(path, preprocessing: preprocessing, count: count, isShared: isShared)
                if opened.wasReset {
                    state.notices.append("\(path) is damaged or belongs to other images; it is rebuilt")
                }
                file = opened
            } catch {
                state.notices.append("\(path) \(error.reason); decoded images are kept in memory")
            }
        }
        self.file = file
        memory = ImageCacheMemory(count: count, slotSize: preprocessing.capacity, limit: memoryLimit)
        self.state = Mutex(state)
    }

    /// Whether there is a cache file, which needs a writer thread.
    var hasFile: Bool { file != nil }

    func takeNotices() -> [String] {
        state.withLock { state in
            defer { state.notices = [] }
            return state.notices
        }
    }

    private func report(once key: String, _ notice: @autoclosure () -> String) {
        state.withLock { if $0.reported.insert(key).inserted { $0.notices.append(notice()) } }
    }

    // MARK: Lookup

    /// Looks an image up; after `missing`, the caller must call `insert` or `markBad`.
    func find(_ example: Int) -> Lookup {
        state.withLock { state in
            switch state.slots[example] {
            case .unknown:
                state.slots[example] = .decoding
                return .missing
            case .decoding: return .decoding
            case .bad: return .bad
            case .waiting: return state.waiting[example].map(Lookup.cached) ?? .decoding
            case .inMemory: return .cached(image(memory.slot(example), example, state))
            case .inFile: return file.map { .cached(image($0.slot(example), example, state)) } ?? .decoding
            }
        }
    }

    private func image(_ slot: UnsafeRawBufferPointer, _ example: Int, _ state: State) -> PreparedImage {
        PreparedImage(
            size: preprocessing.hasOneSize
                ? PreparedImage.Size(preprocessing.side, preprocessing.side) : .init(bits: state.sizes[example]),
            at: slot, ownedBy: self)
    }

    /// Whether an image is cached, being decoded, or known to be bad.
    func isKnown(_ example: Int) -> Bool { state.withLock { $0.slots[example] != .unknown } }

    /// Whether some image did not fit into the cache.
    var isFull: Bool { state.withLock { $0.isFull } }

    /// Looks a missing image up in the cache file, which an earlier process may have filled.
    /// - Parameter name: the image's name, for messages.
    func findInFile(_ example: Int, stamp: UInt64, name: String) -> PreparedImage? {
        guard let file else { return nil }
        switch file.entry(of: example, stamp: stamp) {
        case .valid(let size):
            settle(example, .inFile, size)
            return state.withLock { image(file.slot(example), example, $0) }
        case .empty: break
        case .changed:
            report(
                once: "changed",
                "\(name) has changed and is decoded again (other changed images are not listed)")
        case .damaged:
            report(once: "damaged", "the image cache is damaged; the affected images are decoded again")
        }
        return nil
    }

    // MARK: Insertion

    /// Caches a missing image; blocks while the writer thread's queue is full.
    func insert(_ image: PreparedImage, for example: Int, stamp: UInt64) {
        let isForFile =
            file != nil
            && state.withLock { state in
                guard !state.fileIsFull else { return false }
                state.waiting[example] = image
                state.slots[example] = .waiting
                return true
            }
        guard isForFile else { return insertIntoMemory(image, for: example) }
        jobs.update { jobs -> Void? in
            guard jobs.queue.count < ImageCache.queueLimit else { return nil }
            jobs.queue.append((example, stamp))
            return ()
        }
    }

    /// Records that a missing image cannot be decoded.
    func markBad(_ example: Int) { state.withLock { $0.slots[example] = .bad } }

    private func insertIntoMemory(_ image: PreparedImage, for example: Int) {
        let hasRoom = image.withBytes { memory.write($0, of: example) }
        settle(example, hasRoom ? .inMemory : .unknown, image.size)
        if !hasRoom { state.withLock { $0.isFull = true } }
    }

    private func settle(_ example: Int, _ slot: SlotState, _ size: PreparedImage.Size) {
        state.withLock { state in
            if !preprocessing.hasOneSize { state.sizes[example] = size.bits }
            state.slots[example] = slot
            state.waiting[example] = nil
        }
    }

    // MARK: Writing

    /// Writes queued images to the file until the cache is closed and the queue is empty.
    func write() {
        guard let file else { return }
        while true {
            let batch = jobs.update { jobs -> [(example: Int, stamp: UInt64)]? in
                if jobs.queue.isEmpty { return jobs.isClosed ? [] : nil }
                defer { jobs.queue = [] }
                return jobs.queue
            }
            if batch.isEmpty { return }
            for job in batch { write(job.example, stamp: job.stamp, to: file) }
        }
    }

    private func write(_ example: Int, stamp: UInt64, to file: ImageCacheFile) {
        guard let image = state.withLock({ $0.waiting[example] }) else { return }
        if !state.withLock({ $0.fileIsFull }) {
            do throws(ImageCacheFile.Failure) {
                try file.write(image, of: example, stamp: stamp)
                settle(example, .inFile, image.size)
                return
            } catch {
                state.withLock { $0.fileIsFull = true }
                report(once: "full", "the image cache \(error.reason); further images are kept in memory")
            }
        }
        insertIntoMemory(image, for: example)
    }

    /// Switches to the memory cache because no writer thread could be started.
    func doWithoutFile() {
        state.withLock { $0.fileIsFull = true }
        report(once: "full", "no thread could be started to write the image cache; images are kept in memory")
    }

    func close() { jobs.update { $0.isClosed = true } }
}
