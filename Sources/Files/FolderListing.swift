import FoundationEssentials

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
