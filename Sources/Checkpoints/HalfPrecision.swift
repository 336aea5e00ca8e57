// Conversions between Float and binary16. They use integers and no branches, so that loops vectorize on every processor
// and do not depend on the flush-to-zero mode.

extension Float {
    /// The exact value of an IEEE 754 binary16 number.
    @inline(__always)
    init(float16 bits: UInt16) {
        let magnitude = UInt32(bits & 0x7fff)
        // Rebias the exponent from 15 to 127; that of infinities and NaNs becomes 255.
        let rebias: UInt32 = magnitude >= 0x7c00 ? 0x7000_0000 : 0x3800_0000
        let normal = (magnitude << 13) &+ rebias
        // A subnormal is its mantissa times 2⁻²⁴, which a Float holds as a normal number.
        let subnormal = (Float(Int32(bitPattern: magnitude)) * 0x1p-24).bitPattern
        let sign = UInt32(bits & 0x8000) << 16
        self.init(bitPattern: (magnitude < 0x0400 ? subnormal : normal) | sign)
    }

    /// The nearest binary16 number, ties to even; infinity from 65520 on; a quiet NaN for a NaN.
    @inline(__always)
    var float16: UInt16 {
        let magnitude = bitPattern & 0x7fff_ffff
        let sign = (bitPattern >> 16) & 0x8000
        // Rebias, and add half a unit in the last kept place, minus one bit if that place is even; shifting then
        // rounds.
        let normal = (magnitude &- 0x3800_0000 &+ 0x0fff &+ ((magnitude >> 13) & 1)) >> 13
        // The unit in the last place of 0.5 is 2⁻²⁴, so the addition itself rounds to multiples of it.
        let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- Float(0.5).bitPattern
        let special: UInt32 = magnitude > 0x7f80_0000 ? 0x7e00 | ((magnitude >> 13) & 0x03ff) : 0x7c00
        let finite = magnitude < 0x3880_0000 ? subnormal : normal
        return UInt16(truncatingIfNeeded: (magnitude >= 0x4780_0000 ? special : finite) | sign)
    }
}
