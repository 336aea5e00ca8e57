import Glibc

/// A new file, written sequentially through a buffer.
package final class OutputFile {
    private let path: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private static let bufferSize = 1 << 20

    /// Creates the file, which must not exist.
    /// - Throws: `FileError`.
    package init(_ path: String) throws(FileError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(.write, path, code: errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Appends `bytes`.
    /// - Throws: `FileError`.
    package func append(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= OutputFile.bufferSize { try flush() }
    }

    /// Writes buffered bytes and closes the file.
    /// - Throws: `FileError`.
    package func finish() throws {
        try flush()
        defer { descriptor = -1 }
        // Some file systems report a full disk only on close.
        guard close(descriptor) == 0 else { throw FileError(.write, path, code: errno) }
    }

    private func flush() throws {
        try buffer.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
        buffer.removeAll(keepingCapacity: true)
    }
}
