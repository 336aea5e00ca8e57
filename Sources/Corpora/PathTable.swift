/// Finds the row of a picture by its path: four bytes or so a row, and the paths are where they are already.
///
/// Hashes are seeded by chance (`Hasher`), so that nobody can choose names that all fall into one place.
struct PathTable {
    /// A row and one more; 0 where a slot is free.
    private var slots = [UInt32](repeating: 0, count: 64)
    private var count = 0

    init() {}

    /// A table of paths that are all different.
    init(_ paths: TextColumn) {
        for row in 0..<paths.count { insert(row, in: paths) }
    }

    /// The row whose path this is.
    func row(of path: ArraySlice<UInt8>, in paths: TextColumn) -> Int? {
        var slot = PathTable.hash(path) & (slots.count - 1)
        while slots[slot] != 0 {
            let row = Int(slots[slot] - 1)
            if paths.utf8(row) == path { return row }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Enters a row whose path is not there yet.
    mutating func insert(_ row: Int, in paths: TextColumn) {
        if (count + 1) * 2 > slots.count {
            let old = slots
            slots = [UInt32](repeating: 0, count: slots.count * 2)
            for entry in old where entry != 0 { place(entry, paths.utf8(Int(entry - 1))) }
        }
        place(UInt32(row + 1), paths.utf8(row))
        count += 1
    }

    private mutating func place(_ entry: UInt32, _ path: ArraySlice<UInt8>) {
        var slot = PathTable.hash(path) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }

    private static func hash(_ path: ArraySlice<UInt8>) -> Int {
        var hasher = Hasher()
        path.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
