import FoundationEssentials
import Glibc

/// The names of the files and folders in a folder, in no particular order.
package func fileNames(in folder: String) throws(FileError) -> [String] {
    do {
        return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
        throw FileError(.list, folder, code: posixCode(error))
    }
}

/// The folder that contains a path: `.` for a bare name.
package func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The path of the running program; nil if `/proc` is missing.
package func programPath() -> String? { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") }

/// The path with all links resolved; nil if it does not exist.
package func resolvedPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
