import FoundationEssentials

#if canImport(Glibc)
    @preconcurrency import Glibc
#endif

/// Standard error as people see it: talk goes there, data to standard output.
enum Terminal {
    /// Whether standard error is a terminal, where a line may be rewritten.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

    /// One line of talk.
    static func say(_ text: String) { put(text + "\n") }

    /// A line that the next one replaces; nothing when standard error is not a terminal.
    static func show(_ text: String) { if isInteractive { put("\r\u{1b}[2K" + text) } }

    /// Ends a line that was shown.
    static func clear() { if isInteractive { put("\r\u{1b}[2K") } }

    private static func put(_ text: String) { text.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) } }
}

/// A line that counts up in place and says how long it will take.
struct ProgressLine: Sendable {
    private let verb: String
    private let noun: String
    private let begin = ContinuousClock.now

    /// - Parameters:
    ///   - verb: what is done, such as `read`.
    ///   - noun: what it is done to, in the plural.
    init(_ verb: String, _ noun: String = "pictures") {
        self.verb = verb
        self.noun = noun
    }

    /// What commands hand to work that reports its progress; nil where standard error is no terminal.
    var report: (@Sendable (_ done: Int, _ total: Int) -> Void)? {
        guard Terminal.isInteractive else { return nil }
        return { done, total in show(done, of: total) }
    }

    private func show(_ done: Int, of total: Int) {
        if done >= total { return Terminal.clear() }
        let elapsed = begin.duration(to: .now) / .seconds(1)
        var text = "\(verb) \(done) of \(total) \(noun)"
        // The first moments tell little.
        if elapsed > 1, done > 0 {
            let left = Int((elapsed / Double(done) * Double(total - done)).rounded(.up))
            let (hours, minutes, seconds) = (left / 3600, left / 60 % 60, left % 60)
            let time =
                hours > 0 ? "\(hours) h \(minutes) min" : minutes > 0 ? "\(minutes) min \(seconds) s" : "\(seconds) s"
            text += ", \(Int(Double(done) / elapsed))/s, \(time) left"
        }
        Terminal.show(text)
    }
}

/// Paths from the command line.
enum Paths {
    /// Refuses, before any long work, a file that could not be written at its end.
    static func requireWritable(_ path: String) throws {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw CommandError(exit: .cannotCreate, "\(path): is a folder; name a file in it")
            }
            if status.st_mode & S_IFMT != S_IFREG { return }
        }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard access(folder, W_OK | X_OK) == 0 else {
            throw CommandError(exit: .cannotCreate, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// Refuses empty ones, which would mean the root of the file system to whatever appends a name to them.
    static func requireNotEmpty(_ paths: (flag: String, path: String?)...) throws {
        for (flag, path) in paths where path == "" {
            throw CommandError(exit: .usage, "\(flag) is empty; is a variable of the shell unset?")
        }
    }
}

/// Text that a command reads.
enum InputFile {
    /// The text of a file, or of standard input for `-`, without a byte order mark; it must be UTF-8.
    static func text(_ path: String) throws -> String {
        var bytes: [UInt8]
        if path == "-" {
            bytes = try standardInput()
        } else {
            // Pipes too: a shell's <(…) is one.
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            defer { if descriptor >= 0 { close(descriptor) } }
            guard descriptor >= 0, let content = read(descriptor) else {
                throw CommandError(exit: .noInput, "\(path): cannot be read; is the path right?")
            }
            bytes = content
        }
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let line =
            bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw CommandError(exit: .badData, "\(path):\(line + 1): not UTF-8; save the file as UTF-8")
    }

    /// The bytes of standard input up to its end.
    static func standardInput() throws -> [UInt8] {
        guard let bytes = read(STDIN_FILENO) else {
            throw CommandError(exit: .noInput, "standard input cannot be read")
        }
        return bytes
    }

    /// All that a descriptor gives, or nil where it gives an error.
    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }
}

/// Standard output as bytes.
enum StandardOutput {
    /// Prints a value as JSON for people and programs: sorted keys, a line each.
    static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    private static let failure = CommandError(exit: .cannotCreate, "standard output cannot be written")

    static func write(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress! + done, bytes.count - done) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure }
            done += count
        }
    }

    /// Writes what was printed and is still kept back: printing itself never says that it failed.
    static func flush() throws {
        guard fflush(stdout) == 0, ferror(stdout) == 0 else { throw failure }
    }
}

/// A failure with the exit code it ends in; the codes are those of BSD's sysexits.
struct CommandError: Error, CustomStringConvertible {
    enum Exit: Int32 {
        case usage = 64
        case badData = 65
        case noInput = 66
        case cannotCreate = 73
    }
    let exit: Exit
    let description: String

    init(exit: Exit, _ description: String) {
        self.exit = exit
        self.description = description
    }
}
