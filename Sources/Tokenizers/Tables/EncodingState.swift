/// Tokens of a text as they come, and what lets the next text go faster.
struct EncodingState: Sendable {
    private(set) var ids: [Int32] = []
    var offsets: [Range<Int>] = []
    /// The most tokens that are wanted; once there are more, the rest of the text need not be looked at.
    var limit = Int.max

    private var word: [UInt8] = []
    private var pieces: [Piece] = []
    private var cache: WordCache?

    /// - Parameter caches: whether the pieces of words are kept from text to text.
    init(caches: Bool) {
        cache = caches ? WordCache() : nil
    }

    var isFull: Bool { ids.count > limit }

    /// Forgets the tokens, not the words.
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
    ///   - range: where in `text` the word is; not empty.
    ///   - find: appends the pieces of a word in UTF-8, which together are no longer than it.
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

/// The pieces of words that were seen before, up to a bound.
struct WordCache: Sendable {
    /// Longer words are not kept.
    private static let longestWord = 64
    /// With so many words, or bytes of words, it begins anew.
    private static let mostWords = 1 << 16
    private static let mostBytes = 1 << 21

    private var words = TokenTable()
    private var pieces: [Piece] = []
    /// Where the pieces of each word begin; one more than there are words.
    private var starts: [Int32] = [0]

    /// Appends the pieces of a word if they are kept.
    @inline(__always)
    func append(_ word: UnsafeRawBufferPointer, to result: inout [Piece]) -> Bool {
        guard word.count <= Self.longestWord, let entry = words.value(word) else { return false }
        for index in Int(starts[Int(entry)])..<Int(starts[Int(entry) + 1]) { result.append(pieces[index]) }
        return true
    }

    /// Keeps the pieces of a word.
    mutating func keep(_ word: UnsafeRawBufferPointer, _ found: ArraySlice<Piece>) {
        guard word.count <= Self.longestWord else { return }
        if words.count >= Self.mostWords || words.byteCount >= Self.mostBytes { self = WordCache() }
        words.insert(word, Int32(words.count))
        pieces.append(contentsOf: found)
        starts.append(Int32(pieces.count))
    }
}
