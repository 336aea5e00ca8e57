/// A bar chart of counts with one bar for the long tail.
struct Histogram {
    let lines: [String]
    private static let bars = 12
    private static let width = 40

    /// - Parameter counts: the number of items with the value 0, 1, 2, ….
    init(_ counts: [Int]) {
        let total = counts.reduce(0, +)
        guard let first = counts.firstIndex(where: { $0 > 0 }), total > 0 else {
            lines = []
            return
        }
        // Everything above the 99th percentile is one bar.
        var sum = 0
        let bulk =
            counts.firstIndex { count in
                sum += count
                return sum * 100 >= total * 99
            } ?? first
        let step = max(1, (bulk - first + Histogram.bars) / Histogram.bars)
        var ranges = stride(from: first, through: bulk, by: step).map { $0..<min($0 + step, counts.count) }
        if let last = ranges.last, last.upperBound < counts.count { ranges.append(last.upperBound..<counts.count) }
        let heights = ranges.map { counts[$0].reduce(0, +) }
        let highest = heights.max() ?? 1
        var table = TextTable(alignment: [.right, .right, .left])
        for (range, height) in zip(ranges, heights) {
            let name = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound - 1)"
            table.add(name, Measure.grouped(height), Histogram.bar(height, of: highest))
        }
        lines = table.lines
    }

    private static func bar(_ height: Int, of highest: Int) -> String {
        let eighths = (height * width * 8 + highest - 1) / highest
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }
}
