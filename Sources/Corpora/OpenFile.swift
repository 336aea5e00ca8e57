import Glibc

/// A regular file that is open for reading; anything else (a pipe, a device, a folder) is refused.
final class OpenFile: Sendable {
    private let descriptor: Int32
    /// Bytes it had when it was opened.
    let size: Int

    /// - Throws: `CorpusError.cannotRead`.
    init(_ path: String) throws(CorpusError) {
        // Without O_NONBLOCK the opening of a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .cannotRead(path: path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .cannotRead(path: path, code: code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            if status.st_mode & S_IFMT == S_IFDIR { throw .cannotRead(path: path, code: EISDIR) }
            throw .cannotRead(path: path, reason: "it is a device or a pipe, not a file")
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads bytes `offset ..< offset + count` into the end of `buffer`; fewer only where the file ends.
    /// - Throws: `POSIXFault`.
    func read(_ count: Int, at offset: Int, into buffer: inout [UInt8]) throws(POSIXFault) {
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: count))
        var done = 0
        while done < count {
            let got = buffer.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + start + done, count - done, offset + done)
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw POSIXFault(code: errno) }
            if got == 0 { break }
            done += got
        }
        buffer.removeLast(count - done)
    }

    /// The whole of a file of at most `limit` bytes.
    /// - Throws: `CorpusError.cannotRead`.
    static func contents(_ path: String, limit: Int) throws(CorpusError) -> [UInt8] {
        let file = try OpenFile(path)
        guard file.size <= limit else {
            throw .cannotRead(path: path, reason: "it has \(file.size) bytes; at most \(limit) are read")
        }
        var bytes: [UInt8] = []
        do throws(POSIXFault) {
            try file.read(file.size, at: 0, into: &bytes)
        } catch {
            throw .cannotRead(path: path, code: error.code)
        }
        return bytes
    }
}

/// What the operating system refused.
struct POSIXFault: Error {
    let code: Int32

    var reason: String { String(cString: strerror(code)) }
}
