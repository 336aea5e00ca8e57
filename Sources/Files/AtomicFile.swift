import Glibc

/// The system calls that write a file; tests replace them by ones that fail.
package struct SystemCalls: Sendable {
    package var writeBytes: @Sendable (Int32, UnsafeRawPointer, Int) -> Int
    package var synchronize: @Sendable (Int32) -> Int32
    package var renameFile: @Sendable (String, String) -> Int32

    /// Each call reports failure by a negative result and `errno`, as the system call does.
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

/// Writes files atomically: at any moment, even after a crash or with a full disk, `path` holds either all of the old
/// bytes or all of the new ones.
///
/// The bytes go to a temporary file in the same folder, which is synchronized (fsync) and then renamed; synchronizing
/// the folder makes the rename durable, except of a folder that may be written to but not read. A file that is replaced
/// keeps its permissions. A symbolic link is kept and its target replaced or created; devices and pipes are written to
/// directly.
public enum AtomicFile {
    /// Writes `bytes` to `path`, replacing a file of that name.
    /// - Throws: `FileError`; no temporary file remains then, and `path` is unchanged unless the error names its
    ///   folder, which could not be synchronized.
    public static func write(_ bytes: [UInt8], to path: String) throws {
        try write(to: path) { file in try file.append(bytes) }
    }

    /// Writes `text` as UTF-8 to `path`, replacing a file of that name.
    /// - Throws: `FileError`, as above.
    public static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    /// A file being written.
    package struct Sink {
        /// The open file, for another process to write to.
        package let descriptor: Int32
        fileprivate let path: String
        fileprivate let calls: SystemCalls

        /// Appends all of `bytes`.
        package func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

        /// Appends all of `bytes`.
        package func append(_ bytes: UnsafeRawBufferPointer) throws {
            try writeAll(bytes, to: descriptor, path: path, calls: calls)
        }
    }

    /// Writes a file whose contents are appended piece by piece.
    /// - Throws: `FileError`, as above, and whatever `contents` throws.
    package static func write(
        to path: String, calls: SystemCalls = .operatingSystem, contents: (Sink) throws -> Void
    ) throws {
        func refused(_ code: Int32) -> FileError { FileError(.write, path, code: code) }
        var status = stat()
        let kind = stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
        if let kind, ![S_IFREG, S_IFDIR].contains(kind) {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw refused(errno) }
            defer { close(descriptor) }
            return try contents(Sink(descriptor: descriptor, path: path, calls: calls))
        }
        let path = try resolvingLinks(path)
        let folder = parentFolder(of: path)
        let (descriptor, temporary) = try openTemporary(in: folder, for: path)
        do {
            do {
                defer { close(descriptor) }
                try contents(Sink(descriptor: descriptor, path: path, calls: calls))
                // Where this fails, as on file systems without permissions, all files have the same ones.
                if kind == S_IFREG { fchmod(descriptor, status.st_mode & 0o777) }
                guard calls.synchronize(descriptor) == 0 else { throw refused(errno) }
            }
            guard calls.renameFile(temporary, path) == 0 else { throw refused(errno) }
        } catch {
            unlink(temporary)
            throw error
        }
        try synchronizeFolder(folder, calls: calls)
    }

    /// Whether this is the name of a temporary file, which an interrupted write leaves behind.
    package static func isLeftover(_ name: String) -> Bool { name.hasPrefix(".limn-") && name.hasSuffix(".partial") }

    private static func openTemporary(in folder: String, for path: String) throws -> (Int32, String) {
        // Other writers in this process, or an earlier process with the same id, may have taken the first names.
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
        // A folder that may be written to but not read cannot be opened.
        if descriptor < 0 && errno == EACCES { return }
        guard descriptor >= 0 else { throw FileError(.write, folder, code: errno) }
        defer { close(descriptor) }
        // Some network file systems cannot synchronize folders and return EINVAL; the rename has to suffice there.
        guard calls.synchronize(descriptor) == 0 || errno == EINVAL else {
            throw FileError(.write, folder, code: errno)
        }
    }

    /// The target of a symbolic link, which need not exist; any other path unchanged.
    private static func resolvingLinks(_ path: String) throws(FileError) -> String {
        var target = path
        // As many links as Linux follows.
        for _ in 0..<40 {
            var status = stat()
            guard lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return target }
            if let resolved = resolvedPath(target) { return resolved }
            guard let next = linkContent(target) else { return target }
            target = next.hasPrefix("/") ? next : "\(parentFolder(of: target))/\(next)"
        }
        throw FileError(.write, path, code: ELOOP)
    }
}

/// Writes all of `bytes`, in as many calls as necessary.
/// - Throws: `FileError`.
package func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String, calls: SystemCalls = .operatingSystem
) throws {
    var rest = bytes[...]
    while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
        let written = calls.writeBytes(descriptor, base, rest.count)
        if written < 0 && errno == EINTR { continue }
        // Zero bytes written means a full disk; write(2) sets no errno then.
        guard written > 0 else {
            throw FileError(.write, path, code: written < 0 ? errno : ENOSPC)
        }
        rest = rest.dropFirst(written)
    }
}
