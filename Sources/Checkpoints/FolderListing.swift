import FoundationEssentials
import Glibc

/// The names of what a folder holds.
func fileNames(in folder: String) throws -> [String] {
    do {
        return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
        throw CheckpointError.refused(action: "read the folder", path: folder, code: posixCode(error))
    }
}

/// The `errno` behind an error of the file manager.
func posixCode(_ error: any Error) -> Int32 {
    ((error as? CocoaError)?.underlying as? POSIXError)?.code.rawValue ?? EIO
}
