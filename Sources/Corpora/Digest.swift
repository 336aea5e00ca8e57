/// A digest of bytes, the same in every process; against accidents and not against intent.
///
/// Each step takes eight bytes, as FNV-1a takes one; since its multiplication carries nothing downward, the upper half
/// is then folded into the lower one.
struct Digest {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x100_0000_01B3
        value ^= value >> 32
    }

    /// Adds bytes and their number, so that what is added apart stays apart.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        let whole = bytes.count & ~7
        for start in stride(from: 0, to: whole, by: 8) {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)))
        }
        var last: UInt64 = 0
        for place in whole..<bytes.count { last |= UInt64(bytes[place]) << (8 * UInt64(place - whole)) }
        add(last)
        add(UInt64(bytes.count))
    }

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var digest = Digest()
        digest.add(bytes)
        return digest.value
    }
}
