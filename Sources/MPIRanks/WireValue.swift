import Basics

/// A value as it is sent between ranks.
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
    init(rounding value: Float) { bits = value.bfloat16 }

    var float: Float { Float(bfloat16: bits) }
}
