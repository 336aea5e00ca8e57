import Dispatch
import Synchronization

extension Range<Int> {
    /// The results of `body` for each number, in order, computed on all processors.
    package func concurrentMap<Result: Sendable>(_ body: @Sendable (Int) -> Result) -> [Result] {
        let results = Mutex([Result?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let result = body(lowerBound + index)
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0.compactMap { $0 } }
    }
}
