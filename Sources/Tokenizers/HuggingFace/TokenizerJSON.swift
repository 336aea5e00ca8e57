import JSON

/// Reads a `tokenizer.json` of Hugging Face's `tokenizers`.
///
/// "truncation" and "padding" are not applied, since callers choose the length of sequences; only the padding id is
/// read.
extension Pipeline {
    /// - Parameters:
    ///   - top: the content of the file.
    ///   - padding: the token for padding, if it is known from another file.
    /// - Throws: `TokenizerError.malformedTokenizer`, which names the invalid or unsupported component.
    init(tokenizerJSON top: JSONFields, padding name: String?) throws {
        let normalizer = try top.component("normalizer", Normalizer.init)
        let preTokenizer = try top.component("pre_tokenizer", PreTokenizer.init)
        let decoder = try top.component("decoder", TokenDecoder.init)
        let fields = try top.object("model")
        let model = try Model(fields)
        let added = try Self.addedTokens(top, model.vocabulary)
        let count = added.reduce(model.vocabulary.tokens.count) { max($0, Int($1.id) + 1) }
        guard count > 0 else { throw top.fault("it has no tokens") }
        let postProcessor =
            try top.component("post_processor") { try PostProcessor($0, count: count) } ?? PostProcessor()
        var padding = name.flatMap { name in
            added.first { $0.content.isSame(as: name) }?.id ?? model.vocabulary.id(name)
        }
        if padding == nil, top.optional("padding") != nil {
            let id = try top.object("padding").integer("pad_id", default: 0)
            guard (0..<count).contains(id) else { throw top.fault("\"padding.pad_id\" is \(id), which is no token") }
            padding = Int32(id)
        }
        var wordEnd: String?
        if case .byteLevel? = decoder {
            let suffix = try fields.string("end_of_word_suffix", default: "")
            if !suffix.isEmpty { wordEnd = suffix }
        }
        self.init(
            normalizer: normalizer, preTokenizer: preTokenizer, model: model, postProcessor: postProcessor,
            decoder: decoder, wordEnd: wordEnd, added: added, padding: padding)
    }

    private static func addedTokens(_ top: JSONFields, _ vocabulary: ModelVocabulary) throws -> [AddedToken] {
        guard top.optional("added_tokens") != nil else { return [] }
        var ids: [Int32: String] = [:]
        return try top.objects("added_tokens").map { fields in
            let content = try fields.string("content")
            let id = try fields.id(.integer(fields.integer("id")), of: content)
            if let other = ids.updateValue(content, forKey: id) ?? vocabulary.token(id), !other.isSame(as: content) {
                throw fields.fault(
                    "\"\(fields.path)\" gives id \(id) to \"\(content.prefix(40))\", which is \"\(other.prefix(40))\"")
            }
            if let other = vocabulary.id(content), other != id {
                throw fields.fault(
                    "\"\(fields.path)\" gives id \(id) to \"\(content.prefix(40))\", which is \(other) in the vocabulary"
                )
            }
            return AddedToken(
                content: content, id: id, isSpecial: try fields.boolean("special", default: false),
                isSingleWord: try fields.boolean("single_word", default: false),
                stripsLeft: try fields.boolean("lstrip", default: false),
                stripsRight: try fields.boolean("rstrip", default: false),
                isNormalized: try fields.boolean("normalized", default: true))
        }
    }
}

extension JSONFields {
    /// A token's id.
    func id(_ value: JSONValue, of token: String) throws -> Int32 {
        guard case .integer(let id) = value, (0..<ModelVocabulary.largestCount).contains(id) else {
            throw fault(
                "the id of token \"\(token.prefix(40))\" must be an integer in 0..<\(ModelVocabulary.largestCount)")
        }
        return Int32(id)
    }

    /// A token of a `tokenizer_config.json`, which is a string or an object; nil if it is missing.
    func token(_ key: String) throws -> String? {
        switch optional(key) {
        case nil: nil
        case .object?: try object(key).string("content")
        default: try string(key)
        }
    }

