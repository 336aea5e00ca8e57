/// A value as it travels between ranks.
protocol WireValue: BitwiseCopyable {
    init(rounding value: Float)
    var float: Float { get }
}

extension Float: WireValue {
    init(rounding value: Float) { self = value }
    var float: Float { self }
}

/// The upper half of a float32.
struct BFloat16: WireValue {
    private let bits: UInt16

    /// Rounds to the nearest, ties to even. NaN stays NaN.
    init(rounding value: Float) {
        let pattern = value.bitPattern
        bits =
            value.isNaN
            ? UInt16(truncatingIfNeeded: pattern >> 16) | 0x40
            : UInt16(truncatingIfNeeded: (pattern &+ 0x7FFF &+ (pattern >> 16 & 1)) >> 16)
    }

    var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}
