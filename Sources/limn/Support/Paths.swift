import Files
import Glibc

/// Paths from the command line: checks, and writing to one.
enum Paths {
    /// Throws if a file cannot be written, so that a command fails before long work.
    static func requireWritable(_ path: String) throws {
        guard path != "-" else {
            throw CommandError(.usage, "-: this is not written to standard output; name a file")
        }
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw CommandError(.cannotWrite, "\(path): is a folder; expected a file")
            }
            if status.st_mode & S_IFMT != S_IFREG { return }
        }
        guard access(parentFolder(of: path), W_OK | X_OK) == 0 else {
            throw CommandError(.cannotWrite, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// Writes a file, or to standard output for `-`.
    static func write(_ bytes: [UInt8], to path: String) throws {
        if path == "-" { try StandardOutput.write(bytes) } else { try AtomicFile.write(bytes, to: path) }
    }

    /// Throws if `output` is the file `input`, which would be replaced.
    /// - Parameter name: what the input is, such as `model`.
    static func requireDistinct(_ output: String, from input: String, name: String) throws {
        var (a, b) = (stat(), stat())
        guard stat(output, &a) == 0, stat(input, &b) == 0, a.st_dev == b.st_dev, a.st_ino == b.st_ino else { return }
        throw CommandError(.usage, "\(output): is the \(name) itself, which would be replaced; choose another name")
    }

    /// Throws for empty paths, which would become paths in the root of the file system when a name is appended.
    static func requireNotEmpty(_ paths: (flag: String, path: String?)...) throws {
        for (flag, path) in paths where path == "" {
            throw CommandError(.usage, "\(flag) is empty; is a shell variable unset?")
        }
    }
}
