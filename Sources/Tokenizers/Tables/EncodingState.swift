/// The tokens of a text while it is encoded, and a cache of words that is kept from text to text.
struct EncodingState: Sendable {
    private(set) var ids: [Int32] = []
    var offsets: [Range<Int>] = []
    /// The most tokens that are needed; beyond them the rest of the text is not encoded.
    var limit = Int.max

    private var word: [UInt8] = []
    private var pieces: [Piece] = []
    private var cache: WordCache?

    /// - Parameter caches: whether the pieces of words are cached from text to text.
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
    ///   - find: appends the pieces of a word in UTF-8, which together are no longer than the word.
    mutating func append(
        _ text: AlignedText, _ range: Range<Int>, _ find: (UnsafeRawBufferPointer, inout [Piece]) -> Void
    ) {
        word.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
        text.scalars.withUnsafeBufferPointer { scalars in
            for place in range { word.appendUTF8(scalars[place].value) }
        }
        word.withUnsafeBytes { bytes in
            if cache?.append(bytes, to: &pieces) == true { return }
            find(bytes, &pieces)
            cache?.keep(bytes, pieces[...])
        }
        text.scalars.withUnsafeBufferPointer { scalars in
            /// The scalar that the piece begins in, and the byte that this scalar begins at.
            var place = range.lowerBound
            var byte = 0
            var end = 0
            for piece in pieces {
                let start = end
                end += Int(piece.length)
                func move(to target: Int) {
                    while place + 1 < range.upperBound, byte + utf8Width(scalars[place].value) <= target {
                        byte += utf8Width(scalars[place].value)
                        place += 1
                    }
                }
                move(to: start)
                let first = Int(scalars[place].start)
                move(to: end - 1)
                append(piece.id, first..<max(first, Int(scalars[place].end)))
            }
        }
    }
}

/// A bounded cache of the pieces of words.
struct WordCache: Sendable {
    /// Longer words, in bytes, are not cached.
    private static let longestWord = 64
    /// At this many words, or bytes of words, the cache is emptied.
    private static let mostWords = 1 << 16
    private static let mostBytes = 1 << 21

    private var words = TokenTable()
    private var pieces: [Piece] = []
    /// Index of each word's first piece; one element more than words.
    private var starts: [Int32] = [0]

    /// Appends the pieces of a word if they are cached.
    @inline(__always)
    func append(_ word: UnsafeRawBufferPointer, to result: inout [Piece]) -> Bool {
        guard word.count <= Self.longestWord, let entry = words.value(word) else { return false }
        for index in Int(starts[Int(entry)])..<Int(starts[Int(entry) + 1]) { result.append(pieces[index]) }
        return true
    }

    /// Caches the pieces of a word.
    mutating func keep(_ word: UnsafeRawBufferPointer, _ found: ArraySlice<Piece>) {
        guard word.count <= Self.longestWord else { return }
        if words.count >= Self.mostWords || words.byteCount >= Self.mostBytes { self = WordCache() }
        words.insert(word, Int32(words.count))
        pieces.append(contentsOf: found)
        starts.append(Int32(pieces.count))
    }
}
