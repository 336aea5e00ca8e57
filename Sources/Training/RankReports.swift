import Execution
import Glibc

/// What the ranks of a data-parallel training tell each other before every step: whether one was asked to stop, and how long each
/// was busy, which shows a slow one.
struct RankReports {
    private let ranks: any Communicator
    /// Seconds that each rank was busy since the last row of statistics, without waiting for others.
    private var busy: [Double]
    private var waited: Double
    private var elapsed = 0.0
    private var lastStep = 0.0

    init(_ ranks: any Communicator) {
        self.ranks = ranks
        busy = [Double](repeating: 0, count: ranks.size)
        waited = ranks.waited
    }

    /// Exchanges reports of the last step.
    /// - Returns: whether any rank was asked to stop.
    mutating func exchange(isInterrupted: Bool) throws -> Bool {
        guard ranks.size > 1 else { return isInterrupted }
        let reports = try ranks.gather([isInterrupted ? 1.0 : 0, lastStep])
        for (rank, report) in reports.enumerated() { busy[rank] += report[1] }
        return reports.contains { $0[0] != 0 }
    }

    /// Runs and times a step.
    mutating func measure<Result>(_ step: () throws -> Result) rethrows -> Result {
        guard ranks.size > 1 else { return try step() }
        let clock = ContinuousClock()
        let (start, before) = (clock.now, ranks.waited)
        let result = try step()
        let time = (clock.now - start) / .seconds(1)
        elapsed += time
        lastStep = time - (ranks.waited - before)
        return result
    }

    /// Statistics since the last call: the number of the slowest rank, its busy time over the median of all, and the share of this
    /// rank's time that it waited for others; empty without other ranks.
    mutating func takeStatistics() -> Measurements {
        guard ranks.size > 1, let most = busy.max(), let slowest = busy.firstIndex(of: most), elapsed > 0 else {
            return [:]
        }
        let median = busy.sorted()[(busy.count - 1) / 2]
        let statistics: Measurements = [
            "ranks.slowest": Double(slowest), "ranks.slowest_over_median": most / max(median, 1e-9),
            "ranks.waiting": (ranks.waited - waited) / elapsed,
        ]
        busy = busy.map { _ in 0 }
        (elapsed, waited) = (0, ranks.waited)
        return statistics
    }
}
