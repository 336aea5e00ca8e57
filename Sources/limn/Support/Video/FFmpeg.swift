@preconcurrency import Glibc

/// A running program of the ffmpeg package, which is looked for on PATH, with a socket as its standard input or output. A socket, since
/// writing to a pipe without a reader raises a signal.
final class FFmpeg {
    /// Which of its streams the socket is.
    enum Stream: Int32 { case input = 0, output = 1 }

    private let program: String
    private let process: pid_t
    /// Our end of the socket; -1 if it is closed.
    private var socket: Int32
    /// A temporary file without a name, for the process's messages. A pipe could fill up.
    private let messages: UnsafeMutablePointer<FILE>
    private var isRunning = true

    /// - Parameters:
    ///   - purpose: what needs the program, for the message that it is missing, such as `MP4`.
    ///   - file: a descriptor that the program has as descriptor 3.
    /// - Throws: `CommandError` if the program is not installed.
    init(_ program: String, _ words: [String], _ stream: Stream, file: Int32? = nil, for purpose: String)
        throws(CommandError)
    {
        let ends = try FFmpeg.socketPair()
        defer { close(ends.theirs) }
        guard let messages = tmpfile() else {
            close(ends.ours)
            throw CommandError(.cannotWrite, "no temporary file: \(String(cString: strerror(errno)))")
        }
        let log = fileno(messages)
        var descriptors = [(ends.theirs, stream.rawValue), (log, 2)]
        if stream == .input { descriptors.append((log, 1)) }
        if let file { descriptors.append((file, 3)) }
        let (code, process) = FFmpeg.start([program, "-hide_banner", "-loglevel", "error"] + words, descriptors)
        guard code == 0 else {
            close(ends.ours)
            fclose(messages)
            let reason =
                code == ENOENT
                ? "which is not installed" : "which cannot be started (\(String(cString: strerror(code))))"
            throw CommandError(
                .cannotWrite, "\(purpose) needs \(program), \(reason); `apt-get install ffmpeg` brings it")
        }
        (self.program, self.process, socket, self.messages) = (program, process, ends.ours, messages)
    }

    /// Writes all of `bytes` to the program's standard input.
    /// - Throws: `CommandError` with its last message if it has ended.
    func send(_ bytes: [UInt8]) throws(CommandError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                try finish()
                throw CommandError(.internalError, "\(program) ended before the last frame")
            }
            sent += count
        }
    }

    /// Reads up to `count` bytes of the program's standard output; fewer only at its end.
    func receive(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = read(socket, buffer.baseAddress! + done, count - done)
                if got < 0 && errno == EINTR { continue }
                if got <= 0 { break }
                done += got
            }
        }
    }

    /// Closes the socket and waits for the end of the program.
    /// - Throws: `CommandError` with the last line of its messages if it fails.
    func finish() throws(CommandError) {
        closeSocket()
        let status = wait()
        guard status != 0 else { return }
        let signal = status & 0x7F
        let line =
            lastMessage
            ?? (signal == 0 ? "it ended with status \(status >> 8 & 0xFF)" : "it was ended by signal \(signal)")
        throw CommandError(.cannotWrite, "\(program): \(line)")
    }

    deinit {
        closeSocket()
        if isRunning {
            kill(process, SIGKILL)
            _ = wait()
        }
        fclose(messages)
    }

    private func closeSocket() {
        if socket >= 0 { close(socket) }
        socket = -1
    }

    private func wait() -> Int32 {
        guard isRunning else { return 0 }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        isRunning = false
        return status
    }

    private var lastMessage: String? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let log = fileno(messages)
        let count = pread(log, &bytes, bytes.count, max(0, lseek(log, 0, SEEK_END) - bytes.count))
        return bytes.prefix(max(0, count)).split { [0x0A, 0x0D].contains($0) }.last.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private static func socketPair() throws(CommandError) -> (ours: Int32, theirs: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw CommandError(.internalError, "no socket for ffmpeg: \(String(cString: strerror(errno)))")
        }
        return (ends[0], ends[1])
    }

    /// Starts a program with some descriptors of this process as descriptors of its own.
    private static func start(_ words: [String], _ descriptors: [(Int32, Int32)]) -> (code: Int32, process: pid_t) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // First to numbers that none of them has, so that none is replaced before it is copied.
        let unused = descriptors.map(\.0).max().map { max($0, 3) + 1 } ?? 4
        for (index, pair) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, pair.0, unused + Int32(index))
        }
        for (index, pair) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, unused + Int32(index), pair.1)
            posix_spawn_file_actions_addclose(&actions, unused + Int32(index))
        }
        var argv = words.map { strdup($0) }
        defer { for word in argv { free(word) } }
        argv.append(nil)
        var process = pid_t()
        let code = posix_spawnp(&process, words[0], &actions, nil, argv, environ)
        return (code, process)
    }
}
