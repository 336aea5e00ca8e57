import Glibc

/// What changes when a file is exchanged for another: where it lies, its size, and when it was last changed.
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
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for word in words { withUnsafeBytes(of: word.littleEndian) { $0.forEach(add) } }
        name.utf8.forEach(add)
        return digest
    }
}
