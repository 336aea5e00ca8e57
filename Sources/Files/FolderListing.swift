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

/// Creates a folder and those that contain it, unless they exist.
package func createFolder(_ path: String) throws(FileError) {
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw FileError(.createFolder, path, code: posixCode(error))
    }
}

/// The last part of a path: `red.png` of `images/red.png`; empty for an empty path and for `/`.
package func lastComponent(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

/// The folder that contains a path: `.` for a bare name.
package func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The path of the running program; nil if `/proc` is missing.
package func programPath() -> String? { linkContent("/proc/self/exe") }

/// The path that a symbolic link holds, relative to the link's folder unless it begins with a slash; nil if it is no link.
package func linkContent(_ path: String) -> String? { try? FileManager.default.destinationOfSymbolicLink(atPath: path) }

/// The path with all links resolved; nil if it does not exist.
package func resolvedPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
