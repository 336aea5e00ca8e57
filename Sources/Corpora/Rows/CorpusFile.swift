import Files

/// Opens and reads files of a corpus, and converts `FileError` to `CorpusError`.
enum CorpusFile {
    /// Maximum size of an encoded image in bytes.
    static let largestImage = 1 << 30

    /// A regular file, opened for reading.
    /// - Throws: `CorpusError.cannotRead`.
    static func open(_ path: String) throws(CorpusError) -> OpenFile {
        do throws(FileError) {
            return try OpenFile(path)
        } catch {
            throw CorpusError(error)
        }
    }

    /// The whole of a file of at most `limit` bytes.
    /// - Throws: `CorpusError.cannotRead`.
    static func contents(_ path: String, limit: Int) throws(CorpusError) -> [UInt8] {
        do throws(FileError) {
            return try OpenFile.contents(path, limit: limit)
        } catch {
            throw CorpusError(error)
        }
    }
}
