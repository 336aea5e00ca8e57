@preconcurrency import Glibc
import Images

/// Writes an H.264 video through an `ffmpeg` process, which is looked for on PATH and reads the frames from a socket.
final class MP4Encoder: AnimationEncoder {
    private let process: pid_t
    /// Our end of the socket; -1 if it is closed. A socket, since writing to a pipe without a reader raises a signal.
    private var frames: Int32
    /// A temporary file without a name, for the process's messages. A pipe could fill up.
    private let messages: UnsafeMutablePointer<FILE>
    private var isRunning = true

    /// The longest comment, in Unicode scalars: an argument of a process has at most 128 KiB.
    private static let longestComment = 10_000

    /// - Parameters:
    ///   - file: the descriptor of an empty regular file.
    ///   - side: width and height of the frames, an even number.
    /// - Throws: `CommandError` if there is no `ffmpeg`.
    init(file: Int32, side: Int, framesPerSecond: Int, comment: String) throws {
        let ends = try MP4Encoder.socketPair()
        defer { close(ends.theirs) }
        guard let messages = tmpfile() else {
            close(ends.ours)
            throw CommandError(.cannotWrite, "no temporary file: \(String(cString: strerror(errno)))")
        }
        let log = fileno(messages)
        let input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "\(side)x\(side)"]
        // Small videos are otherwise taken to have the colours of standard definition, and large ones those of high definition.
        let colors = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
        let comment = String(comment.unicodeScalars.prefix(MP4Encoder.longestComment))
        let words =
            ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin"] + input
            + ["-framerate", "\(framesPerSecond)", "-i", "pipe:0"]
            + ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p"] + colors
            + ["-c:v", "libx264", "-crf", "16", "-movflags", "+faststart"]
            + (comment.isEmpty ? [] : ["-metadata", "comment=\(comment)"]) + ["-f", "mp4", "-y", "/dev/fd/3"]
        let (code, process) = MP4Encoder.start(words, [(ends.theirs, 0), (log, 1), (log, 2), (file, 3)])
        guard code == 0 else {
            close(ends.ours)
            fclose(messages)
            let reason =
                code == ENOENT
                ? "which is not installed" : "which cannot be started (\(String(cString: strerror(code))))"
            throw CommandError(.cannotWrite, "MP4 needs ffmpeg, \(reason); `apt-get install ffmpeg` brings it")
        }
        (self.process, frames, self.messages) = (process, ends.ours, messages)
    }

    func add(_ frame: Image) throws -> [UInt8] {
        var sent = 0
        while sent < frame.pixels.count {
            let count = frame.pixels.withUnsafeBytes {
                send(frames, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            // The process has ended, and says why.
            guard count > 0 else {
                _ = try finish()
                throw CommandError(.internalError, "ffmpeg ended before the last frame")
            }
            sent += count
        }
        return []
    }

    /// Waits for the process, which has then written the whole file.
    /// - Throws: `CommandError` with the last line of its messages if it fails.
    func finish() throws -> [UInt8] {
        closeSocket()
        let status = wait()
        guard status != 0 else { return [] }
        let signal = status & 0x7F
        let line =
            lastMessage
            ?? (signal == 0 ? "it ended with status \(status >> 8 & 0xFF)" : "it was ended by signal \(signal)")
        throw CommandError(.cannotWrite, "ffmpeg: \(line)")
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
        if frames >= 0 { close(frames) }
        frames = -1
    }

    private func wait() -> Int32 {
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

    private static func socketPair() throws -> (ours: Int32, theirs: Int32) {
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
