import Dispatch
import Glibc
import Synchronization

/// Turns SIGINT and SIGTERM into a request to stop after the current step. A second signal ends the process at once,
/// as it would have without this.
public final class Interruption {
    private final class Flag: Sendable {
        let isRaised = Atomic<Bool>(false)
    }
    private let flag: Flag
    private let sources: [any DispatchSourceSignal]

    /// Whether a signal has come.
    public var isRequested: Bool { flag.isRaised.load(ordering: .relaxed) }

    /// Listens from now on; `notify` is called at the first signal, on another thread.
    public init(notify: @escaping @Sendable () -> Void) {
        let (flag, queue) = (Flag(), DispatchQueue(label: "limn.signals"))
        self.flag = flag
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                flag.isRaised.store(true, ordering: .relaxed)
                for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
                notify()
            }
            source.activate()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
}
