/// Offsets of intermediate values in one arena: values whose lifetimes do not overlap may share memory.
package struct MemoryPlan {
    /// A value's size in bytes, and the first and last step of its lifetime.
    package struct Interval {
        package var size: Int
        package var first: Int
        package var last: Int

        package init(size: Int, first: Int, last: Int) { (self.size, self.first, self.last) = (size, first, last) }
    }

    /// Byte offsets of each interval.
    package let offsets: [Int]
    /// Bytes of the arena.
    package let size: Int

    /// Greedy by size (Pisarchyk and Lee 2020, section 5.2): the largest values first, each at the lowest offset that is free
    /// during its lifetime.
    package init(_ intervals: [Interval]) {
        var offsets = [Int](repeating: 0, count: intervals.count)
        var size = 0
        var placed: [Int] = []
        let largestFirst = intervals.indices.sorted {
            intervals[$0].size != intervals[$1].size ? intervals[$0].size > intervals[$1].size : $0 < $1
        }
        for index in largestFirst {
            let interval = intervals[index]
            let length = (interval.size + 63) / 64 * 64
            var offset = 0
            for other in placed where intervals[other].first <= interval.last && interval.first <= intervals[other].last
            {
                if offset + length <= offsets[other] { break }
                offset = max(offset, offsets[other] + (intervals[other].size + 63) / 64 * 64)
            }
            offsets[index] = offset
            size = max(size, offset + length)
            let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
            placed.insert(index, at: position)
        }
        (self.offsets, self.size) = (offsets, size)
    }
}
