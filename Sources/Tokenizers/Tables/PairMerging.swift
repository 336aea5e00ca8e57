/// The merges of byte-pair encoding: for a pair of neighbouring tokens, its rank and the merged token.
struct MergeTable: Sendable {
    struct Merge {
        /// Lower ranks merge first.
        let rank: UInt32
        let token: Int32
    }

    private var keys: [UInt64]
    private var merges: [Merge]
    private(set) var count = 0

    /// No pair has this key: ids are not negative.
    private static let free = UInt64.max

    init(minimumCapacity: Int) {
        var size = 16
        while size < 2 * minimumCapacity + 2 { size *= 2 }
        keys = Array(repeating: Self.free, count: size)
        merges = Array(repeating: Merge(rank: 0, token: 0), count: size)
    }

    /// Adds a merge, which replaces an earlier one of the same pair.
    mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
        if 2 * count >= keys.count { grow() }
        let slot = slot(of: Self.key(left, right))
        if keys[slot] == Self.free { count += 1 }
        keys[slot] = Self.key(left, right)
        merges[slot] = merge
    }

    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> Merge? {
        let slot = slot(of: Self.key(left, right))
        return keys[slot] == Self.free ? nil : merges[slot]
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        let mask = keys.count - 1
        let product = key.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        var slot = Int(truncatingIfNeeded: product.high ^ product.low) & mask
        while keys[slot] != key, keys[slot] != Self.free { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        var larger = MergeTable(minimumCapacity: keys.count)
        for (key, merge) in zip(keys, merges) where key != Self.free {
            let slot = larger.slot(of: key)
            larger.keys[slot] = key
            larger.merges[slot] = merge
            larger.count += 1
        }
        self = larger
    }
}

/// A token within a word and how many bytes of the word it covers.
struct Piece: Sendable, Equatable {
    var id: Int32
    var length: Int32
}

/// Applies merges to one word: the lowest rank first, the leftmost first among equals (Sennrich et al. 2016).
struct PairMerging: Sendable {
    /// A pair that could merge.
    private struct Candidate: Comparable {
        let rank: UInt32
        /// Index of the left part.
        let place: Int32
        let token: Int32

        static func < (one: Self, other: Self) -> Bool {
            (one.rank, one.place) < (other.rank, other.place)
        }
    }

    /// Up to this many pieces, a linear scan after each merge is faster than a queue.
    private static let fewPieces = 40

    let table: MergeTable

    /// Merges `pieces` in place.
    func merge(_ pieces: inout [Piece]) {
        if pieces.count <= Self.fewPieces {
            mergeFew(&pieces)
        } else {
            mergeMany(&pieces)
        }
    }

    private func mergeFew(_ pieces: inout [Piece]) {
        guard pieces.count > 1 else { return }
        withUnsafeTemporaryAllocation(of: MergeTable.Merge.self, capacity: pieces.count) { pairs in
            let none = MergeTable.Merge(rank: .max, token: 0)
            var count = pieces.count - 1
            for place in 0..<count { pairs[place] = table.merge(pieces[place].id, pieces[place + 1].id) ?? none }
            while true {
                var best = -1
                var rank = UInt32.max
                for place in 0..<count where pairs[place].rank < rank { (best, rank) = (place, pairs[place].rank) }
                guard best >= 0 else { return }
                pieces[best].id = pairs[best].token
                pieces[best].length += pieces[best + 1].length
                pieces.remove(at: best + 1)
                count -= 1
                var place = best
                while place < count {
                    pairs[place] = pairs[place + 1]
                    place += 1
                }
                if best < count { pairs[best] = table.merge(pieces[best].id, pieces[best + 1].id) ?? none }
                if best > 0 { pairs[best - 1] = table.merge(pieces[best - 1].id, pieces[best].id) ?? none }
            }
        }
    }

    /// A queue of the pairs that can merge and a linked list of the pieces make it O(n log n).
    private func mergeMany(_ pieces: inout [Piece]) {
        let count = pieces.count
        /// Where the next piece begins, the count after the last; and where the piece before does, -1 before the first.
        var next = Array(1..<count + 1)
        var previous = Array(-1..<count - 1)
        func candidate(_ place: Int) -> Candidate? {
            guard next[place] < count, let merge = table.merge(pieces[place].id, pieces[next[place]].id) else {
                return nil
            }
            return Candidate(rank: merge.rank, place: Int32(truncatingIfNeeded: place), token: merge.token)
        }
        var queue = PriorityQueue((0..<count).compactMap(candidate))
        while let least = queue.popLeast() {
            let left = Int(least.place)
            let right = next[left]
            // A candidate is out of date where another merge has taken one of its parts.
            guard pieces[left].id >= 0, right < count,
                let merge = table.merge(pieces[left].id, pieces[right].id), merge.rank == least.rank
            else { continue }
            pieces[left].id = merge.token
            pieces[left].length += pieces[right].length
            pieces[right].id = -1
            next[left] = next[right]
            if next[left] < count { previous[next[left]] = left }
            if let fresh = candidate(left) { queue.push(fresh) }
            if previous[left] >= 0, let fresh = candidate(previous[left]) { queue.push(fresh) }
        }
        pieces.removeAll { $0.id < 0 }
    }
}
