import Basics

/// Writes tar archives in the most portable format, ustar (POSIX.1-1988; IEEE Std 1003.1, pax).
enum TarArchive {
    /// Block size in bytes: headers and files begin at multiples of it.
    static let block = 512
    /// The end of an archive: two blocks of zeros.
    static let end = [UInt8](repeating: 0, count: 2 * block)

    /// The header of a file, with user, group and time 0 so that equal files make equal archives.
    /// - Parameters:
    ///   - name: at most 100 bytes.
    ///   - size: less than 8 GiB.
    static func header(name: String, size: Int) -> [UInt8] {
        precondition(name.utf8.count <= 100 && (0..<1 << 33).contains(size), "a name or a size that ustar cannot hold")
        var header = [UInt8](repeating: 0, count: block)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ number: Int, digits: Int) -> String {
            zeroPadded(number, width: digits, radix: 8)
        }
        put(name, at: 0)
        put(octal(0o644, digits: 7), at: 100)  // mode
        put(octal(0, digits: 7), at: 108)  // user
        put(octal(0, digits: 7), at: 116)  // group
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)  // modification time
        put("        ", at: 148)  // the checksum field counts as spaces
        put("0", at: 156)  // a regular file
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(0, digits: 7), at: 329)  // device, major and minor
        put(octal(0, digits: 7), at: 337)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6) + "\0 ", at: 148)
        return header
    }

    /// Number of bytes of a file's record: header, content and padding.
    static func recordSize(of size: Int) -> Int { block + (size + block - 1) / block * block }

    /// The zeros that pad a file of `size` bytes.
    static func padding(after size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: recordSize(of: size) - block - size)
    }
}
