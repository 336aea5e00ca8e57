import RandomStreams
import Testing

/// Philox4x32-10, and the keys of streams.
@Suite struct PhiloxTests {
    struct Vector: Sendable {
        let counter: SIMD4<UInt32>
        let key: SIMD2<UInt32>
        let result: SIMD4<UInt32>
    }

    /// The lines `philox4x32 10` of `kat_vectors`, published with Random123 (Salmon et al. 2011).
    static let vectors = [
        Vector(
            counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0),
            result: SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
        Vector(
            counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max),
            result: SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)),
        Vector(
            counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
            key: SIMD2(0xa409_3822, 0x299f_31d0),
            result: SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)),
    ]

    @Test(arguments: vectors) func publishedVectorsAreMet(_ vector: Vector) {
        #expect(RandomStream.rounds(vector.counter, key: vector.key) == vector.result)
    }

    @Test func bitsAreTheBlocksOfCountersInOrder() {
        let index: UInt64 = 0x0123_4567_89ab_cdef
        var stream = RandomStream(seed: 42, purpose: "noise", index: index)
        // SplitMix64's first output of 42, XOR FNV-1a of "noise": computed as below.
        let key = SIMD2<UInt32>(0xfdec_0644, 0xd1de_1557)
        for block in 0..<100 as Range<UInt32> {
            let expected = RandomStream.rounds(SIMD4(block, 0, 0x89ab_cdef, 0x0123_4567), key: key)
            for lane in 0..<4 { #expect(stream.bits() == expected[lane]) }
        }
    }

    /// Checkpoints and published images depend on these numbers: they must be the same in every release. Computed
    /// from the definitions by a program in Python, which was checked with the published values of Philox, SplitMix64 and FNV-1a.
    @Test(
        arguments: [
            (0, "noise", 0, [0xb15c_4d02, 0x7b7a_e1f2, 0x01d8_2508, 0xddae_8ff4]),
            (42, "noise", 0x0123_4567_89ab_cdef, [0xe91a_8c2e, 0xafca_36e0, 0xf83c_f42e, 0x547b_9a06]),
            (.max, "", .max, [0xd22b_7163, 0x048b_7013, 0x0f78_33f9, 0xc1b7_a217]),
        ] as [(UInt64, String, UInt64, [UInt32])])
    func firstBitsArePinned(seed: UInt64, purpose: String, index: UInt64, bits: [UInt32]) {
        var stream = RandomStream(seed: seed, purpose: purpose, index: index)
        #expect(bits.map { _ in stream.bits() } == bits)
    }

    @Test func next64BitsAreTwoTimes32LowFirst() {
        var (halves, wholes) = (RandomStream(seed: 3, purpose: "x"), RandomStream(seed: 3, purpose: "x"))
        for _ in 0..<10 {
            let (low, high) = (UInt64(halves.bits()), UInt64(halves.bits()))
            #expect(wholes.next() == high << 32 | low)
        }
    }

    @Test func aCopyGoesOnByItself() {
        var stream = RandomStream(seed: 1, purpose: "x")
        _ = stream.bits()
        var copy = stream
        let ahead = (0..<9).map { _ in copy.bits() }
        #expect((0..<9).map { _ in stream.bits() } == ahead)
    }
}
