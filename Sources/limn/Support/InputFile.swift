import Glibc

/// Reads text from files and standard input.
enum InputFile {
    /// The most bytes that are read; a device or a program may never end.
    private static let limit = 512 << 20

    /// The text of a file, or of standard input for `-`, without a byte order mark; it must be UTF-8.
    static func text(_ path: String) throws -> String {
        var bytes = try bytes(path)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let line =
            bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw CommandError(.badData, "\(path):\(line + 1): not UTF-8; save the file as UTF-8")
    }

    /// The bytes of a file, or of standard input for `-`.
    static func bytes(_ path: String) throws -> [UInt8] {
        if path == "-" { return try standardInput() }
        // Not only regular files: <(…) of a shell is a pipe.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0 else {
            let reason = errno == ENOENT ? "no such file" : "cannot be read: \(String(cString: strerror(errno)))"
            throw CommandError(.noInput, "\(path): \(reason)")
        }
        guard let bytes = try read(descriptor, named: path) else {
            throw CommandError(.noInput, "\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        return bytes
    }

    /// The bytes of standard input up to its end.
    static func standardInput() throws -> [UInt8] {
        guard let bytes = try read(STDIN_FILENO, named: "standard input") else {
            throw CommandError(.noInput, "standard input cannot be read")
        }
        return bytes
    }

    /// All bytes up to the end of a file, or nil if reading fails.
    /// - Throws: `CommandError` for more than `limit`.
    private static func read(_ descriptor: Int32, named name: String) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw CommandError(.badData, "\(name): more than \(limit >> 20) MiB; is it the right file?")
            }
            bytes += buffer[..<count]
        }
    }
}
