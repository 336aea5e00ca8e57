/// Finds pairs of 64-bit codes that differ in few bits, without comparing every pair.
///
/// Codes that differ in at most k bits agree in at least one of k + 1 bands of bits, so only codes that share a band
/// are compared. If many codes share one, as those of images on white do, the remaining bits are divided into bands
/// again.
package struct NearCodes {
    private let codes: [UInt64]
    private let limit: Int
    /// Up to this many codes, all pairs are compared.
    private static let bruteForceLimit = 24

    /// - Parameters:
    ///   - codes: distinct codes.
    ///   - limit: maximum number of differing bits, 0...63.
    package init(_ codes: [UInt64], within limit: Int) {
        precondition((0..<64).contains(limit), "a code has 64 bits")
        self.codes = codes
        self.limit = limit
    }

    /// Calls `body` once for each pair, in no particular order, with the lower index first and the number of differing
    /// bits.
    package func forEachPair(_ body: (_ first: Int, _ second: Int, _ distance: Int) -> Void) {
        var differing: [UInt64] = []
        search(Array(codes.indices), bits: .max, differing: &differing, body)
    }

    /// - Parameters:
    ///   - members: indices of codes that agree in all but `bits`.
    ///   - differing: bands searched before: a pair that agrees in one of them has already been found.
    private func search(
        _ members: [Int], bits: UInt64, differing: inout [UInt64], _ body: (Int, Int, Int) -> Void
    ) {
        let divisions =
            members.count > Self.bruteForceLimit && bits.nonzeroBitCount > limit ? divide(members, bits) : nil
        guard let divisions else {
            for (index, first) in members.enumerated() {
                for second in members[(index + 1)...] {
                    let difference = codes[first] ^ codes[second]
                    let distance = difference.nonzeroBitCount
                    guard distance <= limit, differing.allSatisfy({ difference & $0 != 0 }) else { continue }
                    body(min(first, second), max(first, second), distance)
                }
            }
            return
        }
        for (band, groups) in divisions {
            for group in groups { search(group, bits: bits & ~band, differing: &differing, body) }
            differing.append(band)
        }
        differing.removeLast(divisions.count)
    }

    /// For each band of `bits`, the groups of members that agree in it; nil if comparing all pairs is less work than
    /// comparing within the groups, as it is for members of one cluster.
    private func divide(_ members: [Int], _ bits: UInt64) -> [(band: UInt64, groups: [[Int]])]? {
        var work = 0
        var divisions: [(band: UInt64, groups: [[Int]])] = []
        for band in bands(of: bits) {
            let sorted = members.sorted { codes[$0] & band < codes[$1] & band }
            var groups: [[Int]] = []
            var start = 0
            for end in 1...sorted.count
            where end == sorted.count || codes[sorted[end]] & band != codes[sorted[start]] & band {
                if end - start > 1 { groups.append(Array(sorted[start..<end])) }
                work += (end - start) * (end - start)
                start = end
            }
            divisions.append((band, groups))
            if work >= members.count * members.count { return nil }
        }
        return divisions
    }

    /// Deals bits out to `limit + 1` bands. Neighbouring bits go to different bands, because they describe neighbouring
    /// pixels and are correlated.
    private func bands(of bits: UInt64) -> [UInt64] {
        var bands = [UInt64](repeating: 0, count: limit + 1)
        var rest = bits
        var next = 0
        while rest != 0 {
            bands[next % bands.count] |= rest & (~rest + 1)
            rest &= rest - 1
            next += 1
        }
        return bands
    }
}
