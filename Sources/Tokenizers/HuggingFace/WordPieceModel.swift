/// The model WordPiece (Wu et al., 2016) as BERT uses it: the longest token that begins a word, then the longest ones
/// that continue it.
struct WordPieceModel: Sendable {
    let vocabulary: ModelVocabulary
    private let unknown: Int32
    /// Tokens that continue a word, without their prefix.
    private let continuing: TokenTable
    /// Maximum length of a word in scalars; longer ones are unknown.
    private let longestWord: Int
    /// Length of the longest token in bytes.
    private let longestToken: Int

    /// - Parameters:
    ///   - unknown: the token of words that cannot be split into pieces.
    ///   - prefix: prefix of tokens that continue a word, such as `##`.
    ///   - longestWord: maximum length of a word in scalars; longer ones are unknown.
    /// - Throws: `TokenizerError.malformedTokenizer` if `unknown` is not a token.
    init(_ vocabulary: ModelVocabulary, unknown: String, prefix: String, longestWord: Int, file: String) throws {
        guard let id = vocabulary.id(unknown) else {
            throw TokenizerError.malformedTokenizer(
                file: file, reason: "the unknown token \"\(unknown.prefix(40))\" is not in the vocabulary")
        }
        var continuing = TokenTable(minimumCapacity: vocabulary.tokens.count)
        var longest = 1
        for (id, token) in vocabulary.tokens.enumerated() {
            guard let token else { continue }
            longest = max(longest, token.utf8.count)
            if token.utf8.starts(with: prefix.utf8) {
                continuing.insert(Array(token.utf8.dropFirst(prefix.utf8.count)), Int32(id))
            }
        }
        (self.vocabulary, self.continuing, self.longestWord, longestToken) = (
            vocabulary, continuing, longestWord, longest
        )
        self.unknown = id
    }

    /// Appends the tokens of a word in UTF-8.
    func append(_ word: UnsafeRawBufferPointer, to pieces: inout [Piece]) {
        let first = pieces.count
        func isLead(_ position: Int) -> Bool { position == word.count || word[position] & 0xC0 != 0x80 }
        var start = 0
        let isTooLong =
            word.count > longestWord && word.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } > longestWord
        while !isTooLong, start < word.count {
            var end = min(word.count, start + longestToken)
            var id: Int32?
            while end > start {
                if isLead(end) {
                    let part = UnsafeRawBufferPointer(rebasing: word[start..<end])
                    id = start == 0 ? vocabulary.ids.value(part) : continuing.value(part)
                    if id != nil { break }
                }
                end -= 1
            }
            guard let id else { break }
            pieces.append(Piece(id: id, length: Int32(end - start)))
            start = end
        }
        if isTooLong || start < word.count {
            pieces.removeSubrange(first...)
            pieces.append(Piece(id: unknown, length: Int32(word.count)))
        }
    }
}
