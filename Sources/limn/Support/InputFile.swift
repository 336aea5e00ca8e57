import Basics
import Glibc

/// Reads text from files and standard input.
enum InputFile {
    /// The most bytes that are read; a device or a program may never end.
    private static let limit = 512 << 20

    /// The text of a file, or of standard input for `-`, without a byte order mark; it must be UTF-8.
    static func text(_ path: String) throws -> String { try decoded(path, fileText) }

    /// The lines of such a text, without line ends.
    static func lines(_ path: String) throws -> [String] { try decoded(path, fileLines) }

    private static func decoded<Text>(_ path: String, _ decode: ([UInt8]) throws(NotUTF8) -> Text) throws -> Text {
        let bytes = try bytes(path)
        do throws(NotUTF8) {
            return try decode(bytes)
        } catch {
            throw CommandError(.badData, "\(path):\(error.line): \(error)")
        }
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
