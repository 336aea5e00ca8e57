import Files
import Glibc

/// Reads a text file of any size line by line through one buffer.
struct LineReader {
    /// Maximum length of a line in bytes; longer lines are skipped.
    static let longestLine = 1 << 20

    struct Line {
        /// Counted from 1.
        let number: Int
        /// Its range in `bytes`, without the line end (LF or CR LF); nil if the line is too long.
        let range: Range<Int>?
    }

    /// The buffer that ranges refer to; valid until the next call of `nextLine`.
    private(set) var bytes: [UInt8] = []
    private let file: OpenFile
    private var offset = 0
    private var next = 0
    private var number = 0

    /// - Throws: `CorpusError.cannotRead`.
    init(_ path: String) throws(CorpusError) {
        file = try CorpusFile.open(path)
        try refill()
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { next = 3 }
    }

    /// The next line; nil at the end of the file.
    /// - Throws: `CorpusError.cannotRead`.
    mutating func nextLine() throws(CorpusError) -> Line? {
        var searched = next
        var isTooLong = false
        while true {
            if let end = lineFeed(from: searched) {
                return line(upTo: end, consuming: end + 1, isTooLong)
            }
            if bytes.count - next > Self.longestLine {
                isTooLong = true
                next = bytes.count
            }
            let unread = bytes.count - next
            guard try refill() else {
                return unread > 0 || isTooLong ? line(upTo: bytes.count, consuming: bytes.count, isTooLong) : nil
            }
            searched = next + unread
        }
    }

    /// The index of the first line feed from `start` on.
    private func lineFeed(from start: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            return memchr(base + start, 0x0A, bytes.count - start).map { UnsafeRawPointer($0) - base }
        }
    }

    private mutating func line(upTo end: Int, consuming rest: Int, _ isTooLong: Bool) -> Line {
        number += 1
        let start = next
        next = rest
        if isTooLong || end - start > Self.longestLine { return Line(number: number, range: nil) }
        let hasReturn = end > start && bytes[end - 1] == 0x0D
        return Line(number: number, range: start..<(hasReturn ? end - 1 : end))
    }

    /// Moves unread bytes to the front and reads more; returns false at the end of the file.
    @discardableResult
    private mutating func refill() throws(CorpusError) -> Bool {
        bytes.removeSubrange(..<next)
        next = 0
        let before = bytes.count
        do throws(FileError) {
            try file.read(Self.longestLine, at: offset, into: &bytes)
        } catch {
            throw CorpusError(error)
        }
        offset += bytes.count - before
        return bytes.count > before
    }
}
