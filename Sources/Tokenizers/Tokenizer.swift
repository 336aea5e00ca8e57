/// Text to token ids and back: Limn's own byte pairs, or what a file of another project describes.
///
/// Limn's own has a token for every byte, so that nothing a user can type is dropped: `decode(encode(text))` is the
/// normalised text, where the limit leaves it whole. Of other projects it reads byte-pair encodings and WordPiece
/// (`docs/tokenizers.md`), with the ids and offsets of Hugging Face's `tokenizers`.
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

    /// The vocabulary of a tokenizer of Limn's own; nil for those of others.
    public var vocabulary: Vocabulary? {
        if case .bytePairs(let pairs) = scheme { pairs.vocabulary } else { nil }
    }

    /// Number of tokens: ids are 0..<count. Files of others may leave some of them without a token.
    public var count: Int {
        switch scheme {
        case .bytePairs(let pairs): pairs.vocabulary.count
        case .pipeline(let pipeline): pipeline.count
        }
    }

    /// The id that fills batches up to a common length.
    public var padding: Int32 {
        switch scheme {
        case .bytePairs: Vocabulary.padding
        case .pipeline(let pipeline): pipeline.padding
        }
    }

    /// The least that a limit can be: the number of tokens that frame every text.
    public var specialTokenCount: Int {
        switch scheme {
        case .bytePairs: 2
        case .pipeline(let pipeline): pipeline.postProcessor.before.count + pipeline.postProcessor.after.count
        }
    }

    /// Normalises `text` and cuts it into tokens.
    ///
    /// - Parameters:
    ///   - text: any text; where it is blank the result may be only the tokens that frame it.
    ///   - limit: the most ids in the result, at least `specialTokenCount`. A longer text loses its last pieces and keeps the
    ///     tokens that frame it; `isTruncated` says so.
    public func encode(_ text: String, limit: Int = 64) -> TokenSequence {
        var state = EncodingState(caches: false)
        return encode(text, limit: limit, &state)
    }

    /// Encodes many texts, which takes less time than one by one: the pieces of words are kept on the way.
    public func encode(_ texts: some Sequence<String>, limit: Int = 64) -> [TokenSequence] {
        var state = EncodingState(caches: true)
        return texts.map { encode($0, limit: limit, &state) }
    }

    private func encode(_ text: String, limit: Int, _ state: inout EncodingState) -> TokenSequence {
        let room = max(max(limit, 0) - specialTokenCount, 0)
        state.clear(limit: room)
        let postProcessor: PostProcessor
        switch scheme {
        case .bytePairs(let pairs):
            pairs.encode(text, into: &state)
            postProcessor = PostProcessor(before: [Vocabulary.start], after: [Vocabulary.end])
        case .pipeline(let pipeline):
            pipeline.encode(text, into: &state)
            postProcessor = pipeline.postProcessor
        }
        let nowhere = 0..<0
        return TokenSequence(
            ids: postProcessor.before + state.ids.prefix(room) + postProcessor.after,
            offsets: postProcessor.before.map { _ in nowhere } + state.offsets.prefix(room)
                + postProcessor.after.map { _ in nowhere },
            isTruncated: state.ids.count > room)
    }

    /// The text that ids spell, as far as the scheme keeps it.
    ///
    /// Special tokens spell nothing. With Limn's own, U+FFFD stands for what is not UTF-8, such as a character that a
    /// limit has cut, and for ids that the vocabulary does not have; with others such ids spell nothing.
    public func decode(_ ids: [Int32]) -> String {
        switch scheme {
        case .bytePairs(let pairs): pairs.decode(ids)
        case .pipeline(let pipeline): pipeline.decode(ids)
        }
    }

    /// The text that a sequence spells.
    public func decode(_ sequence: TokenSequence) -> String { decode(sequence.ids) }

    /// The token of an id: as its file spells it (`##ing`, `Ġthe`, `photo</w>`), or the label of one of Limn's own; nil
    /// where there is none.
    public func token(of id: Int32) -> String? {
        switch scheme {
        case .bytePairs(let pairs): pairs.vocabulary.label(of: id)
        case .pipeline(let pipeline): pipeline.token(id)
        }
    }
}
