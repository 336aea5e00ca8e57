import RandomStreams
import Testing

/// Streams of different names are independent.
@Suite struct IndependenceTests {
    private static let count = 20_000

    /// Names with minimal differences.
    private static let streams: [(name: String, stream: RandomStream)] = [
        ("seed 1", RandomStream(seed: 1, purpose: "noise")),
        ("seed 2", RandomStream(seed: 2, purpose: "noise")),
        ("highest bit of the seed", RandomStream(seed: 1 | 1 << 63, purpose: "noise")),
        ("index 1", RandomStream(seed: 1, purpose: "noise", index: 1)),
        ("index 2³²", RandomStream(seed: 1, purpose: "noise", index: 1 << 32)),
        ("another purpose", RandomStream(seed: 1, purpose: "noisf")),
        ("no purpose", RandomStream(seed: 1, purpose: "")),
        ("a parameter's path", RandomStream(seed: 1, purpose: "generator.blocks.0.convolution1.weight")),
        ("its neighbour's path", RandomStream(seed: 1, purpose: "generator.blocks.1.convolution1.weight")),
    ]

    @Test func noTwoAreCorrelated() {
        let uniforms = Self.streams.map { entry in
            var stream = entry.stream
            return (0..<Self.count).map { _ in Double(stream.uniform()) - 0.5 }
        }
        for i in uniforms.indices {
            for j in i + 1..<uniforms.count {
                // Also shifted: a stream must not be a shifted copy of another.
                for shift in [0, 1, 2, 3, 4] {
                    let sum = (0..<Self.count - shift).reduce(0.0) { $0 + uniforms[i][$1] * uniforms[j][$1 + shift] }
                    // The variance of a product of two centred uniforms is 1/144; six standard deviations.
                    let limit = 6 * Double(Self.count).squareRoot() / 12
                    let names = "\(Self.streams[i].name), \(Self.streams[j].name)"
                    #expect(abs(sum) < limit, "\(names), shifted by \(shift)")
                }
            }
        }
    }

    @Test func noTwoShareABlock() {
        var seen = Set<[UInt32]>()
        for entry in Self.streams {
            var stream = entry.stream
            for _ in 0..<1000 {
                let block = (0..<4).map { _ in stream.bits() }
                #expect(seen.insert(block).inserted, "\(entry.name)")
            }
        }
    }

    @Test func everyBitIsSetHalfOfTheTime() {
        for entry in Self.streams {
            var stream = entry.stream
            var counts = [Int](repeating: 0, count: 32)
            for _ in 0..<Self.count {
                let bits = stream.bits()
                for bit in 0..<32 where bits >> UInt32(bit) & 1 == 1 { counts[bit] += 1 }
            }
            let limit = 6 * Double(Self.count).squareRoot() / 2
            for (bit, count) in counts.enumerated() {
                #expect(abs(Double(count) - Double(Self.count) / 2) < limit, "\(entry.name), bit \(bit)")
            }
        }
    }

    @Test func theSameNameIsTheSameStream() {
        for entry in Self.streams {
            var (first, second) = (entry.stream, entry.stream)
            #expect(first.normals(64) == second.normals(64))
        }
    }
}
