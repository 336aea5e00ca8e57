import Synchronization
import Threads

/// Where the prepared pictures of a store are kept: in a file, or in memory where there is none or it fails.
///
/// A thread of its own writes the file. The others, of which some have the least priority, would wait for each other at the
/// kernel's lock of the file.
final class PictureShelf: Sendable {
    /// What there is of a picture.
    enum Find {
        case kept(PreparedPicture)
        /// It is to be decoded by who asked, and then kept or given up.
        case missing
        /// Another thread is at it.
        case busy
        /// It cannot be decoded.
        case bad
    }

    private enum Slot: UInt8 { case unknown, busy, waiting, inFile, inMemory, bad }

    private struct State {
        var slots: [Slot]
        /// Width and height of each picture, where they are not all of one size.
        var sizes: [UInt32]
        /// What is still to be written.
        var waiting: [Int: PreparedPicture] = [:]
        var notices: [String] = []
        var told: Set<String> = []
        var fileIsFull = false
        var isOutOfRoom = false
    }

    private struct Jobs {
        var queue: [(example: Int, stamp: UInt64)] = []
        var isClosed = false
    }

    private let form: PictureForm
    private let file: PictureFile?
    private let memory: PictureMemory
    private let state: Mutex<State>
    private let jobs = Monitor(Jobs())
    /// Pictures that may wait to be written.
    private static let most = 256

    init(count: Int, form: PictureForm, cache: String?, memoryLimit: Int?) {
        self.form = form
        var state = State(
            slots: [Slot](repeating: .unknown, count: count),
            sizes: form.hasOneSize ? [] : [UInt32](repeating: 0, count: count))
        var file: PictureFile?
        if let cache {
            do throws(PictureFile.Refusal) {
                let opened = try PictureFile(cache, form: form, count: count)
                if opened.wasBegunAnew {
                    state.notices.append("\(cache) is damaged or of other pictures, and is begun anew")
                }
                file = opened
            } catch {
                state.notices.append("\(cache) \(error.reason); decoded pictures are kept in memory")
            }
        }
        self.file = file
        memory = PictureMemory(count: count, slotSize: form.capacity, limit: memoryLimit)
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

    private func tell(once key: String, _ notice: @autoclosure () -> String) {
        state.withLock { if $0.told.insert(key).inserted { $0.notices.append(notice()) } }
    }

    // MARK: Taking

    /// What there is of a picture; who finds it missing must end in `keep`, `giveUp` or `release`.
    func find(_ example: Int) -> Find {
        state.withLock { state in
            switch state.slots[example] {
            case .unknown:
                state.slots[example] = .busy
                return .missing
            case .busy: return .busy
            case .bad: return .bad
            case .waiting: return state.waiting[example].map(Find.kept) ?? .busy
            case .inMemory: return .kept(picture(memory.slot(example), example, state))
            case .inFile: return file.map { .kept(picture($0.slot(example), example, state)) } ?? .busy
            }
        }
    }

    private func picture(_ slot: UnsafeRawBufferPointer, _ example: Int, _ state: State) -> PreparedPicture {
        PreparedPicture(
            size: form.hasOneSize ? PreparedPicture.Size(form.side, form.side) : .init(bits: state.sizes[example]),
            lying: slot, in: self)
    }

    /// Whether a picture is of no use to decode ahead: it is there, or somebody is at it.
    func isKnown(_ example: Int) -> Bool { state.withLock { $0.slots[example] != .unknown } }

    /// Whether some picture found no room.
    var isOutOfRoom: Bool { state.withLock { $0.isOutOfRoom } }

    /// Looks for a missing picture in the file of an earlier process.
    /// - Parameter name: of the picture, for notices.
    func findInFile(_ example: Int, stamp: UInt64, name: String) -> PreparedPicture? {
        guard let file else { return nil }
        switch file.knowledge(of: example, stamp: stamp) {
        case .kept(let size):
            settle(example, .inFile, size)
            return state.withLock { picture(file.slot(example), example, $0) }
        case .nothing: break
        case .otherPicture:
            tell(
                once: "exchanged",
                "\(name) is not the picture that it was, and is decoded anew (others that changed are not named)")
        case .damaged:
            tell(once: "damaged", "the file of decoded pictures is damaged; what is wrong in it is decoded anew")
        }
        return nil
    }

    // MARK: Keeping

    /// Keeps a missing picture.
    func keep(_ picture: PreparedPicture, of example: Int, stamp: UInt64) {
        let isForFile =
            file != nil
            && state.withLock { state in
                guard !state.fileIsFull else { return false }
                state.waiting[example] = picture
                state.slots[example] = .waiting
                return true
            }
        guard isForFile else { return keepInMemory(picture, of: example) }
        jobs.update { jobs -> Void? in
            guard jobs.queue.count < PictureShelf.most else { return nil }
            jobs.queue.append((example, stamp))
            return ()
        }
    }

    /// A missing picture is bad.
    func giveUp(_ example: Int) { state.withLock { $0.slots[example] = .bad } }

    private func keepInMemory(_ picture: PreparedPicture, of example: Int) {
        let hasRoom = picture.withBytes { memory.write($0, of: example) }
        settle(example, hasRoom ? .inMemory : .unknown, picture.size)
        if !hasRoom { state.withLock { $0.isOutOfRoom = true } }
    }

    private func settle(_ example: Int, _ slot: Slot, _ size: PreparedPicture.Size) {
        state.withLock { state in
            if !form.hasOneSize { state.sizes[example] = size.bits }
            state.slots[example] = slot
            state.waiting[example] = nil
        }
    }

    // MARK: Writing

    /// Writes what is kept, until the shelf is closed and all is written.
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

    private func write(_ example: Int, stamp: UInt64, to file: PictureFile) {
        guard let picture = state.withLock({ $0.waiting[example] }) else { return }
        if !state.withLock({ $0.fileIsFull }) {
            do throws(PictureFile.Refusal) {
                try file.write(picture, of: example, stamp: stamp)
                settle(example, .inFile, picture.size)
                return
            } catch {
                state.withLock { $0.fileIsFull = true }
                tell(once: "full", "the file of decoded pictures \(error.reason); further ones are kept in memory")
            }
        }
        keepInMemory(picture, of: example)
    }

    /// Keeps in memory what comes: there is no thread to write the file.
    func doWithoutFile() {
        state.withLock { $0.fileIsFull = true }
        tell(once: "full", "no thread can be had to write the file of decoded pictures; they are kept in memory")
    }

    func close() { jobs.update { $0.isClosed = true } }
}
