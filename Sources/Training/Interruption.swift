import Dispatch
import Glibc
import Synchronization

/// Turns SIGINT, SIGTERM, SIGHUP (a lost connection) and SIGUSR1 (which batch systems send before the end of a job) into a
/// request to stop after the current step. A second signal ends the process at once, as by default. Signals that were
/// ignored before, such as SIGHUP under nohup, stay ignored.
public final class Interruption {
    private final class Flag: Sendable {
        let isRaised = Atomic<Bool>(false)
    }
    private let flag: Flag
    private let numbers: [Int32]
    private let sources: [any DispatchSourceSignal]

    /// Whether a signal has come.
    public var isRequested: Bool { flag.isRaised.load(ordering: .relaxed) }

    /// Listens from now on; `notify` is called at the first signal, on another thread.
    public init(notify: @escaping @Sendable () -> Void) {
        let (flag, queue) = (Flag(), DispatchQueue(label: "limn.signals"))
        self.flag = flag
        let numbers = [SIGINT, SIGTERM, SIGHUP, SIGUSR1].filter { !Interruption.isIgnored($0) }
        self.numbers = numbers
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                flag.isRaised.store(true, ordering: .relaxed)
                for number in numbers { signal(number, SIG_DFL) }
                notify()
            }
            source.activate()
            return source
        }
    }

    /// Whether this process ignores a signal.
    package static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    deinit {
        for source in sources { source.cancel() }
        for number in numbers { signal(number, SIG_DFL) }
    }
}
