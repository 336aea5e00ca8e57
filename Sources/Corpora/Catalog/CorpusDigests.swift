import Basics

/// Digests of what a corpus lists: equal corpora have equal digests.
package struct CorpusDigests: Sendable, Equatable {
    /// Digest of the images' paths, in order.
    package let paths: UInt64
    /// Digest of the captions of each image.
    package let captions: UInt64
    /// Digest of the images' class names.
    package let classes: UInt64

    package init(_ corpus: Corpus) {
        let rows = corpus.captions.index.rows
        // Never 0, which stands for images without a class.
        let names = corpus.classes.map { name in Array(name.utf8).withUnsafeBytes(Digest.of) | 1 }
        var (paths, captions, classes) = (Digest(), Digest(), Digest())
        for row in 0..<rows.count {
            rows.paths.utf8(row).withUnsafeBytes { paths.add($0) }
            for caption in rows.captionRange(row) { rows.captions.utf8(caption).withUnsafeBytes { captions.add($0) } }
            captions.add(UInt64(rows.captionRange(row).count))
            classes.add(rows.classNumber(row).map { names[$0] } ?? 0)
        }
        (self.paths, self.captions, self.classes) = (paths.value, captions.value, classes.value)
    }
}
