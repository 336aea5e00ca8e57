import Synchronization
import Testing
import Threads

/// Monitors and worker threads.
@Suite struct ThreadTests {
    @Test func everyChangeUnderTheMonitorCounts() {
        let monitor = Monitor(0)
        let workers = WorkerThreads(count: 8, niceness: 0) { for _ in 0..<1000 { monitor.update { $0 += 1 } } }
        workers.join()
        #expect(monitor.update(when: { $0 }) == 8000)
    }

    /// A bounded queue: its consumers get every number once, and its producer never runs ahead of the bound.
    @Test func whoWaitsIsWokenByEveryChange() {
        struct State {
            var queue: [Int] = []
            var taken = Set<Int>()
            var isClosed = false
        }
        let monitor = Monitor(State())
        let consumers = WorkerThreads(count: 4, niceness: 0) {
            while true {
                let number = monitor.update(when: { state -> Int?? in
                    guard !state.queue.isEmpty else { return state.isClosed ? .some(nil) : nil }
                    return state.queue.removeFirst()
                })
                guard let number else { return }
                monitor.update { _ = $0.taken.insert(number) }
            }
        }
        for number in 0..<2000 {
            monitor.update(when: { $0.queue.count < 3 ? () : nil })
            monitor.update { $0.queue.append(number) }
        }
        monitor.update { $0.isClosed = true }
        consumers.join()
        #expect(monitor.update(when: { $0.taken }) == Set(0..<2000))
        #expect(monitor.update(when: { $0.queue.count }) == 0)
    }

    /// `update(when:)` is atomic: no two threads take the same item.
    @Test func anAnswerIsTakenByOne() {
        let monitor = Monitor(Array(0..<5000))
        let sum = Atomic(0)
        let workers = WorkerThreads(count: 6, niceness: 0) {
            while let number = monitor.update(when: { $0.isEmpty ? Int??.some(nil) : $0.removeLast() }) {
                sum.add(number, ordering: .relaxed)
            }
        }
        workers.join()
        #expect(sum.load(ordering: .relaxed) == 4999 * 5000 / 2)
    }

    @Test(arguments: [0, 1, 5], [0, 19] as [Int32]) func asManyThreadsRunAsWereAskedFor(count: Int, niceness: Int32) {
        let runs = Atomic(0)
        let workers = WorkerThreads(count: count, niceness: niceness) { runs.add(1, ordering: .relaxed) }
        #expect(workers.isEmpty == (count == 0))
        workers.join()
        #expect(runs.load(ordering: .relaxed) == count)
        #expect(workers.isEmpty)
        workers.join()
    }

    /// Writes of a thread are visible after joining it.
    @Test func joiningOrdersMemory() {
        // `@unchecked Sendable` is safe if joining orders memory, which is what the test shows: one thread writes, and this
        // one reads after joining it.
        final class Box: @unchecked Sendable { var value = 0 }
        for round in 1...200 {
            let box = Box()
            let workers = WorkerThreads(count: 1, niceness: 0) { box.value = round }
            workers.join()
            #expect(box.value == round)
        }
    }
}
