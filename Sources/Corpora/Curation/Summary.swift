/// A name and its count.
public struct Tally: Sendable, Encodable, Equatable {
    /// The name.
    public let name: String
    /// The count.
    public let count: Int

    package init(name: String, count: Int) {
        self.name = name
        self.count = count
    }
}

/// A summary of integers.
public struct Summary: Sendable, Encodable, Equatable {
    /// The smallest.
    public let minimum: Int
    /// The median; the lower one of two middle values.
    public let median: Int
    /// The largest.
    public let maximum: Int
    /// The arithmetic mean.
    public let mean: Double

    /// All zero for an empty array.
    init(_ numbers: [Int]) {
        let sorted = numbers.sorted()
        minimum = sorted.first ?? 0
        median = sorted.isEmpty ? 0 : sorted[(sorted.count - 1) / 2]
        maximum = sorted.last ?? 0
        mean = sorted.isEmpty ? 0 : Double(sorted.reduce(0, +)) / Double(sorted.count)
    }
}