    /// A component that may be missing or null.
    fileprivate func component<Component>(
        _ key: String, _ read: (JSONFields) throws -> Component
    ) throws -> Component? {
        try optional(key) == nil ? nil : read(object(key))
    }
}

extension String {
    /// Whether two strings have the same scalars; `==` also holds for canonically equivalent ones.
    fileprivate func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension UnigramModel {
    /// Reads the model of a `tokenizer.json`: "vocab" is a list of tokens with their scores.
    fileprivate init(_ fields: JSONFields) throws {
        let entries = try fields.list("vocab")
        guard !entries.isEmpty, entries.count <= ModelVocabulary.largestCount else {
            throw fields.fault(
                "\"model.vocab\" has \(entries.count) tokens, expected 1 to \(ModelVocabulary.largestCount)")
        }
        let tokens = try entries.enumerated().map { index, entry -> (token: String, score: Double) in
            if case .array(let pair) = entry, pair.count == 2, case .string(let token) = pair[0] {
                switch pair[1] {
                case .integer(let score): return (token, Double(score))
                case .number(let score) where score.isFinite: return (token, score)
                default: break
                }
            }
            throw fields.fault("\"model.vocab[\(index)]\" must be a token and a score that is not infinite")
        }
        try self.init(
            tokens, unknown: Int32(fields.integer("unk_id", in: 0...tokens.count - 1)),
            fallsBackToBytes: fields.boolean("byte_fallback", default: false), file: fields.file)
    }
}

extension Pipeline.Model {
    /// Reads the model of a `tokenizer.json`.
    init(_ fields: JSONFields) throws {
        // Files of early versions do not state the type.
        let isList = if case .array? = fields.optional("vocab") { true } else { false }
        let guess = fields.optional("merges") != nil ? "BPE" : isList ? "Unigram" : "WordPiece"
        let type = try fields.string("type", default: guess)
        guard ["BPE", "WordPiece", "Unigram"].contains(type) else {
            throw fields.unsupported("type", type, ["BPE", "WordPiece", "Unigram"])
        }
        if type == "Unigram" {
            self = .unigram(try UnigramModel(fields))
            return
        }
        let entries = try fields.object("vocab")
        let vocabulary = try ModelVocabulary(
            entries.members.map { ($0.key, try entries.id($0.value, of: $0.key)) }, file: fields.file)
        if type == "WordPiece" {
            self = .wordPieces(
                try WordPieceModel(
                    vocabulary, unknown: fields.string("unk_token", default: "[UNK]"),
                    prefix: fields.string("continuing_subword_prefix", default: "##"),
                    longestWord: fields.integer("max_input_chars_per_word", default: 100), file: fields.file))
            return
        }
        switch fields.optional("dropout") {
        case nil, .integer(0)?, .number(0)?: break
        default: throw fields.fault("\"model.dropout\" makes tokens random; set it to null")
        }
        var options = BPEModel.Options()
        if fields.optional("unk_token") != nil { options.unknown = try fields.string("unk_token") }
        options.prefix = try fields.string("continuing_subword_prefix", default: "")
        options.suffix = try fields.string("end_of_word_suffix", default: "")
        options.fusesUnknown = try fields.boolean("fuse_unk", default: false)
        options.fallsBackToBytes = try fields.boolean("byte_fallback", default: false)
        options.ignoresMerges = try fields.boolean("ignore_merges", default: false)
        self = .pairs(try BPEModel(vocabulary, merges: Self.merges(fields), options, file: fields.file))
    }

    /// Merges as pairs, or as strings with a space between the parts.
    private static func merges(_ fields: JSONFields) throws -> [(left: String, right: String)] {
        try fields.list("merges").enumerated().map { index, value in
            switch value {
            case .array(let parts):
                if parts.count == 2, case .string(let left) = parts[0], case .string(let right) = parts[1] {
                    return (left, right)
                }
            case .string(let line): if let pair = TokenizerText.pair(line) { return pair }
            default: break
            }
            throw fields.fault("\"model.merges[\(index)]\" must be two tokens")
        }
    }
}
