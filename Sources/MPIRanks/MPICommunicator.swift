import CMPI
import Execution
import Glibc
import Synchronization
import Threads

/// The ranks of an MPI job.
///
/// One thread makes all calls of MPI, in the order in which they were requested, while the caller computes. It asks MPI for progress
/// and sleeps between, since MPI's own way of waiting would take a processor from the computation.
public final class MPICommunicator: Communicator {
    /// This process, counted from 0.
    public let rank: Int
    /// The name of each rank's host.
    public let hosts: [String]
    private let calls: CallQueue
    private let thread: WorkerThreads
    private let wire: Precision
    private let waitedNanoseconds = Atomic<Int>(0)

    /// Joins the job.
    /// - Parameters:
    ///   - libraries: names of MPI libraries; the first that can be loaded is used.
    ///   - size: the number of ranks that the launcher started.
    ///   - wire: of the gradients that are exchanged. bfloat16 halves the traffic; sums are float32 in either case.
    public init(libraries: [String], size: Int?, wire: Precision = .float32) throws(CommunicationError) {
        let calls = CallQueue()
        self.calls = calls
        self.wire = wire
        thread = WorkerThreads(count: 1, niceness: 0) { while let call = calls.next() { call() } }
        let joined = Answer<(rank: Int, size: Int)>()
        calls.add {
            joined.set(Result { () throws(CommunicationError) in try MPICall.open(libraries) })
        }
        let (rank, found) = try joined.wait()
        if let size, size != found {
            throw CommunicationError(
                .usage,
                "the launcher started \(size) ranks, but \(libraries[0]) sees \(found): it belongs to another MPI; start "
                    + "limn with the launcher of the same MPI, or name its library in LIMN_MPI")
        }
        self.rank = rank
        let names = Answer<[[UInt8]]>()
        calls.add { names.set(Result { () throws(CommunicationError) in try MPICall(size: found).gather(hostName()) }) }
        hosts = try names.wait().map { String(decoding: $0, as: UTF8.self) }
    }

    /// Leaves the job; every rank must, after its last call.
    public func close() {
        calls.add { limn_mpi_close() }
        calls.close()
        thread.join()
    }

    /// Seconds that callers have waited for a result.
    public var waited: Double { Double(waitedNanoseconds.load(ordering: .relaxed)) * 1e-9 }

    /// The bytes of every rank.
    public func gather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] {
        let (answer, size) = (Answer<[[UInt8]]>(), size)
        calls.add { answer.set(Result { () throws(CommunicationError) in try MPICall(size: size).gather(bytes) }) }
        return try wait(for: answer)
    }

    /// Starts to compute a mean; see `Communicator`.
    public func startMean(
        of values: @escaping @Sendable () -> [Float], use: @escaping @Sendable ([Float]) -> Void
    ) -> any PendingMean {
        let (answer, rank, size, wire) = (Answer<Void>(), rank, size, wire)
        calls.add {
            answer.set(
                Result { () throws(CommunicationError) in
                    use(try MPICall(size: size).mean(of: values(), rank: rank, wire: wire))
                })
        }
        return Mean(ranks: self, answer: answer)
    }

    /// Limits waits to 15 seconds.
    public func limitWaiting() { limn_mpi_limit_waiting(15) }

    /// Ends all ranks, once the launcher has read what this one wrote to standard error.
    public func abort(code: Int32) -> Never {
        // MPICH's launcher otherwise may end all ranks without reading it, as it did 25 of 400 times on a busy machine.
        var unread: Int32 = 0
        for _ in 0..<1000 where ioctl(STDERR_FILENO, UInt(FIONREAD), &unread) == 0 && unread > 0 { usleep(1000) }
        limn_mpi_abort(code)
        calls.add { limn_mpi_end_if_aborted() }
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

/// The calls that wait for the thread of MPI.
private final class CallQueue: Sendable {
    private struct State {
        var calls: [@Sendable () -> Void] = []
        var isClosed = false
    }
    private let state = Monitor(State())

    func add(_ call: @escaping @Sendable () -> Void) { state.update { $0.calls.append(call) } }

    /// Ends the thread after the calls that were added.
    func close() { state.update { $0.isClosed = true } }

    /// Waits for the next call; nil once the queue is closed and empty.
    func next() -> (@Sendable () -> Void)? {
        state.update { state in
            if !state.calls.isEmpty { return .some(state.calls.removeFirst()) }
            return state.isClosed ? .some(nil) : nil
        }
    }
}

/// A result that one thread sets and another waits for.
private final class Answer<Value: Sendable>: Sendable {
    private let result = Monitor<Result<Value, CommunicationError>?>(nil)

    func set(_ value: Result<Value, CommunicationError>) { result.update { $0 = value } }
    func wait() throws(CommunicationError) -> Value { try result.update(when: { $0 }).get() }
}
