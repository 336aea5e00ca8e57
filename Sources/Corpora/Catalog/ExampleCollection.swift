/// The examples of a corpus in order, created on access.
public struct ExampleCollection: RandomAccessCollection, Sendable, Equatable {
    let index: CorpusIndex

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of examples.
    public var endIndex: Int { index.rows.count }

    /// The example at a position.
    public subscript(position: Int) -> Example {
        precondition(indices.contains(position), "the corpus has no such example")
        return Example(
            path: index.path(position), captions: index.rows.captionRange(position).map { index.rows.captions[$0] },
            label: index.rows.classNumber(position))
    }

    /// Whether both list the same images with the same captions.
    public static func == (a: ExampleCollection, b: ExampleCollection) -> Bool {
        a.index === b.index || a.index.rows == b.index.rows
    }
}

/// The captions of a corpus, example by example, created on access.
public struct CaptionCollection: RandomAccessCollection, Sendable {
    let index: CorpusIndex

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of captions.
    public var endIndex: Int { index.rows.captions.count }

    /// The caption at a position.
    public subscript(position: Int) -> String {
        precondition(indices.contains(position), "the corpus has no such caption")
        return index.rows.captions[position]
    }
}
