/// The merges of byte-pair encoding: a hash table from pairs of adjacent tokens to rank and merged token.
struct MergeTable: Sendable {
    struct Merge {
        /// Lower ranks merge first.
        let rank: UInt32
        let token: Int32
    }

    private var keys: [UInt64]
    private var merges: [Merge]
    private(set) var count = 0

    /// The key of free slots; pairs never have it, because ids are not negative.
    private static let free = UInt64.max

    init(minimumCapacity: Int) {
        var size = 16
        while size < 2 * minimumCapacity + 2 { size *= 2 }
        keys = Array(repeating: Self.free, count: size)
        merges = Array(repeating: Merge(rank: 0, token: 0), count: size)
    }

    /// Adds a merge; it replaces an earlier one of the same pair.
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

/// A token of a word.
struct Piece: Sendable, Equatable {
    var id: Int32
    /// The number of bytes of the word it covers; 0 for the same bytes as the piece before it.
    var length: Int32
}

/// Applies merges to one word: the lowest rank first, the leftmost first among equals (Sennrich et al. 2016).
struct PairMerging: Sendable {
    /// A pair that could merge.
    private struct Candidate: Comparable {
        let rank: UInt32
        /// Index of the left part.
        let position: Int32
        let token: Int32

        static func < (one: Self, other: Self) -> Bool {
            (one.rank, one.position) < (other.rank, other.position)
        }
    }

    /// Up to this many pieces, a linear scan after each merge is faster than a priority queue.
    private static let linearScanLimit = 40

    let table: MergeTable

    /// Merges `pieces` in place.
    func merge(_ pieces: inout [Piece]) {
        if pieces.count <= Self.linearScanLimit {
            mergeByScanning(&pieces)
        } else {
            mergeByQueue(&pieces)
        }
    }

    private func mergeByScanning(_ pieces: inout [Piece]) {
        guard pieces.count > 1 else { return }
        withUnsafeTemporaryAllocation(of: MergeTable.Merge.self, capacity: pieces.count) { pairs in
            let none = MergeTable.Merge(rank: .max, token: 0)
            var count = pieces.count - 1
            for position in 0..<count {
                pairs[position] = table.merge(pieces[position].id, pieces[position + 1].id) ?? none
            }
            while true {
                var best = -1
                var rank = UInt32.max
                for position in 0..<count where pairs[position].rank < rank {
                    (best, rank) = (position, pairs[position].rank)
                }
                guard best >= 0 else { return }
                pieces[best].id = pairs[best].token
                pieces[best].length += pieces[best + 1].length
                pieces.remove(at: best + 1)
                count -= 1
                var position = best
                while position < count {
                    pairs[position] = pairs[position + 1]
                    position += 1
                }
                if best < count { pairs[best] = table.merge(pieces[best].id, pieces[best + 1].id) ?? none }
                if best > 0 { pairs[best - 1] = table.merge(pieces[best - 1].id, pieces[best].id) ?? none }
            }
        }
    }

    /// Merges in O(n log n) time, with a priority queue of candidates and a linked list of pieces.
    private func mergeByQueue(_ pieces: inout [Piece]) {
        let count = pieces.count
        // The linked list: index of the next piece, `count` after the last; index of the previous one, -1 before the
        // first.
        var next = Array(1..<count + 1)
        var previous = Array(-1..<count - 1)
        func candidate(_ position: Int) -> Candidate? {
            guard next[position] < count, let merge = table.merge(pieces[position].id, pieces[next[position]].id) else {
                return nil
            }
            return Candidate(rank: merge.rank, position: Int32(truncatingIfNeeded: position), token: merge.token)
        }
        var queue = PriorityQueue((0..<count).compactMap(candidate))
        while let least = queue.popLeast() {
            let left = Int(least.position)
            let right = next[left]
            // Skip candidates that are out of date because another merge has consumed one of their parts.
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
