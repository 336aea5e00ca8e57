import Glibc

/// A whole file mapped into memory for reading.
///
/// Files written by `AtomicFile` are replaced and never modified in place, so a mapping keeps its content. If another
/// program truncates the file while it is mapped, access raises SIGBUS, as with any memory map.
package final class MappedFile: Sendable {
    /// The file's bytes. Safe to share: the mapping is read-only, and unmapped with the last reference.
    nonisolated(unsafe) private let bytes: UnsafeRawBufferPointer

    /// Maps a file.
    /// - Throws: `FileError`.
    package init(_ path: String) throws(FileError) {
        let file = try OpenFile(path)
        guard file.size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let base = mmap(nil, file.size, PROT_READ, MAP_PRIVATE, file.descriptor, 0), base != MAP_FAILED else {
            throw FileError(.map, path, code: errno)
        }
        bytes = UnsafeRawBufferPointer(start: base, count: file.size)
    }

    /// Calls `body` with the bytes, which are valid until it returns.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    deinit {
        if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
    }
}
