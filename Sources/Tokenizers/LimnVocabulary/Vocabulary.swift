/// The tokens of a byte-level byte-pair encoding (Sennrich et al. 2016; on bytes: Radford et al. 2019).
///
/// Ids 0, 1 and 2 are the special tokens `padding`, `start` and `end`; 3...258 are the 256 bytes in order, so that any
/// text can be encoded; from 259 on, there is one piece for each merge, in order of priority. No two pieces have the
/// same bytes.
public struct Vocabulary: Sendable, Equatable {
    /// The padding token `<pad>`; never part of a `TokenSequence`.
    public static let padding: Int32 = 0
    /// The token at the start of each sequence, `<start>`.
    public static let start: Int32 = 1
    /// The token at the end of each sequence, `<end>`.
    public static let end: Int32 = 2

    /// Special tokens in the order of their ids.
    static let specials = ["<pad>", "<start>", "<end>"]
    /// Number of special and byte tokens, which every vocabulary has.
    static let smallestCount = specials.count + 256
    /// Maximum number of tokens; the largest vocabularies in use have about 256,000.
    static let largestCount = 1 << 18
    /// Maximum length of a token in bytes. It also bounds memory, since each merge could double the length.
    static let longestPiece = 128

    /// Two adjacent pieces that become one.
    struct Merge: Sendable, Hashable {
        let left: Int32
        let right: Int32
    }

    /// Name of the vocabulary, for example `flowers-2k`.
    public let name: String
    /// Description of the captions it was trained on.
    public let provenance: String
    /// The merge at index `n` makes the piece with id `smallestCount + n`.
    let merges: [Merge]
    /// The bytes of each token, by id; special tokens have none.
    let spellings: [[UInt8]]

    /// Number of tokens, special ones included: ids are 0..<count.
    public var count: Int { spellings.count }

    /// The id of the token of a single byte.
    static func token(of byte: UInt8) -> Int32 { Int32(specials.count) + Int32(byte) }

    /// The bytes of a token, empty for special tokens; a piece may end within a character. Nil if there is no token
    /// `id`.
    public func spelling(of id: Int32) -> [UInt8]? {
        spellings.indices.contains(Int(id)) ? spellings[Int(id)] : nil
    }

    /// The name of a special token, such as `<pad>`; nil for other ids.
    public static func specialName(of id: Int32) -> String? {
        specials.indices.contains(Int(id)) ? specials[Int(id)] : nil
    }

    /// Builds the pieces from a list of merges, and checks the invariants that encoding relies on.
    /// - Throws: `TokenizerError.malformedVocabulary`, which names `file` and the first invalid merge.
    init(name: String, provenance: String, merges: [Merge], file: String) throws {
        func fault(_ reason: String) -> TokenizerError { .malformedVocabulary(file: file, reason: reason) }
        guard merges.count <= Self.largestCount - Self.smallestCount else {
            throw fault("\(merges.count) merges exceed the limit of \(Self.largestCount) tokens")
        }
        var spellings = Self.specials.map { _ in [UInt8]() } + (UInt8.min...UInt8.max).map { [$0] }
        var ids = [[UInt8]: Int](minimumCapacity: Self.smallestCount + merges.count)
        for (id, spelling) in spellings.enumerated().dropFirst(Self.specials.count) { ids[spelling] = id }
        for (index, merge) in merges.enumerated() {
            let id = spellings.count
            for part in [Int(merge.left), Int(merge.right)] where !(Self.specials.count..<id).contains(part) {
                throw fault(
                    "merge \(index) makes token \(id) of token \(part), which is no byte and no earlier piece")
            }
            let spelling = spellings[Int(merge.left)] + spellings[Int(merge.right)]
            guard spelling.count <= Self.longestPiece else {
                throw fault("merge \(index) makes a piece of \(spelling.count) bytes, over \(Self.longestPiece)")
            }
            if let other = ids.updateValue(id, forKey: spelling) {
                throw fault("merge \(index) makes token \(id), which spells the same as token \(other)")
            }
            spellings.append(spelling)
        }
        self.name = name
        self.provenance = provenance
        self.merges = merges
        self.spellings = spellings
    }
}
