import Glibc

/// A regular file open for reading. Pipes, devices and folders are refused.
package final class OpenFile: Sendable {
    let descriptor: Int32
    /// The file's path.
    package let path: String
    /// Size of the file in bytes when it was opened.
    package let size: Int

    /// Opens a file.
    /// - Throws: `FileError`.
    package init(_ path: String) throws(FileError) {
        // Without O_NONBLOCK, opening a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(.open, path, code: errno) }
        do throws(FileError) {
            size = try OpenFile.regularSize(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    private static func regularSize(_ descriptor: Int32, _ path: String) throws(FileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(.open, path, code: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Int(status.st_size)
        case S_IFDIR: throw FileError(.read, path, code: EISDIR)
        default: throw FileError(.read, path, reason: "it is a device or a pipe, not a file")
        }
    }

    /// Appends `count` bytes from `offset` on to `buffer`; fewer only at the end of the file.
    /// - Throws: `FileError`.
    package func read(_ count: Int, at offset: Int, into buffer: inout [UInt8]) throws(FileError) {
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: count))
        var done = 0
        while done < count {
            let got = buffer.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + start + done, count - done, offset + done)
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw FileError(.read, path, code: errno) }
            if got == 0 { break }
            done += got
        }
        buffer.removeLast(count - done)
    }

    /// The content of a file of at most `limit` bytes.
    /// - Throws: `FileError`.
    package static func contents(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let file = try OpenFile(path)
        guard file.size <= limit else {
            throw FileError(.read, path, reason: "it has \(file.size) bytes; at most \(limit) are read")
        }
        var bytes: [UInt8] = []
        try file.read(file.size, at: 0, into: &bytes)
        return bytes
    }
}
