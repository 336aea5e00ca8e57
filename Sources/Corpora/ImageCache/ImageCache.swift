import Synchronization
import Threads

/// The cache of a store's prepared images: a file, or memory where there is no file or it fails.
///
/// One dedicated thread writes the file: other threads, some of low priority, would block each other on the kernel's lock of
/// the file.
final class ImageCache: Sendable {
    /// The state of an image.
    enum Find {
        case cached(PreparedImage)
        /// The caller must decode it, and then call `keep` or `markBad`.
        case missing
        /// Another thread is decoding it.
        case busy
        /// It cannot be decoded.
        case bad
    }

    private enum Slot: UInt8 { case unknown, busy, waiting, inFile, inMemory, bad }

    private struct State {
        var slots: [Slot]
        /// Width and height of each image; empty where all have one size.
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

    private let form: ImagePreprocessing
    private let file: ImageCacheFile?
    private let memory: ImageCacheMemory
    private let state: Mutex<State>
    private let jobs = Monitor(Jobs())
    /// The most images that wait to be written.
    private static let queueLimit = 256

    init(count: Int, form: ImagePreprocessing, file path: String?, memoryLimit: Int?) {
        self.form = form
        var state = State(
            slots: [Slot](repeating: .unknown, count: count),
            sizes: form.hasOneSize ? [] : [UInt32](repeating: 0, count: count))
        var file: ImageCacheFile?
        if let path {
            do throws(ImageCacheFile.Failure) {
                let opened = try ImageCacheFile(path, form: form, count: count)
                if opened.wasReset {
                    state.notices.append("\(path) is damaged or belongs to other images; it is rebuilt")
                }
                file = opened
            } catch {
                state.notices.append("\(path) \(error.reason); decoded images are kept in memory")
            }
        }
        self.file = file
        memory = ImageCacheMemory(count: count, slotSize: form.capacity, limit: memoryLimit)
        self.state = Mutex(state)
    }

    /// Whether there is a file for a thread to write.
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

    /// Looks an image up; after `missing`, the caller must call `keep` or `markBad`.
    func find(_ example: Int) -> Find {
        state.withLock { state in
            switch state.slots[example] {
            case .unknown:
                state.slots[example] = .busy
                return .missing
            case .busy: return .busy
            case .bad: return .bad
            case .waiting: return state.waiting[example].map(Find.cached) ?? .busy
            case .inMemory: return .cached(image(memory.slot(example), example, state))
            case .inFile: return file.map { .cached(image($0.slot(example), example, state)) } ?? .busy
            }
        }
    }

    private func image(_ slot: UnsafeRawBufferPointer, _ example: Int, _ state: State) -> PreparedImage {
        PreparedImage(
            size: form.hasOneSize ? PreparedImage.Size(form.side, form.side) : .init(bits: state.sizes[example]),
            at: slot, of: self)
    }

    /// Whether an image is cached, being decoded, or known to be bad.
    func isKnown(_ example: Int) -> Bool { state.withLock { $0.slots[example] != .unknown } }

    /// Whether an image did not fit.
    var isFull: Bool { state.withLock { $0.isFull } }

    /// Looks for a missing image in the file that an earlier process wrote.
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

    /// Caches a missing image; waits while the queue of the writing thread is full.
    func keep(_ image: PreparedImage, of example: Int, stamp: UInt64) {
        let isForFile =
            file != nil
            && state.withLock { state in
                guard !state.fileIsFull else { return false }
                state.waiting[example] = image
                state.slots[example] = .waiting
                return true
            }
        guard isForFile else { return keepInMemory(image, of: example) }
        jobs.update { jobs -> Void? in
            guard jobs.queue.count < ImageCache.queueLimit else { return nil }
            jobs.queue.append((example, stamp))
            return ()
        }
    }

    /// Marks a missing image as one that cannot be decoded.
    func markBad(_ example: Int) { state.withLock { $0.slots[example] = .bad } }

    private func keepInMemory(_ image: PreparedImage, of example: Int) {
        let hasRoom = image.withBytes { memory.write($0, of: example) }
        settle(example, hasRoom ? .inMemory : .unknown, image.size)
        if !hasRoom { state.withLock { $0.isFull = true } }
    }

    private func settle(_ example: Int, _ slot: Slot, _ size: PreparedImage.Size) {
        state.withLock { state in
            if !form.hasOneSize { state.sizes[example] = size.bits }
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
        keepInMemory(image, of: example)
    }

    /// Caches in memory from now on: no thread could be started to write the file.
    func doWithoutFile() {
        state.withLock { $0.fileIsFull = true }
        report(once: "full", "no thread could be started to write the image cache; images are kept in memory")
    }

    func close() { jobs.update { $0.isClosed = true } }
}
