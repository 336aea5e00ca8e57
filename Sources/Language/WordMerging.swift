/// Applies the merges of a vocabulary to one word: the earliest learnt first, the leftmost first among equals.
///
/// A queue of the pairs that can merge and a linked list of the pieces make it O(n log n) in the bytes of the word.
/// Storage is reused from word to word.
struct WordMerging {
    /// A pair that could merge into `piece`; ids follow the order of merges, so that the least comes first.
    private struct Candidate: Comparable {
        let piece: Int32
        /// Index of the first byte of the left part.
        let place: Int

        static func < (one: Self, other: Self) -> Bool {
            (one.piece, one.place) < (other.piece, other.place)
        }
    }

    private let vocabulary: Vocabulary
    /// The piece that begins at each byte, -1 within a piece.
    private var pieces: [Int32] = []
    /// Where the next piece begins, the length of the word after the last.
    private var next: [Int] = []
    /// Where the piece before begins, -1 before the first.
    private var previous: [Int] = []
    private var queue = PriorityQueue<Candidate>()

    init(_ vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
    }

    /// Appends the pieces of `word` to `ids`.
    mutating func append(_ word: ArraySlice<UInt8>, to ids: inout [Int32]) {
        pieces.removeAll(keepingCapacity: true)
        pieces.append(contentsOf: word.lazy.map(Vocabulary.token(of:)))
        next = Array(1..<(pieces.count + 1))
        previous = Array(-1..<(pieces.count - 1))
        for place in pieces.indices { propose(place) }
        while let candidate = queue.popLeast() {
            let left = candidate.place
            let right = next[left]
            let merge = vocabulary.merges[Int(candidate.piece) - Vocabulary.smallestCount]
            // A candidate is out of date where another merge has taken one of its parts.
            guard pieces[left] == merge.left, right < pieces.count, pieces[right] == merge.right else { continue }
            pieces[left] = candidate.piece
            pieces[right] = -1
            next[left] = next[right]
            if next[left] < pieces.count { previous[next[left]] = left }
            propose(left)
            if previous[left] >= 0 { propose(previous[left]) }
        }
        ids.append(contentsOf: pieces.lazy.filter { $0 >= 0 })
    }

    /// Queues the pair whose left part begins at `place`, where there is a merge for it.
    private mutating func propose(_ place: Int) {
        let right = next[place]
        guard right < pieces.count else { return }
        let merge = Vocabulary.Merge(left: pieces[place], right: pieces[right])
        if let piece = vocabulary.merged[merge] { queue.push(Candidate(piece: piece, place: place)) }
    }
}
