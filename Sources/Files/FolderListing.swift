import FoundationEssentials

/// The names of a folder's files and folders, in no order.
package func fileNames(in folder: String) throws(FileError) -> [String] {
    do {
        return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
        throw FileError(.list, folder, code: posixCode(error))
    }
}
