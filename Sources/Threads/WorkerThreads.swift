import Glibc
import Synchronization

/// Operating system threads with a priority of their own, which Dispatch does not support on Linux.
package final class WorkerThreads: Sendable {
    private let threads: Mutex<[pthread_t]>

    /// Starts `count` threads that run `body`, or fewer if the system refuses to create more.
    /// - Parameters:
    ///   - count: zero or more.
    ///   - niceness: added to the process's niceness: 0 for its priority, up to 19 for background work.
    package init(count: Int, niceness: Int32, body: @escaping @Sendable () -> Void) {
        var started: [pthread_t] = []
        for _ in 0..<count {
            let job = Unmanaged.passRetained(Job(niceness: niceness, body: body))
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, WorkerThreads.main, job.toOpaque())
            guard status == 0 else {
                job.release()
                break
            }
            started.append(thread)
        }
        threads = Mutex(started)
    }

    /// Whether no thread could be started.
    package var isEmpty: Bool { threads.withLock(\.isEmpty) }

    /// Waits until all threads have ended; the caller must have told them to end.
    package func join() {
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { pthread_join(thread, nil) }
    }

    private final class Job: Sendable {
        let niceness: Int32
        let body: @Sendable () -> Void

        init(niceness: Int32, body: @escaping @Sendable () -> Void) {
            self.niceness = niceness
            self.body = body
        }
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
        // On Linux, setpriority(2) with process 0 affects only the calling thread.
        if job.niceness > 0 {
            let process = __priority_which_t(PRIO_PROCESS.rawValue)
            setpriority(process, 0, getpriority(process, 0) + job.niceness)
        }
        job.body()
        return nil
    }
}
