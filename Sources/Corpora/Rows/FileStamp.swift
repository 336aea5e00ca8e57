import Basics
import Glibc

/// Identifies the version of a file by inode, size and modification time.
struct FileStamp {
    private let words: [UInt64]

    /// - Throws: `CorpusError.cannotRead`.
    init(_ path: String) throws(CorpusError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .cannotRead(path: path, code: errno) }
        words = [
            UInt64(status.st_ino), UInt64(bitPattern: Int64(status.st_size)),
            UInt64(bitPattern: Int64(status.st_mtim.tv_sec)), UInt64(bitPattern: Int64(status.st_mtim.tv_nsec)),
        ]
    }

    /// The FNV-1a hash of the stamp and a name.
    func digest(of name: String) -> UInt64 {
        var hash = FNV1a()
        for word in words { withUnsafeBytes(of: word.littleEndian) { hash.add($0) } }
        hash.add(name.utf8)
        return hash.value
    }
}
