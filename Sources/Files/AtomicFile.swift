import Glibc

/// The system calls that write a file; tests replace them by failing ones.
package struct SystemCalls: Sendable {
    package var writeBytes: @Sendable (Int32, UnsafeRawPointer, Int) -> Int
    package var synchronize: @Sendable (Int32) -> Int32
    package var renameFile: @Sendable (String, String) -> Int32

    /// A set of calls; each reports failure as its namesake does, by a negative result and `errno`.
    package init(
        writeBytes: @escaping @Sendable (Int32, UnsafeRawPointer, Int) -> Int = { write($0, $1, $2) },
        synchronize: @escaping @Sendable (Int32) -> Int32 = { fsync($0) },
        renameFile: @escaping @Sendable (String, String) -> Int32 = { rename($0, $1) }
    ) {
        self.writeBytes = writeBytes
        self.synchronize = synchronize
        self.renameFile = renameFile
    }

    /// The operating system's own calls.
    package static let operatingSystem = SystemCalls()
}

/// Writes whole files: at every moment, also after a crash or with a full disk, `path` holds either all of the old
/// bytes or all of the new ones.
///
/// The bytes go to a temporary file in the same folder, which is synchronised and then renamed; synchronising the folder
/// makes the new name last. A symbolic link stays and its target is replaced; a device or a pipe is written to directly.
public enum AtomicFile {
    /// Writes `bytes` to `path`, replacing a file of that name.
    /// - Throws: `FileError`; `path` is then as it was and no temporary file remains.
    public static func write(_ bytes: [UInt8], to path: String) throws {
        try write(to: path) { file in try bytes.withUnsafeBytes { try file.append($0) } }
    }

    /// Writes `text` as UTF-8 to `path`, replacing a file of that name; throws as `write(_:to:)` for bytes does.
    public static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    /// A file being written.
    package struct Sink {
        fileprivate let descriptor: Int32
        fileprivate let path: String
        fileprivate let calls: SystemCalls

        /// Writes all of `bytes` after what was written before.
        package func append(_ bytes: UnsafeRawBufferPointer) throws {
            try writeAll(bytes, to: descriptor, path: path, calls: calls)
        }
    }

    /// Writes what `contents` appends to `path`.
    package static func write(
        to path: String, calls: SystemCalls = .operatingSystem, contents: (Sink) throws -> Void
    ) throws {
        func refused(_ code: Int32) -> FileError { FileError(.write, path, code: code) }
        var status = stat()
        if stat(path, &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw refused(errno) }
            defer { close(descriptor) }
            return try contents(Sink(descriptor: descriptor, path: path, calls: calls))
        }
        let path = resolvingLink(path)
        let folder = folder(of: path)
        let (descriptor, temporary) = try openTemporary(in: folder, for: path)
        do {
            do {
                defer { close(descriptor) }
                try contents(Sink(descriptor: descriptor, path: path, calls: calls))
                guard calls.synchronize(descriptor) == 0 else { throw refused(errno) }
            }
            guard calls.renameFile(temporary, path) == 0 else { throw refused(errno) }
        } catch {
            unlink(temporary)
            throw error
        }
        try synchronizeFolder(folder, calls: calls)
    }

    /// Whether the name is that of a temporary file, as an interrupted write leaves behind.
    package static func isLeftover(_ name: String) -> Bool { name.hasPrefix(".limn-") && name.hasSuffix(".partial") }

    private static func openTemporary(in folder: String, for path: String) throws -> (Int32, String) {
        // Other writers of this process, or leftovers of a dead one with the same number, may have the first names.
        for attempt in 0..<10_000 {
            let temporary = "\(folder)/.limn-\(getpid())-\(attempt).partial"
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return (descriptor, temporary) }
            guard errno == EEXIST else { throw FileError(.write, path, code: errno) }
        }
        throw FileError(.write, path, code: EEXIST)
    }

    private static func synchronizeFolder(_ folder: String, calls: SystemCalls) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(.write, folder, code: errno) }
        defer { close(descriptor) }
        // Some network file systems cannot synchronise a folder and return EINVAL; there the rename has to suffice.
        guard calls.synchronize(descriptor) == 0 || errno == EINVAL else {
            throw FileError(.write, folder, code: errno)
        }
    }

    /// The target of a symbolic link; other paths unchanged.
    private static func resolvingLink(_ path: String) -> String {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK, let real = realpath(path, nil) else {
            return path
        }
        defer { free(real) }
        return String(cString: real)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Writes all of `bytes`, however many calls it takes.
package func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String, calls: SystemCalls = .operatingSystem
) throws {
    var rest = bytes[...]
    while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
        let written = calls.writeBytes(descriptor, base, rest.count)
        if written < 0 && errno == EINTR { continue }
        // A regular file that takes nothing has no room; write(2) promises no errno for that.
        guard written > 0 else {
            throw FileError(.write, path, code: written < 0 ? errno : ENOSPC)
        }
        rest = rest.dropFirst(written)
    }
}
