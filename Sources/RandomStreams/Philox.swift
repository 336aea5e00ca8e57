import Basics

/// A counter-based random stream: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
///
/// A stream is identified by a seed, a purpose and an index (such as an image number or a step); its n-th number
/// depends on these and n only. Any number of workers, ranks or restarts therefore draws the same numbers from the same
/// stream.
public struct RandomStream: RandomNumberGenerator, Sendable {
    private let key: SIMD2<UInt32>
    private var counter: SIMD4<UInt32>
    private var block = SIMD4<UInt32>(repeating: 0)
    private var used = 4

    /// - Parameters:
    ///   - seed: the user's seed.
    ///   - purpose: what the numbers are for, such as `"noise"` or a parameter's path; streams of different purposes
    ///     are independent.
    ///   - index: the element or step.
    public init(seed: UInt64, purpose: String, index: UInt64 = 0) {
        // Not Swift's Hasher, whose seed differs between processes.
        var hash = FNV1a()
        hash.add(purpose.utf8)
        // SplitMix64's finalizer spreads similar seeds over the whole key space.
        var mixed = seed &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        let key = mixed ^ hash.value
        self.key = SIMD2(UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
        self.counter = SIMD4(0, 0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32))
    }

    /// Ten rounds of the Philox bijection on one counter.
    package static func rounds(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var c = counter
        var k = key
        for _ in 0..<10 {
            let p0 = UInt64(c.x) * 0xd251_1f53
            let p1 = UInt64(c.z) * 0xcd9e_8d57
            c = SIMD4(
                UInt32(truncatingIfNeeded: p1 >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p0))
            k = k &+ SIMD2(0x9e37_79b9, 0xbb67_ae85)
        }
        return c
    }

    /// The next 32 uniform bits.
    public mutating func bits() -> UInt32 {
        if used == 4 {
            block = RandomStream.rounds(counter, key: key)
            counter.x &+= 1
            if counter.x == 0 { counter.y &+= 1 }
            used = 0
        }
        defer { used += 1 }
        return block[used]
    }

    /// The next 64 uniform bits, as `RandomNumberGenerator` requires.
    public mutating func next() -> UInt64 {
        let low = UInt64(bits())
        return UInt64(bits()) << 32 | low
    }

    /// A uniform number in 0 ..< 1 with 24 random bits, which `Float` represents exactly.
    public mutating func uniform() -> Float { Float(bits() >> 8) * 0x1p-24 }

    /// A uniform integer in `0 ..< count`, with a bias below `count` / 2³². `count` must be positive and below 2³².
    public mutating func index(below count: Int) -> Int { Int((UInt64(bits()) * UInt64(count)) >> 32) }

    /// The elements in random order (Fisher–Yates). Unlike the standard library's, the order for a seed is the same with every toolchain.
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var order = elements
        for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, index(below: last + 1)) }
        return order
    }

    /// `count` of the elements, each at most once, in random order.
    public mutating func choose<Element>(_ count: Int, of elements: [Element]) -> ArraySlice<Element> {
        var order = elements
        for index in 0..<count { order.swapAt(index, index + self.index(below: order.count - index)) }
        return order[..<count]
    }
}
