import Glibc

/// Paths from the command line.
enum Paths {
    /// Refuses, before any long work, a file that could not be written at its end.
    static func requireWritable(_ path: String) throws {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw CommandError(.cannotWrite, "\(path): is a folder; name a file in it")
            }
            if status.st_mode & S_IFMT != S_IFREG { return }
        }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard access(folder, W_OK | X_OK) == 0 else {
            throw CommandError(.cannotWrite, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// Refuses empty ones, which would mean the root of the file system to whatever appends a name to them.
    static func requireNotEmpty(_ paths: (flag: String, path: String?)...) throws {
        for (flag, path) in paths where path == "" {
            throw CommandError(.usage, "\(flag) is empty; is a variable of the shell unset?")
        }
    }
}
