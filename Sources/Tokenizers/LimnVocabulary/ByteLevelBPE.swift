import Basics

/// Limn's own tokenization: byte-level BPE of normalized words.
struct ByteLevelBPE: Sendable {
    let vocabulary: Vocabulary
    private let merging: PairMerging

    init(_ vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
        var table = MergeTable(minimumCapacity: vocabulary.merges.count)
        for (rank, merge) in vocabulary.merges.enumerated() {
            table.insert(
                merge.left, merge.right,
                MergeTable.Merge(rank: UInt32(rank), token: Int32(Vocabulary.smallestCount + rank)))
        }
        merging = PairMerging(table: table)
    }

    /// Encodes a text into `output`.
    func encode(_ text: String, into output: inout EncodingState) {
        var normal = AlignedText(text)
        CaptionNormalizer().normalize(&normal)
        let words = Words(of: normal)
        let text = words.text
        for word in words {
            if output.isFull { return }
            output.append(text, word) { bytes, pieces in
                var own = bytes.map { Piece(id: Vocabulary.token(of: $0), length: 1) }
                merging.merge(&own)
                pieces.append(contentsOf: own)
            }
        }
    }

    /// Decodes ids to normalized text.
    func decode(_ ids: [Int32]) -> String {
        let replacement = Array("\u{FFFD}".utf8)
        let bytes = ids.flatMap { vocabulary.spelling(of: $0) ?? replacement }
        // Every text is encoded with a space before its first word (see `Words`).
        let text = bytes.first == UInt8(ascii: " ") ? bytes.dropFirst() : bytes[...]
        return String(decoding: text, as: UTF8.self)
    }
}

extension Vocabulary {
    /// A readable form of a token: a special token's name, its text, or `\xNN` for the bytes of an incomplete
    /// character; nil if there is no token `id`.
    public func label(of id: Int32) -> String? {
        if let name = Self.specialName(of: id) { return name }
        guard let bytes = spelling(of: id) else { return nil }
        if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            return text
        }
        return bytes.map { "\\x" + zeroPadded(String($0, radix: 16), width: 2) }.joined()
    }
}
