/// The 64-bit FNV-1a hash (Fowler, Noll and Vo; draft-eastlake-fnv), the same in every process. Not cryptographic.
package struct FNV1a: Sendable {
    /// The hash of the bytes added so far.
    package private(set) var value = FNV1a.offsetBasis

    /// The hash of no bytes.
    @inlinable package static var offsetBasis: UInt64 { 0xCBF2_9CE4_8422_2325 }
    /// The multiplier of each step.
    @inlinable package static var prime: UInt64 { 0x100_0000_01B3 }

    package init() {}

    /// Hashes further bytes.
    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* FNV1a.prime }
    }
}

/// A faster digest for bulk data, the same in every process. Not cryptographic.
///
/// Each step hashes eight bytes as FNV-1a hashes one. Since multiplication carries upward only, the upper half is then
/// folded into the lower one.
package struct Digest: Sendable {
    /// The digest of the data added so far.
    package private(set) var value = FNV1a.offsetBasis

    package init() {}

    /// Hashes eight bytes.
    package mutating func add(_ word: UInt64) {
        value = (value ^ word) &* FNV1a.prime
        value ^= value >> 32
    }

    /// Hashes bytes and their count, so that "a" + "bc" and "ab" + "c" differ.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        let whole = bytes.count & ~7
        for start in stride(from: 0, to: whole, by: 8) {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)))
        }
        var last: UInt64 = 0
        for index in whole..<bytes.count { last |= UInt64(bytes[index]) << (8 * UInt64(index - whole)) }
        add(last)
        add(UInt64(bytes.count))
    }

    /// The digest of bytes.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var digest = Digest()
        digest.add(bytes)
        return digest.value
    }
}
