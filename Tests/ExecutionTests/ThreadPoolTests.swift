import CKernels
import Dispatch
import Synchronization
import Testing

/// The pool that runs the shares of every kernel: Limn's own, or that of oneDNN where another test has loaded it.
@Suite(.serialized) struct ThreadPoolTests {
    /// How often each share of a job has run, and its arguments.
    private final class Tally: Sendable {
        let counts = Mutex<[Int32: Int]>([:])
        let totals = Mutex<Set<Int32>>([])
        /// Each share writes its own element without a lock; the pool orders these writes before the caller's reads.
        nonisolated(unsafe) let sums: UnsafeMutableBufferPointer<Int>

        init(_ count: Int) {
            sums = .allocate(capacity: count)
            sums.initialize(repeating: 0)
        }

        deinit { sums.deallocate() }

        func run(threads: Int) {
            limn_parallel(
                Int32(threads),
                { context, index, count in
                    guard let context else { return }
                    let tally = Unmanaged<Tally>.fromOpaque(context).takeUnretainedValue()
                    tally.counts.withLock { $0[index, default: 0] += 1 }
                    tally.totals.withLock { _ = $0.insert(count) }
                    tally.sums[Int(index)] += Int(index) + 1
                }, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    @Test(arguments: [1, 2, 3, 8, 33]) func everyShareRunsOnce(threads: Int) {
        let tally = Tally(threads)
        for round in 1...50 {
            tally.run(threads: threads)
            #expect(
                tally.counts.withLock { $0 }
                    == Dictionary(uniqueKeysWithValues: (0..<Int32(threads)).map { ($0, round) }))
            #expect(Array(tally.sums) == (1...threads).map { $0 * round })
        }
        #expect(tally.totals.withLock { $0 } == [Int32(threads)])
    }

    /// Jobs of different sizes one after another: idle threads must not run shares of a later job twice.
    @Test func sizesMayChangeFromJobToJob() {
        for round in 0..<300 {
            let threads = 1 + round * 7 % 9
            let tally = Tally(threads)
            tally.run(threads: threads)
            #expect(Array(tally.sums) == Array(1...threads), "round \(round)")
        }
    }

    @Test func severalThreadsMayAskAtOnce() {
        let wrong = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 64) { index in
            let threads = 1 + index % 5
            let tally = Tally(threads)
            for _ in 0..<20 { tally.run(threads: threads) }
            if Array(tally.sums) != (1...threads).map({ $0 * 20 }) { wrong.add(1, ordering: .relaxed) }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }
}
