import Synchronization

/// Counts the items that parallel workers have finished, and reports every 64th and the last one, in order and one call
/// at a time.
package final class ProgressCount: Sendable {
    private let done = Mutex(0)
    private let total: Int
    private let report: (@Sendable (Int) -> Void)?

    /// - Parameters:
    ///   - total: number of items.
    ///   - report: called with the number of finished items.
    package init(total: Int, report: (@Sendable (Int) -> Void)?) {
        self.total = total
        self.report = report
    }

    /// Counts a finished item.
    package func advance() {
        done.withLock { done in
            done += 1
            if done % 64 == 0 || done == total { report?(done) }
        }
    }
}
