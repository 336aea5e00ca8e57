// The conversion uses integers and no branches, so that loops vectorize on every processor and do not depend on the
// flush-to-zero mode.

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
}
