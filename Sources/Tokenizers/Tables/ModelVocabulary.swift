import Basics

/// The vocabulary of a model: tokens by spelling and by id.
struct ModelVocabulary: Sendable {
    /// Maximum number of tokens; the largest vocabularies in use have about 256,000.
    static let largestCount = 1 << 20

    /// Ids by token.
    let ids: TokenTable
    /// Tokens by id; nil for unused ids.
    let tokens: [String?]

    /// - Throws: `TokenizerError.malformedTokenizer` if a token or an id occurs twice.
    init(_ entries: [(token: String, id: Int32)], file: String) throws {
        var ids = TokenTable(minimumCapacity: entries.count)
        let count = entries.reduce(0) { max($0, Int($1.id) + 1) }
        var tokens = [String?](repeating: nil, count: count)
        for (token, id) in entries {
            if let other = ids.insert(Array(token.utf8), id) {
                throw TokenizerError.malformedTokenizer(
                    file: file, reason: "token \"\(token.prefix(40))\" has the ids \(other) and \(id)")
            }
            if let other = tokens[Int(id)] {
                throw TokenizerError.malformedTokenizer(
                    file: file,
                    reason: "id \(id) is that of the tokens \"\(other.prefix(40))\" and \"\(token.prefix(40))\"")
            }
            tokens[Int(id)] = token
        }
        (self.ids, self.tokens) = (ids, tokens)
    }

    /// The id of a token.
    func id(_ token: String) -> Int32? {
        var token = token
        return token.withUTF8 { ids.value(UnsafeRawBufferPointer($0)) }
    }

    /// The ids of the tokens `<0x00>` … `<0xFF>`, which spell characters that have no token byte by byte.
    var byteTokens: [Int32?] { (0..<256).map { id("<0x\(zeroPadded($0, width: 2, radix: 16))>") } }

    /// The token of an id.
    func token(_ id: Int32) -> String? { tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil }
}
