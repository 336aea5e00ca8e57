/// The tokens of a text during encoding, and a cache of words that persists from text to text.
struct EncodingState: Sendable {
    private(set) var ids: [Int32] = []
    var offsets: [Range<Int>] = []
    /// Maximum number of tokens needed; once it is exceeded, the rest of the text is not encoded.
    var limit = Int.max

    private var word: [UInt8] = []
    private var pieces: [Piece] = []
    private var cache: WordCache?

    /// - Parameter caches: whether the tokens of words are cached.
    init(caches: Bool) {
        cache = caches ? WordCache() : nil
    }

    var isFull: Bool { ids.count > limit }

    /// Removes the tokens and keeps the cache.
    mutating func clear(limit: Int) {
        ids.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        self.limit = limit
    }

    mutating func append(_ id: Int32, _ offsets: Range<Int>) {
        ids.append(id)
        self.offsets.append(offsets)
    }

    /// Appends the tokens of a word.
    ///
    /// - Parameters:
    ///   - range: the range of the word in `text`; not empty.
    ///   - find: appends the tokens of a word in UTF-8, which together must not be longer than the word.
    mutating func append(
        _ text: AlignedText, _ range: Range<Int>, _ find: (UnsafeRawBufferPointer, inout [Piece]) -> Void
    ) {
        word.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
        text.scalars.withUnsafeBufferPointer { scalars in
            for position in range { word.appendUTF8(scalars[position].value) }
        }
        word.withUnsafeBytes { bytes in
            if cache?.append(bytes, to: &pieces) == true { return }
            find(bytes, &pieces)
            cache?.insert(bytes, pieces[...])
        }
        text.scalars.withUnsafeBufferPointer { scalars in
            // Index of a scalar, and the byte offset of its start in the word.
            var position = range.lowerBound
            var byte = 0
            var end = 0
            for piece in pieces {
                if piece.length == 0, let last = offsets.last {
                    append(piece.id, last)
                    continue
                }
                let start = end
                end += Int(piece.length)
                func move(to target: Int) {
                    while position + 1 < range.upperBound, byte + utf8Width(scalars[position].value) <= target {
                        byte += utf8Width(scalars[position].value)
                        position += 1
                    }
                }
                move(to: start)
                let first = Int(scalars[position].start)
                move(to: end - 1)
                append(piece.id, first..<max(first, Int(scalars[position].end)))
            }
        }
    }
}

/// A bounded cache of the tokens of words.
struct WordCache: Sendable {
    /// Maximum length of a cached word in bytes.
    private static let longestWord = 64
    /// The cache is cleared when it has this many words or bytes of words.
    private static let mostWords = 1 << 16
    private static let mostBytes = 1 << 21

    private var words = TokenTable()
    private var pieces: [Piece] = []
    /// Index of each word's first piece; one element more than words.
    private var starts: [Int32] = [0]

    /// Appends the tokens of a word if they are cached, and returns whether they are.
    @inline(__always)
    func append(_ word: UnsafeRawBufferPointer, to result: inout [Piece]) -> Bool {
        guard word.count <= Self.longestWord, let entry = words.value(word) else { return false }
        for index in Int(starts[Int(entry)])..<Int(starts[Int(entry) + 1]) { result.append(pieces[index]) }
        return true
    }

    /// Caches the tokens of a word.
    mutating func insert(_ word: UnsafeRawBufferPointer, _ found: ArraySlice<Piece>) {
        guard word.count <= Self.longestWord else { return }
        if words.count >= Self.mostWords || words.byteCount >= Self.mostBytes { self = WordCache() }
        words.insert(word, Int32(words.count))
        pieces.append(contentsOf: found)
        starts.append(Int32(pieces.count))
    }
}
