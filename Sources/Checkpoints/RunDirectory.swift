import Basics
import Files
import FoundationEssentials
import Glibc

/// The folder of one training: what it was asked to do, what happened, and what it made (docs/run-directory.md).
///
/// It is this process's alone as long as the object lives: the file `lock` in it is held, and the operating system
/// releases it however the process ends.
public final class RunDirectory: Sendable {
    /// The folder.
    public let path: String
    private let lock: Int32

    /// Makes a new run.
    /// - Throws: `CheckpointError.runExists` where the folder holds anything; `.runInUse` where another process makes it.
    public convenience init(creating path: String) throws {
        func requireEmpty() throws {
            // A process killed while it wrote its first file leaves a lock and half a file: nothing worth keeping.
            guard try fileNames(in: path).allSatisfy({ $0 == "lock" || AtomicFile.isLeftover($0) }) else {
                throw CheckpointError.runExists(path: path)
            }
        }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FileError(.createFolder, path, code: posixCode(error))
        }
        try requireEmpty()
        try self.init(locking: path)
        // Another process may have begun and ended in between.
        try requireEmpty()
    }

    /// Opens a run to go on with it.
    /// - Throws: `CheckpointError.notARun` where the folder or its `recipe.yaml` is missing; `.runInUse`.
    public convenience init(opening path: String) throws {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            throw CheckpointError.notARun(path: path, reason: "there is no such folder")
        }
        guard FileManager.default.fileExists(atPath: "\(path)/recipe.yaml") else {
            throw CheckpointError.notARun(path: path, reason: "it has no recipe.yaml; name the folder that holds one")
        }
        try self.init(locking: path)
    }

    /// Takes the run's lock and removes what an interrupted write has left.
    private init(locking path: String) throws {
        self.path = path
        lock = try Self.acquireLock("\(path)/lock", run: path)
        for name in try fileNames(in: path) where AtomicFile.isLeftover(name) {
            unlink("\(path)/\(name)")
        }
    }

    private static func acquireLock(_ file: String, run: String) throws -> Int32 {
        let lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lock >= 0 else { throw FileError(.write, file, code: errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(lock)
            guard code == EWOULDBLOCK else { throw FileError(.lock, file, code: code) }
            let holder = (try? String(contentsOfFile: file, encoding: .utf8)).flatMap { Int($0) }
            throw CheckpointError.runInUse(path: run, holder: holder.map { " (process \($0))" } ?? "")
        }
        // For the message above only; a disk too full for it is no reason to stop.
        let holder = Array(String(getpid()).utf8)
        _ = ftruncate(lock, 0)
        _ = pwrite(lock, holder, holder.count, 0)
        return lock
    }

    deinit { close(lock) }

    // MARK: Names

    /// The resolved recipe.
    public var recipe: String { "\(path)/recipe.yaml" }
    /// What the training said, line by line.
    public var log: String { "\(path)/log.txt" }
    /// One JSON object a line: losses and rates.
    public var statistics: String { "\(path)/stats.jsonl" }
    /// A grid of real images.
    public var reals: String { "\(path)/reals.png" }
    /// The grid of fixed captions and noise after so many images: `fakes-000400000.png`.
    public func fakes(imagesSeen: Int) -> String { "\(path)/fakes-\(zeroPadded(imagesSeen, width: 9)).png" }
    /// The model of the averaged weights after so many images: `snapshot-000400000.safetensors`.
    public func snapshot(imagesSeen: Int) -> String {
        "\(path)/snapshot-\(zeroPadded(imagesSeen, width: 9)).safetensors"
    }

    /// Removes snapshots until `kept` are left: never the newest, and of the others the one whose neighbours are closest, so
    /// that those which stay are spread over the whole training. Sample grids stay.
    public func thinSnapshots(keeping kept: Int) throws {
        let prefix = "snapshot-"
        let suffix = ".safetensors"
        var snapshots = try fileNames(in: path).compactMap { name -> (images: Int, name: String)? in
            guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
            return Int(name.dropFirst(prefix.count).dropLast(suffix.count)).map { ($0, name) }
        }.sorted { $0.images < $1.images }
        while snapshots.count > max(kept, 1) {
            let gaps = snapshots.indices.dropLast().map { place in
                snapshots[place + 1].images - (place == 0 ? 0 : snapshots[place - 1].images)
            }
            let place = gaps.indices.min { (gaps[$0], $0) < (gaps[$1], $1) } ?? 0
            let removed = "\(path)/\(snapshots[place].name)"
            guard unlink(removed) == 0 || errno == ENOENT else {
                throw FileError(.remove, removed, code: errno)
            }
            snapshots.remove(at: place)
        }
    }

    // MARK: Lines

    /// Adds a line to `log.txt`.
    public func appendLog(_ line: String) throws { try append(line, to: log) }

    /// Adds a row to `stats.jsonl`: a JSON object on one line, with the images seen as the integer `images`.
    public func appendStatistics(_ row: String) throws { try append(row, to: statistics) }

    /// Makes `stats.jsonl` what it was when a checkpoint of `imagesSeen` images was written: later rows are removed,
    /// since the training is about to write them again, and so is a line that a crash cut short.
    /// - Returns: how many lines were removed.
    @discardableResult
    public func rewindStatistics(to imagesSeen: Int) throws -> Int {
        struct Row: Decodable { var images: Int }
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(statistics)
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
            // The newline is a row's last byte: without it the row may be a part that happens to be whole JSON.
            if let last = lines.last, last.endIndex == bytes.endIndex, kept.last?.endIndex == last.endIndex {
                kept.removeLast()
            }
            if kept.count < lines.count {
                try AtomicFile.write(kept.flatMap { $0 + [UInt8(ascii: "\n")] }, to: statistics)
            }
            return lines.count - kept.count
        }
    }

    /// Adds a line by one write, so that readers never see a part of one; where it does not fit, nothing of it stays.
    private func append(_ line: String, to file: String) throws {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(.write, file, code: errno) }
        defer { close(descriptor) }
        let before = lseek(descriptor, 0, SEEK_END)
        do {
            try Array("\(line)\n".utf8).withUnsafeBytes {
                try writeAll($0, to: descriptor, path: file)
            }
        } catch {
            _ = ftruncate(descriptor, before)
            throw error
        }
    }
}
