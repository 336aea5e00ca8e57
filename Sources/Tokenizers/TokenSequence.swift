/// One text as token ids, without padding: what frames it, its pieces, what frames it.
public struct TokenSequence: Sendable, Hashable {
    /// The tokens, special ones included.
    public let ids: [Int32]
    /// For each token the scalars of the text as given that it stands for, counted from 0; 0..<0 for tokens that frame.
    ///
    /// A token of a part of a character has all of that character.
    public let offsets: [Range<Int>]
    /// Whether a limit has cut tokens off.
    public let isTruncated: Bool

    /// A sequence of a tokenizer; there are as many offsets as ids.
    init(ids: [Int32], offsets: [Range<Int>], isTruncated: Bool) {
        (self.ids, self.offsets, self.isTruncated) = (ids, offsets, isTruncated)
    }

    /// Sequences are equal where their ids are: offsets are about the text.
    public static func == (one: Self, other: Self) -> Bool { one.ids == other.ids }

    /// Hashes the ids.
    public func hash(into hasher: inout Hasher) { hasher.combine(ids) }
}
