import FoundationEssentials
import Glibc
import Images
import Synchronization
import TestSupport
import Testing

/// How a child process ended.
enum Ending: Equatable {
    case exit(Int32)
    case signal(Int32)
    /// It exceeded its time limit and was killed.
    case tooLate
}

/// How a child process ended and what it wrote.
struct Outcome {
    let ending: Ending
    let out: [UInt8]
    let err: String

    var text: String { String(decoding: out, as: UTF8.self) }

    /// The lines on standard error.
    var talk: [String] { err.split(separator: "\n").map(String.init) }
}

/// A running `limn` process. It is killed after a time limit, so that a hang fails the test instead of blocking it.
final class Child {
    private let process: pid_t
    private let pipes: [Int32: Int32]
    private var written: [Int32: [UInt8]] = [STDOUT_FILENO: [], STDERR_FILENO: []]
    private var ending: Ending?

    /// Held from the creation of a pipe until it is marked close-on-exec: a child started in between would inherit it and keep it
    /// open.
    private static let launching = Mutex(())

    /// The executable is next to the test binary.
    static let executable: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let binary = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return binary.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/limn"
    }()

    /// Starts `limn` in `folder`.
    /// - Parameters:
    ///   - shell: the shell command that starts it, for redirections and limits; nil is `exec "$@"`.
    ///   - unread: descriptors whose reader is closed before the child starts.
    init(
        _ arguments: [String], in folder: String, input: [UInt8] = [], environment: [String: String] = [:],
        shell: String = #"exec "$@""#, unread: [Int32] = []
    ) throws {
        var variables = ProcessInfo.processInfo.environment.filter { $0.key != "LIMN_MODEL" }
        // Frozen networks on this machine must not affect results.
        variables["LIMN_FEATURES"] = "/nonexistent"
        variables.merge(environment) { $1 }
        let words = ["/bin/sh", "-c", #"cd "$0" && "# + shell, folder, Child.executable] + arguments
        (process, pipes) = try Child.launching.withLock { _ in
            try Child.spawn(words, variables.map { "\($0)=\($1)" }, input: input, unread: unread)
        }
    }

    private static func spawn(_ words: [String], _ variables: [String], input: [UInt8], unread: [Int32]) throws
        -> (pid_t, [Int32: Int32])
    {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Default signal handlers, as in a terminal, even if the test runner ignores signals.
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let source = try anonymousFile(input)
        defer { close(source) }
        posix_spawn_file_actions_adddup2(&actions, source, STDIN_FILENO)
        var (readers, writers): ([Int32: Int32], [Int32]) = ([:], [])
        defer { for end in writers { close(end) } }
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
            posix_spawn_file_actions_adddup2(&actions, ends[1], descriptor)
            writers.append(ends[1])
            if unread.contains(descriptor) { close(ends[0]) } else { readers[descriptor] = ends[0] }
        }
        var process = pid_t()
        var (argv, environment) = (words.map { strdup($0) }, variables.map { strdup($0) })
        defer { for word in argv + environment { free(word) } }
        argv.append(nil)
        environment.append(nil)
        try #require(posix_spawn(&process, "/bin/sh", &actions, &attributes, argv, environment) == 0)
        return (process, readers)
    }

    /// An unnamed file with `bytes`, open at its start.
    private static func anonymousFile(_ bytes: [UInt8]) throws -> Int32 {
        // mkstemp replaces the last six letters.
        var name = Array("\(FileManager.default.temporaryDirectory.path)/limn-input-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        try #require(file >= 0)
        unlink(name)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        try #require(write(file, bytes, bytes.count) == bytes.count && lseek(file, 0, SEEK_SET) == 0)
        return file
    }

    func send(_ signal: Int32) { kill(process, signal) }

    /// Waits until `condition` holds; returns false if the child ends or `seconds` pass before that.
    func wait(seconds: Double = 60, until condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition() {
            if hasEnded() || ContinuousClock.now > deadline { return false }
            usleep(500)
        }
        return true
    }

    /// Waits for the process to end, for at most `seconds`.
    func finish(seconds: Double = 60) -> Outcome {
        if !wait(seconds: seconds, until: hasEnded) && ending == nil {
            send(SIGKILL)
            _ = wait(seconds: 10, until: hasEnded)
            ending = .tooLate
        }
        return Outcome(
            ending: ending ?? .tooLate, out: written[STDOUT_FILENO] ?? [],
            err: String(decoding: written[STDERR_FILENO] ?? [], as: UTF8.self))
    }

    private func hasEnded() -> Bool {
        guard ending == nil else { return true }
        var status: Int32 = 0
        let reaped = waitpid(process, &status, WNOHANG) == process
        for (descriptor, pipe) in pipes {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = read(pipe, &buffer, buffer.count), count > 0 {
                written[descriptor]? += buffer[..<count]
            }
        }
        // Decodes the status like the macros WIFEXITED and WTERMSIG.
        if reaped { ending = status & 0x7f == 0 ? .exit(status >> 8 & 0xff) : .signal(status & 0x7f) }
        return reaped
    }

    deinit {
        // A failed test leaves no process behind.
        if ending == nil {
            send(SIGKILL)
            waitpid(process, nil, 0)
        }
        for pipe in pipes.values { close(pipe) }
    }
}

/// Runs `limn` to its end.
func limn(
    _ arguments: String..., in folder: String, input: String = "", environment: [String: String] = [:],
    shell: String = #"exec "$@""#, unread: [Int32] = []
) throws -> Outcome {
    try Child(
        arguments, in: folder, input: Array(input.utf8), environment: environment, shell: shell, unread: unread
    ).finish()
}

/// Expects a failure with this exit code, nothing on standard output, and one line on standard error that contains `words`.
func expectRefusal(
    _ outcome: Outcome, _ code: Int32, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(outcome.ending == .exit(code), "\(outcome.err)", sourceLocation: sourceLocation)
    #expect(outcome.out.isEmpty, "\(outcome.text)", sourceLocation: sourceLocation)
    #expect(
        outcome.talk.count == 1 && outcome.err.hasPrefix("limn: "), "\(outcome.err)", sourceLocation: sourceLocation)
    #expect(outcome.err.contains(words), "\(outcome.err)", sourceLocation: sourceLocation)
}

/// Whether two files have the same bytes. A failed expectation on the bytes themselves would compute their smallest difference,
/// which takes minutes for a model.
func haveEqualContents(_ a: String, _ b: String) -> Bool { contents(a) != nil && contents(a) == contents(b) }

func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

/// All files in a folder and its subfolders, sorted.
func files(below folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).filter { contents("\(folder)/\($0)") != nil }.sorted()
}

/// The text chunks of a PNG file by keyword.
func texts(_ path: String) throws -> [String: String] {
    Dictionary(try Image.pngText(in: try #require(contents(path))).map { ($0.keyword, $0.text) }) { $1 }
}
