/// A dictionary from byte strings to numbers: a hash table with open addressing whose keys are stored in one block.
///
/// Unlike Swift's strings, tokens that are canonically equivalent may differ. Lookups, which dominate a tokenizer's
/// time, do not allocate.
struct TokenTable: Sendable {
    private struct Slot {
        var hash: UInt32
        /// Index of the key; -1 in a free slot.
        var entry: Int32
    }

    private var slots: [Slot]
    private var bytes: [UInt8] = []
    /// Offset of each key in `bytes`; one element more than keys.
    private var starts: [Int32] = [0]
    private var values: [Int32] = []
    /// Random for each table, so that colliding keys cannot be crafted.
    private let seed = UInt64.random(in: .min ... .max)

    init(minimumCapacity: Int = 0) {
        var size = 16
        while size < 2 * minimumCapacity { size *= 2 }
        slots = Array(repeating: Slot(hash: 0, entry: -1), count: size)
    }

    var count: Int { values.count }
    /// Total length of all keys in bytes.
    var byteCount: Int { bytes.count }

    /// The value of `key`.
    @inline(__always)
    func value(_ key: UnsafeRawBufferPointer) -> Int32? {
        let found = find(key, hash(key))
        return found.entry >= 0 ? values[Int(found.entry)] : nil
    }

    /// The value of `key`.
    func value(_ key: [UInt8]) -> Int32? { key.withUnsafeBytes { value($0) } }

    /// Sets the value of `key`; an existing key keeps its value, which is returned.
    @discardableResult
    mutating func insert(_ key: UnsafeRawBufferPointer, _ value: Int32) -> Int32? {
        let hash = hash(key)
        let found = find(key, hash)
        if found.entry >= 0 { return values[Int(found.entry)] }
        slots[found.slot] = Slot(hash: hash, entry: Int32(values.count))
        values.append(value)
        bytes.append(contentsOf: key)
        starts.append(Int32(bytes.count))
        if values.count * 2 > slots.count { grow() }
        return nil
    }

    /// Sets the value of `key`; an existing key keeps its value, which is returned.
    @discardableResult
    mutating func insert(_ key: [UInt8], _ value: Int32) -> Int32? { key.withUnsafeBytes { insert($0, value) } }

    @inline(__always)
    private func find(_ key: UnsafeRawBufferPointer, _ hash: UInt32) -> (slot: Int, entry: Int32) {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        return slots.withUnsafeBufferPointer { slots in
            while slots[slot].entry >= 0 {
                let entry = Int(slots[slot].entry)
                if slots[slot].hash == hash, isKey(entry, key) { return (slot, Int32(entry)) }
                slot = (slot + 1) & mask
            }
            return (slot, -1)
        }
    }

    @inline(__always)
    private func isKey(_ entry: Int, _ key: UnsafeRawBufferPointer) -> Bool {
        let start = Int(starts[entry])
        guard Int(starts[entry + 1]) - start == key.count else { return false }
        return bytes.withUnsafeBytes { own in
            for index in 0..<key.count where own[start + index] != key[index] { return false }
            return true
        }
    }

    /// A multiplicative hash of eight bytes at a time.
    @inline(__always)
    private func hash(_ key: UnsafeRawBufferPointer) -> UInt32 {
        var state = seed ^ UInt64(truncatingIfNeeded: key.count)
        func fold(_ word: UInt64) {
            let product = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            state = product.high ^ product.low
        }
        var position = 0
        while position + 8 <= key.count {
            fold(key.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var tail: UInt64 = 0
        while position < key.count {
            tail = tail << 8 | UInt64(key[position])
            position += 1
        }
        fold(tail ^ seed >> 7)
        return UInt32(truncatingIfNeeded: state ^ state >> 32)
    }

    private mutating func grow() {
        let mask = 2 * slots.count - 1
        var larger = Array(repeating: Slot(hash: 0, entry: -1), count: mask + 1)
        for old in slots where old.entry >= 0 {
            var slot = Int(old.hash) & mask
            while larger[slot].entry >= 0 { slot = (slot + 1) & mask }
            larger[slot] = old
        }
        slots = larger
    }
}
