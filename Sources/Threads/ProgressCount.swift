import Synchronization

/// Counts what parallel workers have done and reports every 64th and the last: in order, one call at a time.
package final class ProgressCount: Sendable {
    private let done = Mutex(0)
    private let total: Int
    private let report: (@Sendable (Int) -> Void)?

    /// - Parameters:
    ///   - total: what there is to do.
    ///   - report: called with the number done.
    package init(total: Int, report: (@Sendable (Int) -> Void)?) {
        self.total = total
        self.report = report
    }

    /// Counts one more.
    package func advance() {
        done.withLock { done in
            done += 1
            if done % 64 == 0 || done == total { report?(done) }
        }
    }
}
