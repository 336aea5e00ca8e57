import Files
import FoundationEssentials
import Glibc
import Images

/// Paths from the command line: checks, their parts, and writing to one.
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

    /// Whether an output path is that of a folder: it is one, ends in a slash, or has no suffix.
    /// - Parameter ofMany: whether there are several images that need a file each.
    static func isFolder(_ path: String, ofMany: Bool) -> Bool {
        if path == "-" { return false }
        if path.hasSuffix("/") { return true }
        var isFolder = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        return isFolder || (suffix(path).isEmpty && (ofMany || !exists))
    }

    /// Throws if the suffix is that of another image format.
    static func requirePNG(_ path: String) throws {
        guard [nil, .png].contains(ImageFormat(suffix: suffix(path))) else {
            throw CommandError(
                .usage, "\(path): images are written as PNG, which stores their prompts and seeds; use the suffix .png")
        }
    }

    /// The suffix of a path's last part in lower case; empty if there is none.
    static func suffix(_ path: String) -> String {
        let name = lastComponent(of: path)
        return name.dropFirst().lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
    }

    /// The path without a slash at its end, to which names can be appended.
    static func withoutSlash(_ folder: String) -> String {
        folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    }
}
