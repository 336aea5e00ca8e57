/// A file that holds many encoded images, such as a tar file.
protocol ImageArchive: Sendable {
    /// Its path.
    var path: String { get }
    /// The bytes of `range` of its content.
    /// - Throws: `CorpusError.cannotRead`.
    func read(_ range: Range<Int>) throws(CorpusError) -> [UInt8]
}
