import Basics

/// What a corpus lists, each kind as one number: equal corpora have equal ones, and hardly any others do.
package struct CorpusDigests: Sendable, Equatable {
    /// Of the pictures' paths, in order.
    package let paths: UInt64
    /// Of the captions and of which belong to which picture.
    package let captions: UInt64
    /// Of the pictures' classes, by name.
    package let classes: UInt64

    package init(_ corpus: Corpus) {
        let rows = corpus.captions.index.rows
        // A name's own digest stands for it; none of them is 0.
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
