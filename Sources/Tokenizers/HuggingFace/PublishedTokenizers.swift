import JSON

/// Tokenizers whose files contain only tokens and merges. Everything else follows the authors' code.
extension Pipeline {
    /// BERT's tokenizer (Devlin et al., 2019) from `vocab.txt`: one token per line; ids count lines from 0.
    /// - Parameters:
    ///   - lowercases: whether text is lowercased, as for the uncased models.
    ///   - stripsAccents: whether accents are removed; nil follows `lowercases`.
    ///   - separatesIdeographs: whether each ideograph is a word.
    init(wordPieces lines: [String], lowercases: Bool, stripsAccents: Bool?, separatesIdeographs: Bool, file: String)
        throws
    {
        let vocabulary = try ModelVocabulary(lines.enumerated().map { ($1, Int32($0)) }, file: file)
        func id(_ token: String) throws -> Int32 {
            if let id = vocabulary.id(token) { return id }
            throw TokenizerError.malformedTokenizer(
                file: file, reason: "it has no token \(token); it must be a vocab.txt of BERT's kind, complete")
        }
        let added = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].compactMap { token in
            vocabulary.id(token).map { AddedToken(content: token, id: $0, isSpecial: true) }
        }
        self.init(
            normalizer: .bert(
                cleans: true, separatesIdeographs: separatesIdeographs, stripsAccents: stripsAccents ?? lowercases,
                lowercases: lowercases),
            preTokenizer: .bert,
            model: .wordPieces(
                try WordPieceModel(vocabulary, unknown: "[UNK]", prefix: "##", longestWord: 100, file: file)),
            postProcessor: PostProcessor(before: [try id("[CLS]")], after: [try id("[SEP]")]),
            decoder: .wordPiece(prefix: "##", cleansUp: true), added: added)
    }

    /// CLIP's tokenizer (Radford et al., 2021) from tokens and merges.
    init(clip vocabulary: ModelVocabulary, merges: [(left: String, right: String)], file: String) throws {
        let (start, end) = ("<|startoftext|>", "<|endoftext|>")
        guard let first = vocabulary.id(start), let last = vocabulary.id(end) else {
            throw TokenizerError.malformedTokenizer(file: file, reason: "it has no tokens \(start) and \(end)")
        }
        let options = BPEModel.Options(unknown: end, suffix: "</w>")
        self.init(
            normalizer: .sequence([.form(.nfc), .replace(.spaces, [0x20]), .lowercase]),
            preTokenizer: .sequence([
                .pattern(.clip(specials: false), .removed, inverted: true),
                .byteLevel(addsPrefixSpace: false, splits: true),
            ]),
            model: .pairs(try BPEModel(vocabulary, merges: merges, options, file: file)),
            postProcessor: PostProcessor(before: [first], after: [last]), decoder: .byteLevel, wordEnd: "</w>",
            added: [(start, first), (end, last)].map {
                AddedToken(content: $0, id: $1, isSpecial: true, isNormalized: true)
            },
            padding: last)
    }

    /// CLIP's tokenizer from its merges, `bpe_simple_vocab_16e6.txt`, of which it uses the first 48,894.
    ///
    /// Ids follow `simple_tokenizer.py`: 256 bytes in the order of `bytes_to_unicode`, the same as the end of a word,
    /// one token for each merge, the start and the end of a text.
    init(clipMerges lines: [String], file: String) throws {
        let count = 49_152 - 256 - 2
        guard lines.count > count else {
            throw TokenizerError.malformedTokenizer(
                file: file,
                reason:
                    "it has \(max(lines.count - 1, 0)) merges and CLIP takes \(count); it has been cut short, download it again"
            )
        }
        let merges = try TokenizerText.merges(lines[1...count], first: 2, file: file)
        let plain = ByteAlphabet.scalars.enumerated().filter { $0.offset == $0.element }.map(\.element)
        let bytes = (plain + ByteAlphabet.scalars.filter { $0 >= 0x100 }).map {
            String(Character(Unicode.Scalar($0) ?? "\u{FFFD}"))
        }
        let tokens = bytes + bytes.map { $0 + "</w>" } + merges.map { $0.left + $0.right }
        let vocabulary = try ModelVocabulary(
            (tokens + ["<|startoftext|>", "<|endoftext|>"]).enumerated().map { ($1, Int32($0)) }, file: file)
        try self.init(clip: vocabulary, merges: merges, file: file)
    }

    /// A byte-level tokenizer from `vocab.json` and `merges.txt`: CLIP's, RoBERTa's (Liu et al., 2019) or GPT-2's,
    /// recognized by their special tokens.
    init(vocabulary fields: JSONFields, merges lines: [String], mergesFile: String) throws {
        let vocabulary = try ModelVocabulary(
            fields.members.map { ($0.key, try fields.id($0.value, of: $0.key)) }, file: fields.file)
        guard !vocabulary.tokens.isEmpty else { throw fields.fault("it has no tokens") }
        let merges = try TokenizerText.merges(lines, first: 1, file: mergesFile)
        if vocabulary.id("<|startoftext|>") != nil {
            try self.init(clip: vocabulary, merges: merges, file: mergesFile)
            return
        }
        let model = Model.pairs(try BPEModel(vocabulary, merges: merges, .init(), file: mergesFile))
        var postProcessor = PostProcessor()
        if let start = vocabulary.id("<s>"), let end = vocabulary.id("</s>") {
            postProcessor = PostProcessor(before: [start], after: [end], trims: [false])
        }
        let added = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"].compactMap { token in
            vocabulary.id(token).map {
                AddedToken(content: token, id: $0, isSpecial: true, stripsLeft: token == "<mask>")
            }
        }
        self.init(
            normalizer: nil, preTokenizer: .byteLevel(addsPrefixSpace: false, splits: true), model: model,
            postProcessor: postProcessor,
            decoder: .byteLevel, added: added)
    }
}
