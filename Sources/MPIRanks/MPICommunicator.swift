import CMPI
import Execution
import Glibc
import Synchronization
import Threads

/// The ranks of an MPI job.
///
/// One thread makes all calls of MPI, in the order in which they were requested, while the caller computes. It asks MPI for progress
/// and sleeps between, since MPI's own way of waiting would take a processor from the computation.
package final class MPICommunicator: Communicator {
    /// This process, counted from 0.
    package let rank: Int
    /// The name of each rank's host.
    package let hosts: [String]
    /// Calls do not throw: each sets its answer.
    private let calls: TaskQueue
    private let wire: Precision
    private let waitedNanoseconds = Atomic<Int>(0)

    /// Joins the job.
    /// - Parameters:
    ///   - libraries: names of MPI libraries; the first that can be loaded is used.
    ///   - size: the number of ranks that the launcher started.
    ///   - wire: of the gradients that are exchanged. bfloat16 halves the traffic; sums are float32 in either case.
    package init(libraries: [String], size: Int?, wire: Precision = .float32) throws(CommunicationError) {
        calls = TaskQueue(limit: .max)
        self.wire = wire
        let (rank, found) = try calls.answer { () throws(CommunicationError) in try MPICall.open(libraries) }.wait()
        if let size, size != found {
            throw CommunicationError(
                .usage,
                "the launcher started \(size) ranks, but \(libraries[0]) sees \(found): it belongs to another MPI; start "
                    + "limn with the launcher of the same MPI, or name its library in LIMN_MPI")
        }
        self.rank = rank
        hosts = try calls.answer { () throws(CommunicationError) in try MPICall(size: found).gather(hostName()) }.wait()
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Leaves the job; every rank must, after its last call.
    package func close() {
        try? calls.add { limn_mpi_close() }
        try? calls.finish()
    }

    /// Seconds that callers have waited for a result.
    package var waited: Double { Double(waitedNanoseconds.load(ordering: .relaxed)) * 1e-9 }

    /// The bytes of every rank; see `Communicator`.
    package func gather(_ bytes: [UInt8], isPatient: Bool) throws(CommunicationError) -> [[UInt8]] {
        try wait(
            for: calls.answer { [size] () throws(CommunicationError) in
                try MPICall(size: size).gather(bytes, isPatient: isPatient)
            })
    }

    /// Starts to compute a mean; see `Communicator`.
    package func startMean(
        of values: @escaping @Sendable () -> [Float], use: @escaping @Sendable ([Float]) -> Void
    ) -> any PendingMean {
        let answer = calls.answer { [rank, size, wire] () throws(CommunicationError) in
            use(try MPICall(size: size).mean(of: values(), rank: rank, wire: wire))
        }
        return Mean(ranks: self, answer: answer)
    }

    /// Limits waits to 15 seconds, those for rank 0 excepted.
    package func limitWaiting() { limn_mpi_limit_waiting(15) }

    /// Ends all ranks, once the launcher has read what this one wrote to standard error.
    package func abort(code: Int32) -> Never {
        // MPICH's launcher otherwise may end all ranks without reading it, as it did 25 of 400 times on a busy machine.
        var unread: Int32 = 0
        for _ in 0..<1000 where ioctl(STDERR_FILENO, UInt(FIONREAD), &unread) == 0 && unread > 0 { usleep(1000) }
        limn_mpi_abort(code)
        try? calls.add { limn_mpi_end_if_aborted() }
        sleep(10)
        _exit(code)
    }

    private struct Mean: PendingMean {
        let ranks: MPICommunicator
        let answer: Answer<Void>

        func finish() throws(CommunicationError) { try ranks.wait(for: answer) }
    }

    private func wait<Value>(for answer: Answer<Value>) throws(CommunicationError) -> Value {
        let clock = ContinuousClock()
        let start = clock.now
        limn_mpi_set_computing(0)
        defer {
            limn_mpi_set_computing(1)
            let time = (clock.now - start).components
            waitedNanoseconds.add(
                Int(time.seconds) * 1_000_000_000 + Int(time.attoseconds / 1_000_000_000), ordering: .relaxed)
        }
        return try answer.wait()
    }
}

private func hostName() -> [UInt8] {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
}

/// A result that one thread sets and another waits for.
private final class Answer<Value: Sendable>: Sendable {
    private let result = Monitor<Result<Value, CommunicationError>?>(nil)

    func set(_ value: Result<Value, CommunicationError>) { result.update { $0 = value } }
    func wait() throws(CommunicationError) -> Value { try result.update(when: { $0 }).get() }
}

extension TaskQueue {
    /// Adds a call.
    fileprivate func answer<Value: Sendable>(
        _ call: @escaping @Sendable () throws(CommunicationError) -> Value
    ) -> Answer<Value> {
        let answer = Answer<Value>()
        try? add { answer.set(Result { () throws(CommunicationError) in try call() }) }
        return answer
    }
}
