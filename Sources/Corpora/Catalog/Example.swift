/// An image and the captions that describe it.
public struct Example: Sendable, Equatable {
    /// The image's path relative to the corpus folder.
    public let path: String
    /// One caption or more, none blank; a single empty one if the image has none (`CorpusOptions.requiresCaptions`).
    public let captions: [String]
    /// Index of its class in `Corpus.classes`; nil if the class is unknown.
    public let label: Int?

    /// The captions as a metadata row has them; nil if there are none.
    var text: [String]? { captions == [""] ? nil : captions }
}

/// A caption of an example, and its index among all captions of the corpus.
public struct CaptionReference: Sendable, Hashable, BitwiseCopyable {
    /// Index in `Corpus.examples`.
    public let example: Int
    /// Index in that example's `captions`.
    public let caption: Int
    /// Index in `Corpus.captions`: the row of a matrix of embeddings that was computed once for all captions.
    public let number: Int

    package init(example: Int, caption: Int, number: Int) {
        self.example = example
        self.caption = caption
        self.number = number
    }
}
