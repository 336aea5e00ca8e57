import Glibc
import Synchronization
import Testing
import Threads

@Suite struct TaskQueueTests {
    private struct Failure: Error {}

    @Test func tasksAreDoneInOrder() throws {
        let done = Mutex<[Int]>([])
        let queue = TaskQueue(limit: 3)
        for number in 0..<1000 { try queue.add { done.withLock { $0.append(number) } } }
        try queue.finish()
        #expect(done.withLock { $0 } == Array(0..<1000))
        try queue.finish()
    }

    @Test func noMoreThanTheLimitWait() throws {
        let count = 1000
        let added = Monitor(0)
        let waiting = Mutex<[Int]>([])
        let queue = TaskQueue(limit: 2)
        for number in 1...count {
            try queue.add {
                // Each waits for the next two, if there are any, and while it is being done no third can be added. Without
                // a limit, one of so many tasks would see more.
                let all = added.update(when: { $0 >= min(number + 2, count) ? $0 : nil })
                waiting.withLock { $0.append(all - number) }
            }
            added.update { $0 += 1 }
        }
        try queue.finish()
        #expect(waiting.withLock { $0 } == [Int](repeating: 2, count: count - 2) + [1, 0])
    }

    @Test func afterAFailureNothingIsDone() throws {
        let done = Mutex(0)
        let queue = TaskQueue(limit: 100)
        try queue.add { throw Failure() }
        #expect(throws: Failure.self) { try queue.finish() }
        #expect(throws: Failure.self) { try queue.add { done.withLock { $0 += 1 } } }
        #expect(throws: Failure.self) { try queue.finish() }
        #expect(done.withLock { $0 } == 0)
    }

    /// What a task holds: it tells when the task is gone.
    private final class Held: Sendable {
        private let isGone: Monitor<Bool>

        init(_ isGone: Monitor<Bool>) { self.isGone = isGone }

        deinit { isGone.update { $0 = true } }
    }

    /// The task being done is, and those that wait are not.
    @Test func aQueueThatIsNotFinishedEnds() throws {
        let isBusy = Monitor(false)
        let isGone = Monitor(false)
        let done = Mutex<[Int]>([])
        do {
            let queue = TaskQueue(limit: 100)
            try queue.add {
                isBusy.update { $0 = true }
                // Until the queue has dropped those that wait. If it keeps them, the test fails after ten seconds rather than
                // never ending.
                for _ in 0..<1000 where !isGone.update(when: { $0 }) { usleep(10_000) }
                done.withLock { $0.append(0) }
            }
            _ = isBusy.update(when: { $0 ? true : nil })
            for number in 1...50 {
                let held = Held(isGone)
                try queue.add {
                    withExtendedLifetime(held) {}
                    done.withLock { $0.append(number) }
                }
            }
        }
        #expect(done.withLock { $0 } == [0])
    }
}
