/// A tokenizer as Hugging Face's `tokenizers` builds it: normalizer, pre-tokenizer, model, post-processor, decoder.
struct Pipeline: Sendable {
    enum Model: Sendable {
        case pairs(BPEModel)
        case wordPieces(WordPieceModel)
        case unigram(UnigramModel)

        var vocabulary: ModelVocabulary {
            switch self {
            case .pairs(let model): model.vocabulary
            case .wordPieces(let model): model.vocabulary
            case .unigram(let model): model.vocabulary
            }
        }

        /// Appends the tokens of a word in UTF-8.
        func append(_ word: UnsafeRawBufferPointer, to pieces: inout [Piece]) {
            switch self {
            case .pairs(let model): model.append(word, to: &pieces)
            case .wordPieces(let model): model.append(word, to: &pieces)
            case .unigram(let model): model.append(word, to: &pieces)
            }
        }
    }

    let normalizer: Normalizer?
    let preTokenizer: PreTokenizer?
    let model: Model
    let postProcessor: PostProcessor
    let decoder: TokenDecoder?
    /// The end-of-word suffix if the decoder does not handle it; it is decoded as a space.
    let wordEnd: String?
    /// Added tokens by id.
    let added: [Int32: AddedToken]
    /// Number of ids.
    let count: Int
    let padding: Int32
    /// Added tokens that are matched before normalization, and after it.
    let verbatim: AddedVocabulary
    let normalized: AddedVocabulary
    /// The white space of each token; empty if offsets are not trimmed.
    let spaces: [PostProcessor.Spaces]

    /// - Parameters:
    ///   - added: added tokens; the earlier one of equal tokens wins.
    ///   - padding: the padding id; nil looks for a token with a common name.
    init(
        normalizer: Normalizer?, preTokenizer: PreTokenizer?, model: Model, postProcessor: PostProcessor,
        decoder: TokenDecoder?, wordEnd: String? = nil, added: [AddedToken], padding: Int32? = nil
    ) {
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.postProcessor = postProcessor
        self.decoder = decoder
        self.wordEnd = wordEnd
        // As in Hugging Face's `tokenizers`, tokens matched in normalized text are decoded to their normalized form.
        let spelled = added.map { token in
            var text = AlignedText(token.content)
            if token.isNormalized { normalizer?.apply(to: &text) }
            var token = token
            token.content = text.string
            return (token.id, token)
        }
        self.added = Dictionary(spelled) { $1 }
        let ordered = added.filter(\.isSpecial) + added.filter { !$0.isSpecial }
        verbatim = AddedVocabulary(ordered.filter { !$0.isNormalized }, normalizing: nil)
        normalized = AddedVocabulary(ordered.filter(\.isNormalized), normalizing: normalizer)
        count = added.reduce(model.vocabulary.tokens.count) { max($0, Int($1.id) + 1) }
        spaces = postProcessor.trims.isEmpty ? [] : model.vocabulary.tokens.map { PostProcessor.Spaces($0 ?? "") }
        let common = ["[PAD]", "<pad>", "<|pad|>", "<|endoftext|>", "</s>"]
        self.padding =
            padding
            ?? common.lazy.compactMap { name in
                added.first { $0.content == name }?.id ?? model.vocabulary.id(name)
            }.first ?? 0
    }

    /// The token of an id, as spelled in its file.
    func token(_ id: Int32) -> String? { added[id]?.content ?? model.vocabulary.token(id) }

    /// Decodes ids; special tokens and ids without a token are skipped.
    func decode(_ ids: [Int32]) -> String {
        var tokens = ids.compactMap { id in added[id]?.isSpecial == true ? nil : token(id) }
        if let wordEnd {
            let space = String(Character(Unicode.Scalar(ByteAlphabet.space) ?? " "))
            tokens = tokens.map { $0.hasSuffix(wordEnd) ? String($0.dropLast(wordEnd.count)) + space : $0 }
        }
        let text = decoder.map { $0.apply(to: tokens).joined() } ?? tokens.joined(separator: " ")
        return wordEnd != nil && text.hasSuffix(" ") ? String(text.dropLast()) : text
    }

    /// Encodes a text into `output`.
    func encode(_ text: String, into output: inout EncodingState) {
        let whole = AlignedText(text)
        for (range, token) in verbatim.split(whole) {
            if let token {
                append(token, whole, range, to: &output)
                continue
            }
            var part = whole[range]
            normalizer?.apply(to: &part)
            for (range, token) in normalized.split(part) {
                if let token {
                    append(token, part, range, to: &output)
                } else if !range.isEmpty {
                    var split = PreTokenizedText(part[range])
                    preTokenizer?.apply(to: &split)
                    for word in split.parts {
                        if output.isFull { return }
                        append(split.text, word, to: &output)
                    }
                }
            }
        }
    }

    private func append(_ token: AddedToken, _ text: AlignedText, _ range: Range<Int>, to output: inout EncodingState) {
        guard let last = range.last else { return }
        let start = Int(text.scalars[range.lowerBound].start)
        let offsets = start..<max(start, Int(text.scalars[last].end))
        output.append(
            token.id,
            postProcessor.trims.isEmpty
                ? offsets
                : postProcessor.trimmed(offsets, of: output.ids.count, PostProcessor.Spaces(text[range].string)))
    }

    private func append(_ text: AlignedText, _ word: Range<Int>, to output: inout EncodingState) {
        let first = output.ids.count
        output.append(text, word) { model.append($0, to: &$1) }
        guard !postProcessor.trims.isEmpty else { return }
        for index in first..<output.ids.count {
            let id = Int(output.ids[index])
            output.offsets[index] = postProcessor.trimmed(output.offsets[index], of: index, spaces[id])
        }
    }
}
