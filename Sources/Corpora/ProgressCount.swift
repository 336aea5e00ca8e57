import Synchronization

/// Counts what parallel workers have done and reports it now and then: in order, one call at a time.
final class ProgressCount: Sendable {
    private let done = Mutex(0)
    private let total: Int
    private let report: (@Sendable (Int) -> Void)?

    init(total: Int, report: (@Sendable (Int) -> Void)?) {
        self.total = total
        self.report = report
    }

    /// Counts one more.
    func advance() {
        done.withLock { done in
            done += 1
            if done % 64 == 0 || done == total { report?(done) }
        }
    }
}
