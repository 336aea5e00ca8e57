import Basics
import Glibc

/// What identifies the version of a file: inode, size and modification time.
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

    /// FNV-1a over the stamp and a name.
    func digest(of name: String) -> UInt64 {
        var hash = FNV1a()
        for word in words { withUnsafeBytes(of: word.littleEndian) { hash.add($0) } }
        hash.add(name.utf8)
        return hash.value
    }
}
