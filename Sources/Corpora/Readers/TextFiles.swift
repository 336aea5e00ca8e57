import Threads

/// Reads many small text files on all processors, since opening them takes most of the time.
enum TextFiles {
    /// Maximum size of a file in bytes; larger files are refused.
    static let largest = 1 << 20
    /// Number of files held in memory at a time.
    private static let batchSize = 4096
    private static let threads = 8

    /// Calls `body` with the index and the content of each file, in order.
    /// - Parameters:
    ///   - files: indices in `paths`.
    ///   - paths: paths relative to `root`.
    static func read(
        _ files: [Int], of paths: TextColumn, in root: String,
        _ body: (Int, Result<[UInt8], CorpusError>) throws -> Void
    ) throws {
        for start in stride(from: 0, to: files.count, by: batchSize) {
            let batch = files[start..<min(start + batchSize, files.count)]
            let contents = (0..<threads).concurrentMap { thread in
                let first = batch.startIndex + batch.count * thread / threads
                let end = batch.startIndex + batch.count * (thread + 1) / threads
                return batch[first..<end].map { file in
                    Result { () throws(CorpusError) in
                        try CorpusFile.contents("\(root)/\(paths[file])", limit: largest)
                    }
                }
            }
            for (file, content) in zip(batch, contents.joined()) { try body(file, content) }
        }
    }
}
