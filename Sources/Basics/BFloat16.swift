// Conversions between Float and bfloat16, its upper half. They use integers and no branches, so that loops vectorize on every
// processor and do not depend on the flush-to-zero mode.

extension Float {
    /// The value of a bfloat16 number.
    @inlinable @inline(__always)
    package init(bfloat16 bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }

    /// The nearest bfloat16 number, ties to even; a quiet NaN for a NaN.
    @inlinable @inline(__always)
    package var bfloat16: UInt16 {
        let rounded = (bitPattern &+ 0x7fff &+ ((bitPattern >> 16) & 1)) >> 16
        let isNaN = bitPattern & 0x7fff_ffff > 0x7f80_0000
        return UInt16(truncatingIfNeeded: isNaN ? (bitPattern >> 16) | 0x40 : rounded)
    }
}
