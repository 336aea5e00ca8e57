import Glibc

/// A hash table from paths to row indices that does not copy the paths: about 16 bytes per row while a corpus is
/// listed.
///
/// Hashes are randomly seeded (`Hasher`), so that colliding names cannot be crafted.
struct PathTable {
    /// Upper half: 32 bits of the hash; lower half: the row's index plus one. 0 marks a free slot.
    private var slots = [UInt64](repeating: 0, count: 64)
    private var count = 0

    init() {}

    /// A table of distinct paths.
    init(_ paths: TextColumn) {
        for row in 0..<paths.count { insert(row, in: paths) }
    }

    /// The row with this path.
    func row(of path: ArraySlice<UInt8>, in paths: TextColumn) -> Int? {
        let hash = PathTable.hash(path)
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let row = Int(slots[slot] & 0xFFFF_FFFF) - 1
            if slots[slot] >> 32 == hash, PathTable.areEqual(paths.utf8(row), path) { return row }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Inserts a row whose path is not in the table.
    mutating func insert(_ row: Int, in paths: TextColumn) {
        if (count + 1) * 2 > slots.count {
            let old = slots
            slots = [UInt64](repeating: 0, count: slots.count * 2)
            for entry in old where entry != 0 { store(entry) }
        }
        store(PathTable.hash(paths.utf8(row)) << 32 | UInt64(row + 1))
        count += 1
    }

    private mutating func store(_ entry: UInt64) {
        var slot = Int(entry >> 32) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }

    private static func hash(_ path: ArraySlice<UInt8>) -> UInt64 {
        var hasher = Hasher()
        path.withUnsafeBytes { hasher.combine(bytes: $0) }
        return UInt64(UInt32(truncatingIfNeeded: hasher.finalize()))
    }

    private static func areEqual(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
        a.count == b.count
            && a.withUnsafeBytes { a in
                b.withUnsafeBytes { b in a.isEmpty || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 }
            }
    }
}
