/// Encodes text to token ids and decodes ids to text, with Limn's own byte-level BPE or a tokenizer from other files.
///
/// Limn's own has a token for every byte, so that no input is lost: `decode(encode(text))` is the normalized text
/// unless it was truncated. Other tokenizers may be BPE, WordPiece or Unigram (`docs/tokenizers.md`); their ids and
/// offsets equal those of Hugging Face's `tokenizers`.
public struct Tokenizer: Sendable {
    private enum Scheme: Sendable {
        case bytePairs(ByteLevelBPE)
        case pipeline(Pipeline)
    }

    private let scheme: Scheme

    /// A tokenizer with the tokens of `vocabulary`.
    public init(vocabulary: Vocabulary) {
        scheme = .bytePairs(ByteLevelBPE(vocabulary))
    }

    init(_ pipeline: Pipeline) {
        scheme = .pipeline(pipeline)
    }

    /// The vocabulary of Limn's own tokenizers; nil for others.
    public var vocabulary: Vocabulary? {
        if case .bytePairs(let pairs) = scheme { pairs.vocabulary } else { nil }
    }

    /// Number of ids, which are 0..<count. Other tokenizers than Limn's own may have unused ids.
    public var count: Int {
        switch scheme {
        case .bytePairs(let pairs): pairs.vocabulary.count
        case .pipeline(let pipeline): pipeline.count
        }
    }

    /// The padding id.
    public var padding: Int32 {
        switch scheme {
        case .bytePairs: Vocabulary.padding
        case .pipeline(let pipeline): pipeline.padding
        }
    }

    /// Number of special tokens added to every text, and therefore the smallest possible limit.
    public var specialTokenCount: Int {
        switch scheme {
        case .bytePairs: 2
        case .pipeline(let pipeline): pipeline.postProcessor.before.count + pipeline.postProcessor.after.count
        }
    }

    /// Encodes a text.
    ///
    /// - Parameters:
    ///   - text: any text; a blank one may yield only special tokens.
    ///   - limit: maximum number of ids, at least `specialTokenCount`. A longer text is truncated at its end, which
    ///     keeps the special tokens, and `isTruncated` is true.
    public func encode(_ text: String, limit: Int = 64) -> TokenSequence {
        var state = EncodingState(caches: false)
        return encode(text, limit: limit, &state)
    }

    /// Encodes many texts; faster than one by one, because the tokens of words are cached.
    public func encode(_ texts: some Sequence<String>, limit: Int = 64) -> [TokenSequence] {
        var state = EncodingState(caches: true)
        return texts.map { encode($0, limit: limit, &state) }
    }

    private func encode(_ text: String, limit: Int, _ state: inout EncodingState) -> TokenSequence {
        let textLimit = max(max(limit, 0) - specialTokenCount, 0)
        state.clear(limit: textLimit)
        let postProcessor: PostProcessor
        switch scheme {
        case .bytePairs(let pairs):
            pairs.encode(text, into: &state)
            postProcessor = PostProcessor(before: [Vocabulary.start], after: [Vocabulary.end])
        case .pipeline(let pipeline):
            pipeline.encode(text, into: &state)
            postProcessor = pipeline.postProcessor
        }
        let noOffsets = 0..<0
        return TokenSequence(
            ids: postProcessor.before + state.ids.prefix(textLimit) + postProcessor.after,
            offsets: postProcessor.before.map { _ in noOffsets } + state.offsets.prefix(textLimit)
                + postProcessor.after.map { _ in noOffsets },
            isTruncated: state.ids.count > textLimit)
    }

    /// Decodes ids. Special tokens are skipped. Limn's own tokenizers decode invalid UTF-8, such as a truncated
    /// character, and unknown ids as U+FFFD; others skip unknown ids.
    public func decode(_ ids: [Int32]) -> String {
        switch scheme {
        case .bytePairs(let pairs): pairs.decode(ids)
        case .pipeline(let pipeline): pipeline.decode(ids)
        }
    }

    /// Decodes a sequence.
    public func decode(_ sequence: TokenSequence) -> String { decode(sequence.ids) }

    /// The token of an id, as spelled in its file (`##ing`, `Ġthe`, `photo</w>`), or the label of one of Limn's own;
    /// nil for an unused id.
    public func token(of id: Int32) -> String? {
        switch scheme {
        case .bytePairs(let pairs): pairs.vocabulary.label(of: id)
        case .pipeline(let pipeline): pipeline.token(id)
        }
    }
}
