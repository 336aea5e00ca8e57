/// The token ids of one text, including special tokens, without padding.
public struct TokenSequence: Sendable, Hashable {
    /// The token ids.
    public let ids: [Int32]
    /// For each token the range of Unicode scalars of the original text that it covers; 0..<0 for special tokens.
    ///
    /// A token for part of a character covers the whole character.
    public let offsets: [Range<Int>]
    /// Whether the text was truncated.
    public let isTruncated: Bool

    /// - Parameter offsets: one range for each id.
    init(ids: [Int32], offsets: [Range<Int>], isTruncated: Bool) {
        (self.ids, self.offsets, self.isTruncated) = (ids, offsets, isTruncated)
    }

    /// Sequences are equal if their ids are; offsets depend on the text.
    public static func == (one: Self, other: Self) -> Bool { one.ids == other.ids }

    /// Hashes the ids.
    public func hash(into hasher: inout Hasher) { hasher.combine(ids) }
}
