import Dispatch
import Synchronization

/// Reads many small text files on all processors: what takes time is the system's opening of each.
enum TextFiles {
    /// Bytes; larger files are refused.
    static let largest = 1 << 20
    private static let atOnce = 4096

    /// Lends the content of each file in order.
    /// - Parameters:
    ///   - files: which of `paths`.
    ///   - paths: relative to `root`.
    static func read(
        _ files: [Int], of paths: TextColumn, in root: String,
        _ body: (Int, Result<[UInt8], CorpusError>) throws -> Void
    ) throws {
        for start in stride(from: 0, to: files.count, by: atOnce) {
            let part = files[start..<min(start + atOnce, files.count)]
            let contents = Mutex([ArraySlice<Result<[UInt8], CorpusError>>](repeating: [], count: 8))
            DispatchQueue.concurrentPerform(iterations: 8) { share in
                let own = part[
                    (part.startIndex + part.count * share / 8)..<(part.startIndex + part.count * (share + 1) / 8)]
                let read = own.map { file in
                    Result { () throws(CorpusError) in try CorpusFile.contents("\(root)/\(paths[file])", limit: largest)
                    }
                }
                contents.withLock { $0[share] = read[...] }
            }
            for (file, content) in zip(part, contents.withLock { $0 }.joined()) { try body(file, content) }
        }
    }
}
