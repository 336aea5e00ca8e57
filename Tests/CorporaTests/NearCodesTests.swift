import Corpora
import RandomStreams
import Testing

@Suite struct NearCodesTests {
    /// All pairs by brute force.
    private func bruteForce(_ codes: [UInt64], within limit: Int) -> [[Int]] {
        codes.indices.flatMap { first in
            codes.indices.dropFirst(first + 1).compactMap { second in
                let distance = (codes[first] ^ codes[second]).nonzeroBitCount
                return distance <= limit ? [first, second, distance] : nil
            }
        }
    }

    private func found(_ codes: [UInt64], within limit: Int) -> [[Int]] {
        var pairs: [[Int]] = []
        NearCodes(codes, within: limit).forEachPair { pairs.append([$0, $1, $2]) }
        return pairs.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Codes around a few centres; in the second case only ten bits ever differ, as for images on white.
    @Test(arguments: [0, 1, 3, 4, 7], [UInt64.max, 0x3FF0_0000])
    func everyPairIsFoundOnce(limit: Int, varying: UInt64) {
        var random = RandomStream(seed: 3, purpose: "codes", index: UInt64(limit))
        let centers = (0..<20).map { _ in random.next() & varying }
        var codes = Set(centers)
        for _ in 0..<900 {
            var code = centers[random.index(below: centers.count)]
            for _ in 0..<random.index(below: 9) { code ^= 1 << UInt64(random.index(below: 64)) & varying }
            codes.insert(code)
        }
        let sorted = codes.sorted()
        let expected = bruteForce(sorted, within: limit)
        // Not #expect(a == b): on failure, computing the smallest difference would take minutes.
        let isEqual = found(sorted, within: limit) == expected
        #expect(isEqual)
        #expect(limit == 0 ? expected.isEmpty : expected.count > 100)
    }

    @Test func fewCodesAndNone() {
        #expect(found([], within: 4).isEmpty)
        #expect(found([7], within: 4).isEmpty)
        #expect(found([0, .max, 1], within: 63) == [[0, 2, 1], [1, 2, 63]])
    }
}
