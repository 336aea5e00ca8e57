import Basics

/// A checksum that detects damage on disk, which the safetensors format lacks. Not cryptographic.
///
/// Each array is read as little-endian 64-bit words, the last one padded with zeros. Word i is hashed into lane i mod 4
/// by a step of FNV-1a, `lane ← (lane ⊕ word) · 1099511628211`, where each lane starts at 14695981039346656037. The
/// four lanes and the number of bytes are hashed into the sum by the same step, array by array in the order of their
/// names. Four lanes hide the latency of the multiplication.
package enum Checksum {
    /// The checksum of arrays sorted by name, as hexadecimal digits.
    package static func of(_ arrays: [NamedArray]) -> String {
        var sum = FNV1a.offsetBasis
        for array in arrays {
            array.withBytes { bytes in
                let lanes = lanes(bytes)
                for lane in 0..<4 { sum = (sum ^ lanes[lane]) &* FNV1a.prime }
                sum = (sum ^ UInt64(bytes.count)) &* FNV1a.prime
            }
        }
        return String(sum, radix: 16)
    }

    private static func lanes(_ bytes: UnsafeRawBufferPointer) -> SIMD4<UInt64> {
        let basis = FNV1a.offsetBasis
        var (a, b, c, d) = (basis, basis, basis, basis)
        let whole = bytes.count / 32 * 32
        for start in stride(from: 0, to: whole, by: 32) {
            a = (a ^ bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)) &* FNV1a.prime
            b = (b ^ bytes.loadUnaligned(fromByteOffset: start &+ 8, as: UInt64.self)) &* FNV1a.prime
            c = (c ^ bytes.loadUnaligned(fromByteOffset: start &+ 16, as: UInt64.self)) &* FNV1a.prime
            d = (d ^ bytes.loadUnaligned(fromByteOffset: start &+ 24, as: UInt64.self)) &* FNV1a.prime
        }
        var lanes = SIMD4(a, b, c, d)
        for start in stride(from: whole, to: bytes.count, by: 8) {
            var word: UInt64 = 0
            for i in start..<min(start + 8, bytes.count) { word |= UInt64(bytes[i]) << (8 * UInt64(i - start)) }
            let lane = (start - whole) / 8
            lanes[lane] = (lanes[lane] ^ word) &* FNV1a.prime
        }
        return lanes
    }
}
