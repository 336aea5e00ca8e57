/// The model BPE of a `tokenizer.json`: byte-pair encoding (Sennrich et al., 2016).
struct BPEModel: Sendable {
    let vocabulary: ModelVocabulary
    private let merging: PairMerging
    /// The unknown token; nil drops characters without a token.
    private let unknown: Int32?
    private let prefix: [UInt8]
    private let suffix: [UInt8]
    private let fusesUnknown: Bool
    /// The tokens `<0x00>` … `<0xFF>` if characters without a token fall back to bytes.
    private let bytes: [Int32?]?
    /// Whether a word that is a token becomes this token without merging.
    private let ignoresMerges: Bool

    /// The model's settings, as in `tokenizer.json`.
    struct Options {
        var unknown: String?
        var prefix = ""
        var suffix = ""
        var fusesUnknown = false
        var fallsBackToBytes = false
        var ignoresMerges = false
    }

    /// - Parameter merges: pairs of tokens in order of priority.
    /// - Throws: `TokenizerError.malformedTokenizer` if a merge or an option refers to something that is not a token.
    init(_ vocabulary: ModelVocabulary, merges: [(left: String, right: String)], _ options: Options, file: String)
        throws
    {
        func fault(_ reason: String) -> TokenizerError { .malformedTokenizer(file: file, reason: reason) }
        prefix = Array(options.prefix.utf8)
        suffix = Array(options.suffix.utf8)
        var table = MergeTable(minimumCapacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            let joined = Array(merge.left.utf8) + merge.right.utf8.dropFirst(prefix.count)
            guard let left = vocabulary.id(merge.left), let right = vocabulary.id(merge.right),
                let token = vocabulary.ids.value(joined)
            else {
                throw fault(
                    "merge \(rank), \"\(merge.left.prefix(40)) \(merge.right.prefix(40))\", has a part or a result that is "
                        + "no token; vocabulary and merges must be those of one tokenizer")
            }
            table.insert(left, right, MergeTable.Merge(rank: UInt32(rank), token: token))
        }
        unknown = try options.unknown.map { token in
            guard let id = vocabulary.id(token) else {
                throw fault("the unknown token \"\(token.prefix(40))\" is not in the vocabulary")
            }
            return id
        }
        fusesUnknown = options.fusesUnknown
        ignoresMerges = options.ignoresMerges
        bytes = options.fallsBackToBytes ? vocabulary.byteTokens : nil
        self.vocabulary = vocabulary
        merging = PairMerging(table: table)
    }

    /// Appends the tokens of a word in UTF-8.
    func append(_ word: UnsafeRawBufferPointer, to pieces: inout [Piece]) {
        if ignoresMerges, let id = vocabulary.ids.value(word) {
            pieces.append(Piece(id: id, length: Int32(word.count)))
            return
        }
        var own: [Piece] = []
        own.reserveCapacity(word.count)
        spell(word, into: &own)
        merging.merge(&own)
        pieces.append(contentsOf: own)
    }

    /// Appends the tokens of a word's characters, before merging.
    private func spell(_ word: UnsafeRawBufferPointer, into pieces: inout [Piece]) {
        var unknowns: Piece?
        var position = 0
        var key: [UInt8] = []
        while position < word.count {
            let width = word.characterWidth(at: position)
            let character = UnsafeRawBufferPointer(rebasing: word[position..<position + width])
            let id: Int32?
            let hasPrefix = position > 0 && !prefix.isEmpty
            let hasSuffix = position + width == word.count && !suffix.isEmpty
            key.removeAll(keepingCapacity: true)
            if hasPrefix || hasSuffix {
                if hasPrefix { key += prefix }
                key.append(contentsOf: character)
                if hasSuffix { key += suffix }
                id = vocabulary.ids.value(key)
            } else {
                id = vocabulary.ids.value(character)
            }
            position += width
            if let id {
                if let last = unknowns { pieces.append(last) }
                unknowns = nil
                pieces.append(Piece(id: id, length: Int32(width)))
                continue
            }
            if let bytes {
                let spelling = key.isEmpty ? Array(character) : key
                let ids = spelling.compactMap { bytes[Int($0)] }
                if ids.count == spelling.count {
                    pieces.append(contentsOf: ids.map { Piece(id: $0, length: 1) })
                    continue
                }
            }
            guard let unknown else { continue }
            if fusesUnknown, let last = unknowns {
                unknowns = Piece(id: unknown, length: last.length + Int32(width))
            } else {
                if let last = unknowns { pieces.append(last) }
                unknowns = Piece(id: unknown, length: Int32(width))
            }
        }
        if let last = unknowns { pieces.append(last) }
    }
}
