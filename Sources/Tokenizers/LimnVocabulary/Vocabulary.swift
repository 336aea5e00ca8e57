/// The tokens of a byte-level byte-pair encoding (Sennrich et al. 2016; on bytes: Radford et al. 2019).
///
/// Ids 0, 1 and 2 are the special tokens `padding`, `start` and `end`; 3...258 are the 256 bytes in order, so that any
/// text has tokens; from 259 on, one piece for each merge, in the order in which merges apply.
/// No two pieces spell the same bytes.
public struct Vocabulary: Sendable, Equatable {
    /// The padding token `<pad>`; never part of a `TokenSequence`.
    public static let padding: Int32 = 0
    /// Begins each sequence, `<start>`.
    public static let start: Int32 = 1
    /// Ends each sequence, `<end>`.
    public static let end: Int32 = 2

    /// Special tokens in the order of their ids.
    static let specials = ["<pad>", "<start>", "<end>"]
    /// Special tokens and bytes: what every vocabulary has.
    static let smallestCount = specials.count + 256
    /// The most tokens; the largest vocabularies in use have about 256,000.
    static let largestCount = 1 << 18
    /// The most bytes of a token, which also bounds memory: each merge could double the length.
    static let longestPiece = 128

    /// Two neighbouring pieces that become one.
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
    /// The piece that a merge makes.
    let merged: [Merge: Int32]
    /// The bytes that each token spells, by id; special tokens spell none.
    let spellings: [[UInt8]]

    /// Number of tokens, special ones included: ids are 0..<count.
    public var count: Int { spellings.count }

    /// The id of the token of a single byte.
    static func token(of byte: UInt8) -> Int32 { Int32(specials.count) + Int32(byte) }

    /// The bytes that a token spells, none for a special token.
    ///
    /// A piece may end within a character. `nil` where there is no token `id`.
    public func spelling(of id: Int32) -> [UInt8]? {
        spellings.indices.contains(Int(id)) ? spellings[Int(id)] : nil
    }

    /// The name of a special token, such as `<pad>`, or `nil` where `id` is none.
    public static func specialName(of id: Int32) -> String? {
        specials.indices.contains(Int(id)) ? specials[Int(id)] : nil
    }

    /// Builds the pieces of a list of merges and checks what the encoder relies on.
    /// - Throws: `TokenizerError.malformedVocabulary`, which names `file` and the first merge at fault.
    init(name: String, provenance: String, merges: [Merge], file: String) throws {
        func fault(_ reason: String) -> TokenizerError { .malformedVocabulary(file: file, reason: reason) }
        guard merges.count <= Self.largestCount - Self.smallestCount else {
            throw fault("\(merges.count) merges exceed the limit of \(Self.largestCount) tokens")
        }
        var spellings = Self.specials.map { _ in [UInt8]() } + (UInt8.min...UInt8.max).map { [$0] }
        var merged = [Merge: Int32](minimumCapacity: merges.count)
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
            merged[merge] = Int32(id)
            spellings.append(spelling)
        }
        self.name = name
        self.provenance = provenance
        self.merges = merges
        self.merged = merged
        self.spellings = spellings
    }
}
