import Inference
import RandomStreams
import Testing

@Suite struct TilePlanTests {
    @Test func anImageThatFitsIsOneTile() {
        let plan = TilePlan(width: 61, height: 130, multiple: 8, margin: 20, ramp: 8, area: 64 * 136)
        #expect(plan.count == 1)
        #expect([plan.columns.tile, plan.rows.tile] == [64, 136])
        #expect(plan.columns.weights(ofTile: 0) == [Float](repeating: 1, count: 64))
        let least = TilePlan(width: 1, height: 5, multiple: 4, margin: 3, ramp: 1, area: 1)
        #expect(least.count == 1 && [least.columns.tile, least.rows.tile] == [8, 8])
    }

    /// Of many sizes: tiles begin at multiples, cover everything, overlap enough, and are within the area.
    @Test func tilesCoverTheImageWithTheirMargins() {
        var stream = RandomStream(seed: 3, purpose: "sizes")
        for _ in 0..<300 {
            func draw(_ range: ClosedRange<Int>) -> Int {
                min(range.upperBound, range.lowerBound + Int(stream.uniform() * Float(range.count)))
            }
            let (width, height) = (draw(1...3000), draw(1...3000))
            let (multiple, margin, ramp) = (1 << draw(0...4), draw(0...90), draw(1...40))
            let plan = TilePlan(
                width: width, height: height, multiple: multiple, margin: margin, ramp: ramp, area: 512 * 512)
            #expect(plan.columns.tile * plan.rows.tile <= 512 * 512, "\(width)×\(height)")
            for (axis, extent) in [(plan.columns, width), (plan.rows, height)] {
                let padded = max(2, (extent + multiple - 1) / multiple) * multiple
                #expect(axis.tile.isMultiple(of: multiple) && axis.starts.allSatisfy { $0.isMultiple(of: multiple) })
                #expect(axis.starts.first == 0 && (axis.starts.last ?? 0) + axis.tile == padded)
                var sums = [Float](repeating: 0, count: padded)
                for (index, start) in axis.starts.enumerated() {
                    let weights = axis.weights(ofTile: index)
                    for (position, weight) in weights.enumerated() { sums[start + position] += weight }
                    // Pixels within the margin of an inner edge do not count.
                    if index > 0 { #expect(weights.prefix(margin).allSatisfy { $0 == 0 }) }
                    if index + 1 < axis.starts.count { #expect(weights.suffix(margin).allSatisfy { $0 == 0 }) }
                }
                #expect(sums.allSatisfy { abs($0 - 1) < 1e-5 }, "\(extent) \(axis)")
            }
        }
    }

    @Test func rampsAreLinear() {
        let plan = TilePlan(width: 300, height: 100, multiple: 4, margin: 8, ramp: 4, area: 100 * 172)
        #expect(plan.columns.starts == [0, 140] && plan.columns.tile == 160)
        let (left, right) = (plan.columns.weights(ofTile: 0), plan.columns.weights(ofTile: 1))
        #expect(Array(left[147...152]) == [1, 0.875, 0.625, 0.375, 0.125, 0])
        #expect(Array(right[7...12]) == [0, 0.125, 0.375, 0.625, 0.875, 1])
    }

    @Test func positionsBeyondTheEdgeAreMirrored() {
        #expect((0..<9).map { reflected($0, in: 4) } == [0, 1, 2, 3, 2, 1, 0, 1, 2])
        #expect((0..<3).map { reflected($0, in: 1) } == [0, 0, 0])
        #expect((0..<5).map { reflected($0, in: 2) } == [0, 1, 0, 1, 0])
    }
}
