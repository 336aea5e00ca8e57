import Basics
import Files
import FoundationEssentials
import Glibc

/// The directory of one training run: its recipe, logs, checkpoints and models (docs/run-directory.md).
///
/// The object holds an exclusive lock on the file `lock` in the directory; the operating system releases it when the
/// process ends, for whatever reason. Of the processes that train together, one has the lock, and only that one writes.
public final class RunDirectory: Sendable {
    /// The folder.
    public let path: String
    /// Nil in a process that only reads.
    private let lock: Int32?

    /// Creates a run directory.
    /// - Throws: `CheckpointError.runExists` if the folder is not empty; `.runInUse` if another process is creating it;
    ///   `FileError`.
    public convenience init(creating path: String) throws {
        func requireEmpty() throws {
            // A process killed before it wrote the recipe leaves only these.
            let early = [RunDirectory.lockName, RunDirectory.dataName, RunDirectory.sourceName, RunDirectory.start]
            guard try fileNames(in: path).allSatisfy({ early.contains($0) || AtomicFile.isLeftover($0) }) else {
                throw CheckpointError.runExists(path: path)
            }
        }
        try createFolder(path)
        try requireEmpty()
        try self.init(locking: path)
        // Another process may have run in between.
        try requireEmpty()
    }

    /// Opens a run directory to resume the run.
    /// - Throws: `CheckpointError.notARun` if the folder or its `recipe.yaml` is missing; `.runInUse`; `FileError`.
    public convenience init(opening path: String) throws {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            throw CheckpointError.notARun(path: path, reason: "there is no such folder")
        }
        guard FileManager.default.fileExists(atPath: "\(path)/\(RunDirectory.recipeName)") else {
            throw CheckpointError.notARun(
                path: path, reason: "it has no \(RunDirectory.recipeName); name the folder that holds one")
        }
        try self.init(locking: path)
    }

    /// A run that another process has opened, for reading.
    /// - Throws: `CheckpointError.notARun` if this process does not see its recipe.
    public init(joining path: String) throws {
        guard FileManager.default.fileExists(atPath: "\(path)/\(RunDirectory.recipeName)") else {
            throw CheckpointError.notARun(
                path: path, reason: "this host does not see it; put it in a folder that all hosts share")
        }
        self.path = path
        lock = nil
    }

    /// Acquires the lock and removes temporary files of interrupted writes.
    private init(locking path: String) throws {
        self.path = path
        lock = try Self.acquireLock("\(path)/\(RunDirectory.lockName)", run: path)
        for name in try fileNames(in: path) where AtomicFile.isLeftover(name) {
            unlink("\(path)/\(name)")
        }
    }

    /// Whether a process uses the run at `path`.
    public static func isInUse(_ path: String) -> Bool {
        let lock = open("\(path)/\(RunDirectory.lockName)", O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        return flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    private static func acquireLock(_ file: String, run: String) throws -> Int32 {
        let lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lock >= 0 else { throw FileError(.write, file, code: errno) }
        var isLocked = flock(lock, LOCK_EX | LOCK_NB) == 0
        // `isInUse` in another process holds the lock for an instant.
        for _ in 0..<10 where !isLocked && errno == EWOULDBLOCK {
            usleep(10_000)
            isLocked = flock(lock, LOCK_EX | LOCK_NB) == 0
        }
        guard isLocked else {
            let code = errno
            close(lock)
            guard code == EWOULDBLOCK else { throw FileError(.lock, file, code: code) }
            let holder = (try? String(contentsOfFile: file, encoding: .utf8)).flatMap { Int($0) }
            throw CheckpointError.runInUse(path: run, holder: holder.map { " (process \($0))" } ?? "")
        }
        // Used only in the message above, so failure is ignored.
        let holder = Array(String(getpid()).utf8)
        _ = ftruncate(lock, 0)
        _ = pwrite(lock, holder, holder.count, 0)
        return lock
    }

    deinit {
        guard let lock else { return }
        // A child process that is being started has a copy of the descriptor until it runs its program; the lock must not
        // last as long.
        flock(lock, LOCK_UN)
        close(lock)
    }

    // MARK: Names

    /// Name of the folder with the files that the training starts with.
    public static let start = "start"
    /// Name of the locked file.
    private static let lockName = "lock"
    /// Name of the resolved recipe.
    package static let recipeName = "recipe.yaml"
    /// Name of the record of the captioned images, or of the targets.
    package static let dataName = "data.json"
    /// Name of the record of the sources.
    package static let sourceName = "source.json"
    /// Name of the log.
    package static let logName = "log.txt"
    /// Name of the training statistics.
    package static let statisticsName = "stats.jsonl"
    /// Name of the measures of validations.
    package static let evaluationName = "evaluation.jsonl"
    /// Name of the measures of retrieval, in the directory of the encoders' stage.
    package static let retrievalName = "retrieval.jsonl"
    /// Name of the newest model.
    package static let modelName = "model.safetensors"
    /// Name of the folder of the encoders' stage, a run directory within that of its run.
    package static let encoderName = "encoder"
    /// Name of the finished pair of encoders, in the directory of its stage.
    package static let pairName = "encoder.safetensors"
    /// Name of the grid of real images.
    package static let realsName = "reals.png"
    /// Name of a grid of generated images.
    package static func fakesName(imagesSeen: Int) -> String { "fakes-\(zeroPadded(imagesSeen, width: 9)).png" }
    /// The resolved recipe.
    public var recipe: String { "\(path)/\(RunDirectory.recipeName)" }
    /// The log.
    public var log: String { "\(path)/\(RunDirectory.logName)" }
    /// Training statistics, such as losses and learning rates, as one JSON object per line.
    public var statistics: String { "\(path)/\(RunDirectory.statisticsName)" }
    /// Measures of validations, as one JSON object per line.
    package var evaluation: String { "\(path)/\(RunDirectory.evaluationName)" }
    /// The newest model.
    package var model: String { "\(path)/\(RunDirectory.modelName)" }
    /// A grid of real images.
    public var reals: String { "\(path)/\(RunDirectory.realsName)" }
    /// The grid of images generated from fixed captions and noise, after this many training images:
    /// `fakes-000400000.png`.
    public func fakes(imagesSeen: Int) -> String { "\(path)/\(RunDirectory.fakesName(imagesSeen: imagesSeen))" }
    /// The model with averaged (EMA) weights after this many training images: `snapshot-000400000.safetensors`.
    public func snapshot(imagesSeen: Int) -> String {
        "\(path)/snapshot-\(zeroPadded(imagesSeen, width: 9)).safetensors"
    }

    /// A name for the TensorBoard events of another process that trains: `events.out.tfevents.1764147965.limn`. TensorBoard reads
    /// event files in the order of their names.
    /// - Parameter seconds: since 1970; a later name is chosen if the directory has this one or later ones.
    /// - Throws: `FileError`.
    package func newEvents(at seconds: Int) throws -> String {
        let (prefix, suffix) = ("events.out.tfevents.", ".limn")
        let taken = try numberedFiles(in: path, prefix: prefix, suffix: suffix)
            .last { $0.name.count == prefix.count + 10 + suffix.count }
        let number = max(seconds, (taken?.number ?? 0) + 1)
        return "\(path)/\(prefix)\(zeroPadded(number, width: 10))\(suffix)"
    }

    /// Removes snapshots until `kept` are left. The newest is never removed; of the others, the one whose neighbours
    /// are closest is removed first, so that the remaining ones are spread over the whole run. Sample grids are kept.
    /// - Throws: `FileError`.
    public func thinSnapshots(keeping kept: Int) throws {
        var snapshots = try numberedFiles(in: path, prefix: "snapshot-", suffix: ".safetensors")
        while snapshots.count > max(kept, 1) {
            let gaps = snapshots.indices.dropLast().map { index in
                snapshots[index + 1].number - (index == 0 ? 0 : snapshots[index - 1].number)
            }
            let index = gaps.indices.min { (gaps[$0], $0) < (gaps[$1], $1) } ?? 0
            let removed = "\(path)/\(snapshots[index].name)"
            guard unlink(removed) == 0 || errno == ENOENT else {
                throw FileError(.remove, removed, code: errno)
            }
            snapshots.remove(at: index)
        }
    }

    // MARK: Logs

    /// Appends a line to `log.txt`.
    /// - Throws: `FileError`.
    public func appendLog(_ line: String) throws { try append(Array("\(line)\n".utf8), to: log) }

    /// Appends a row to `stats.jsonl`: a JSON object on one line, with the number of images seen as `images`.
    /// - Throws: `FileError`.
    public func appendStatistics(_ row: String) throws { try append(Array("\(row)\n".utf8), to: statistics) }

    /// Restores `stats.jsonl` to the time of the checkpoint of `imagesSeen` images: removes later rows, which the
    /// resumed run will write again, and an incomplete last line.
    /// - Returns: the number of removed lines.
    /// - Throws: `FileError`.
    @discardableResult
    public func rewindStatistics(to imagesSeen: Int) throws -> Int { try rewind(statistics, to: imagesSeen) }

    /// Removes the rows of a file of JSON lines for more than `imagesSeen` images, and lines that are no such rows.
    /// - Returns: the number of removed lines; 0 if there is no file.
    /// - Throws: `FileError`.
    @discardableResult
    package func rewind(_ path: String, to imagesSeen: Int) throws -> Int {
        struct Row: Decodable { var images: Int }
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(path)
        } catch {
            if error.code == ENOENT { return 0 }
            throw error
        }
        let decoder = JSONDecoder()
        return try file.withBytes { bytes in
            let lines = bytes.split(separator: UInt8(ascii: "\n"))
            var kept = lines.filter { line in
                (try? decoder.decode(Row.self, from: Data(line))).map { $0.images <= imagesSeen } ?? false
            }
            // A row without its newline may be incomplete even if it is valid JSON.
            if let last = lines.last, last.endIndex == bytes.endIndex, kept.last?.endIndex == last.endIndex {
                kept.removeLast()
            }
            if kept.count < lines.count {
                try AtomicFile.write(kept.flatMap { $0 + [UInt8(ascii: "\n")] }, to: path)
            }
            return lines.count - kept.count
        }
    }

    /// Appends a line or a record in one write, so that readers never see a part of it; if the disk is full, nothing of it
    /// remains.
    /// - Throws: `FileError`.
    package func append(_ bytes: [UInt8], to file: String) throws {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(.write, file, code: errno) }
        defer { close(descriptor) }
        let before = lseek(descriptor, 0, SEEK_END)
        do {
            try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: file) }
        } catch {
            _ = ftruncate(descriptor, before)
            throw error
        }
    }
}
