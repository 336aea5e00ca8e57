import Glibc

/// A whole file mapped into memory for reading.
///
/// Files written by `AtomicFile` are replaced and never changed in place, so the mapping keeps what it showed at first.
/// A file that something else shortens while it is mapped ends the process, as with every memory map.
final class MappedFile: Sendable {
    /// The file's bytes. Safe to share: mapped for reading alone, and unmapped only when the last reference goes.
    nonisolated(unsafe) private let bytes: UnsafeRawBufferPointer

    init(_ path: String) throws {
        // Without O_NONBLOCK the opening of a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw CheckpointError.refused(action: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw CheckpointError.refused(action: "open", path: path, code: errno)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw CheckpointError.refused(action: "read", path: path, code: EISDIR)
        default: throw CheckpointError.malformed(path: path, reason: "it is a device or a pipe, not a file")
        }
        let count = Int(status.st_size)
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw CheckpointError.refused(action: "map", path: path, code: errno)
        }
        bytes = UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Lends the bytes for the length of `body`, and keeps the mapping alive until it returns.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    deinit {
        if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
    }
}
