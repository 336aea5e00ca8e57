import Execution
import RandomStreams
import Testing

/// Unit tests of the layout of intermediate values.
@Suite struct MemoryPlanTests {
    typealias Interval = MemoryPlan.Interval

    /// The invariants of every plan.
    private func check(
        _ plan: MemoryPlan, _ intervals: [Interval], _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        func fulfils(_ condition: Bool, _ what: String) {
            #expect(condition, "\(what) \(comment ?? "")", sourceLocation: sourceLocation)
        }
        let lengths = intervals.map { ($0.size + 63) / 64 * 64 }
        fulfils(plan.offsets.count == intervals.count, "an offset for each value")
        fulfils(plan.offsets.allSatisfy { $0 >= 0 && $0 % 64 == 0 }, "alignment")
        for (index, a) in intervals.enumerated() {
            fulfils(plan.offsets[index] + intervals[index].size <= plan.size, "within the arena")
            for other in index + 1..<max(intervals.count, index + 1) {
                let b = intervals[other]
                guard a.first <= b.last && b.first <= a.last && a.size > 0 && b.size > 0 else { continue }
                let areApart =
                    plan.offsets[index] + a.size <= plan.offsets[other]
                    || plan.offsets[other] + b.size <= plan.offsets[index]
                fulfils(areApart, "values \(index) and \(other) live at once and overlap")
            }
        }
        fulfils(plan.size <= lengths.reduce(0, +), "no larger than all values side by side")
        // A lower bound for any layout: the values alive at one step.
        let need = intervals.map(\.first).map { step in
            zip(intervals, lengths).reduce(0) { $0 + ($1.0.first <= step && step <= $1.0.last ? $1.1 : 0) }
        }
        fulfils(plan.size >= need.max() ?? 0, "no smaller than the values of any moment")
    }

    @Test func nothingNeedsNothing() {
        let plan = MemoryPlan([])
        #expect(plan.offsets.isEmpty && plan.size == 0)
    }

    @Test(arguments: [1, 63, 64, 65, 4096]) func oneValueIsRoundedUp(size: Int) {
        let intervals = [Interval(size: size, first: 0, last: 0)]
        let plan = MemoryPlan(intervals)
        check(plan, intervals)
        #expect(plan.offsets == [0] && plan.size == (size + 63) / 64 * 64)
    }

    /// Each value of a chain is read by the next step alone: two locations are enough.
    @Test func aChainTakesTurnsInTwoPlaces() {
        let intervals = (0..<50).map { Interval(size: 1000, first: $0, last: $0 + 1) }
        let plan = MemoryPlan(intervals)
        check(plan, intervals)
        #expect(plan.size == 2 * 1024)
        #expect(Set(plan.offsets) == [0, 1024])
    }

    /// A value that ends in the step in which another begins is still read there.
    @Test func theLastStepBelongsToALifetime() {
        let touching = [Interval(size: 64, first: 0, last: 3), Interval(size: 64, first: 3, last: 5)]
        check(MemoryPlan(touching), touching)
        #expect(MemoryPlan(touching).size == 128)
        let apart = [Interval(size: 64, first: 0, last: 2), Interval(size: 64, first: 3, last: 5)]
        #expect(MemoryPlan(apart).size == 64)
    }

    @Test func smallValuesFillTheGapsOfLargeOnes() {
        // 0 and 1 are adjacent; after the end of 0, 2 and 3 fit into its memory.
        let intervals = [
            Interval(size: 2048, first: 0, last: 1), Interval(size: 4096, first: 0, last: 9),
            Interval(size: 1024, first: 2, last: 9), Interval(size: 1000, first: 3, last: 9),
        ]
        let plan = MemoryPlan(intervals)
        check(plan, intervals)
        #expect(plan.size == 4096 + 2048)
    }

    @Test func valuesOfOneMomentLieSideBySide() {
        let intervals = (0..<20).map { Interval(size: 64 * ($0 + 1), first: 0, last: $0) }
        let plan = MemoryPlan(intervals)
        check(plan, intervals)
        #expect(plan.size == 64 * 20 * 21 / 2)
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func randomLifetimes(seed: UInt64) {
        var random = RandomStream(seed: seed, purpose: "lifetimes")
        let steps = 1 + random.index(below: 60)
        // Sizes as networks have them, over four orders of magnitude, many of them equal; some are empty.
        let sizes = (0..<1 + random.index(below: 8)).map { _ in
            random.index(below: 12) == 0 ? 0 : (1 + random.index(below: 200)) << random.index(below: 12)
        }
        let intervals = (0..<1 + random.index(below: 120)).map { _ in
            let first = random.index(below: steps)
            let length = random.index(below: random.index(below: 6) == 0 ? steps : 4)
            return Interval(
                size: sizes[random.index(below: sizes.count)], first: first, last: min(first + length, steps - 1))
        }
        let plan = MemoryPlan(intervals)
        check(plan, intervals, "seed \(seed)")
        #expect(MemoryPlan(intervals).offsets == plan.offsets, "the same lifetimes give the same plan")
    }
}
