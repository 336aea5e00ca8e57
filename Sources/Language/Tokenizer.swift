/// Text to token ids and back, by byte-pair encoding of normalised words.
///
/// Every byte has a token, so that nothing a user can type is dropped:
/// `decode(encode(text))` is the normalised text, where the limit leaves it whole.
public struct Tokenizer: Sendable {
    /// The tokens.
    public let vocabulary: Vocabulary

    /// A tokenizer with the tokens of `vocabulary`.
    public init(vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
    }

    /// Normalises `text` and cuts it into tokens.
    ///
    /// - Parameters:
    ///   - text: any text; where it is blank the result is only the start and the end token.
    ///   - limit: the most ids in the result, the start and the end token among them, at least 2. A longer text loses
    ///     its last pieces and keeps the end token.
    public func encode(_ text: String, limit: Int = 64) -> TokenSequence {
        precondition(limit >= 2, "a sequence has a start and an end token")
        var ids: [Int32] = []
        var merging = WordMerging(vocabulary)
        for word in Words(of: Normalizer()(text)) {
            if ids.count >= limit - 2 { break }
            merging.append(word, to: &ids)
        }
        return TokenSequence(pieces: ids.prefix(limit - 2))
    }

    /// The normalised text that the pieces spell.
    ///
    /// Special tokens spell nothing. U+FFFD stands for what is not UTF-8, such as a character that a limit has cut,
    /// and for ids that the vocabulary does not have.
    public func decode(_ sequence: TokenSequence) -> String {
        let replacement = Array("\u{FFFD}".utf8)
        let bytes = sequence.ids.flatMap { vocabulary.spelling(of: $0) ?? replacement }
        // The space that stands before the first word belongs to the spelling of words, not to the text.
        let text = bytes.first == UInt8(ascii: " ") ? bytes.dropFirst() : bytes[...]
        return String(decoding: text, as: UTF8.self)
    }
}
