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
        let gate = Monitor(false)
        let added = Monitor(0)
        let queue = TaskQueue(limit: 2)
        let adder = WorkerThreads(count: 1, niceness: 0) {
            for _ in 0..<4 {
                try? queue.add { _ = gate.update(when: { $0 ? true : nil }) }
                added.update { $0 += 1 }
            }
        }
        // One is being done, and two wait.
        _ = added.update(when: { $0 >= 3 ? true : nil })
        #expect(added.update(when: { $0 }) == 3)
        gate.update { $0 = true }
        adder.join()
        try queue.finish()
        #expect(added.update(when: { $0 }) == 4)
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

    @Test func aQueueThatIsNotFinishedEnds() throws {
        let started = Monitor(0)
        do {
            let queue = TaskQueue(limit: 100)
            for _ in 0..<50 { try queue.add { started.update { $0 += 1 } } }
        }
        #expect(started.update(when: { $0 }) <= 50)
    }
}
