import Checkpoints
import Testing

@Suite struct HalfPrecisionTests {
    /// Bits of a Float, and of its bfloat16 as PyTorch 2.15 rounds it.
    static let golden: [(UInt32, UInt16)] = [
        (0x00000000, 0x0000), (0x80000000, 0x8000), (0x3f800000, 0x3f80), (0x33000000, 0x3300),
        (0x33000001, 0x3300), (0x33800000, 0x3380), (0x387fc000, 0x3880), (0x387fe000, 0x3880),
        (0x387fffff, 0x3880), (0x38800000, 0x3880), (0x33c00000, 0x33c0), (0x34200000, 0x3420),
        (0x477fe000, 0x4780), (0x477fefff, 0x4780), (0x477ff000, 0x4780), (0x47800000, 0x4780),
        (0x7f7fffff, 0x7f80), (0x7f800000, 0x7f80), (0xff800000, 0xff80), (0x3f801000, 0x3f80),
        (0x3f803000, 0x3f80), (0x3f801001, 0x3f80), (0x3f808000, 0x3f80), (0x3f818000, 0x3f82),
        (0x3f808001, 0x3f81), (0x00000001, 0x0000), (0x00008000, 0x0000), (0x00018000, 0x0002),
        (0x00008001, 0x0001), (0x7f7f8000, 0x7f80), (0x7f7f7fff, 0x7f7f), (0xb8801fff, 0xb880),
        (0x3dcccccd, 0x3dcd),
    ]

    private func stored(_ floats: [Float]) -> [UInt16] {
        let bytes = NamedArray(name: "a", shape: [floats.count], floats: floats, element: .bfloat16).bytes
        return stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
    }

    private func read(_ bits: [UInt16], as element: ArrayElement) throws -> [Float] {
        let bytes = bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        return try NamedArray(name: "a", shape: [bits.count], element: element, bytes: bytes).floats()
    }

    @Test func roundsToNearestEven() {
        #expect(stored(Self.golden.map { Float(bitPattern: $0.0) }) == Self.golden.map(\.1))
    }

    @Test func everyHalfIsExact() throws {
        // One, the largest number, the smallest normal and subnormal ones, and negative infinity.
        let known: [UInt16] = [0x3c00, 0x7bff, 0x0400, 0x0001, 0xfc00]
        #expect(try read(known, as: .float16) == [1, 65504, 0x1p-14, 0x1p-24, -.infinity])
        #if arch(x86_64) || arch(arm64)
            let bits = (0...UInt16.max).filter { $0 & 0x7fff <= 0x7c00 }
            let floats = try read(bits, as: .float16)
            #expect(floats.map(\.bitPattern) == bits.map { Float(Float16(bitPattern: $0)).bitPattern })
        #endif
        let brains = (0...UInt16.max).filter { $0 & 0x7fff <= 0x7f80 }
        let wide = try read(brains, as: .bfloat16)
        #expect(wide.map(\.bitPattern) == brains.map { UInt32($0) << 16 })
        #expect(stored(wide) == brains)
    }

    @Test func aNaNStaysOne() throws {
        // The second NaN's payload is in the removed bits; truncation would make it an infinity.
        let floats = [Float.nan, Float(bitPattern: 0x7f80_0001), Float(bitPattern: 0xffff_ffff)]
        let back = try read(stored(floats), as: .bfloat16)
        #expect(back.filter(\.isNaN).count == floats.count)
        #expect(back.map(\.sign) == [.plus, .plus, .minus])
        #expect(try read([0x7c01, 0x7e00, 0xffff], as: .float16).filter(\.isNaN).count == 3)
    }
}
