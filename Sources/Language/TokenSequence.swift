/// One text as token ids, without padding: `Vocabulary.start`, the pieces, `Vocabulary.end`.
public struct TokenSequence: Sendable, Hashable {
    /// At least two ids; the first is `Vocabulary.start`, the last `Vocabulary.end`.
    public let ids: [Int32]

    /// Frames the ids of pieces with the start and the end token.
    public init(pieces: some Sequence<Int32>) {
        ids = [Vocabulary.start] + pieces + [Vocabulary.end]
    }
}
