import Basics
import Glibc

/// The processes, called ranks, that train one model together, and the values that they exchange.
///
/// Every rank must make the same calls in the same order. A call returns when all ranks have made it.
public protocol Communicator: AnyObject, Sendable {
    /// This process, counted from 0. Rank 0 alone writes files, logs and progress.
    var rank: Int { get }
    /// The name of each rank's host.
    var hosts: [String] { get }
    /// Time that callers have waited for other ranks since the start, in seconds.
    var waited: Double { get }

    /// The bytes of every rank, in the order of ranks; their lengths may differ.
    /// - Parameter isPatient: whether to wait for other ranks without a limit, also after `limitWaiting`.
    func gather(_ bytes: [UInt8], isPatient: Bool) throws(CommunicationError) -> [[UInt8]]

    /// Starts to compute the mean of every rank's `values`, which have the same length in all ranks, added in the order of ranks, so
    /// that equal calls give equal results. Means are computed one after another, in the order in which they were started.
    /// - Parameters:
    ///   - values: called once, perhaps on another thread.
    ///   - use: called with the mean, on the same thread.
    func startMean(
        of values: @escaping @Sendable () -> [Float], use: @escaping @Sendable ([Float]) -> Void
    ) -> any PendingMean

    /// From now on, a call that is not patient fails if other ranks do not make it within a while. The training is asked to stop,
    /// perhaps because one of them ended. From any thread.
    func limitWaiting()

    /// Ends all ranks at once; `code` is this process's exit code.
    func abort(code: Int32) -> Never
}

/// A mean that is being computed.
public protocol PendingMean: Sendable {
    /// Waits until the mean was used.
    func finish() throws(CommunicationError)
}

extension Communicator {
    /// The number of ranks.
    public var size: Int { hosts.count }
    /// Whether this is rank 0.
    public var isRoot: Bool { rank == 0 }

    /// The bytes of every rank, in the order of ranks; their lengths may differ.
    public func gather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] {
        try gather(bytes, isPatient: false)
    }

    // Rank 0 may work for minutes while the others wait for it.

    /// The bytes of rank 0; those of other ranks are ignored.
    /// - Throws: what `bytes` throws, and `CommunicationError`.
    public func broadcast(_ bytes: @autoclosure () throws -> [UInt8]) throws -> [UInt8] {
        try gather(isRoot ? bytes() : [], isPatient: true)[0]
    }

    /// Runs `body` in rank 0 alone, while the others wait.
    /// - Throws: what `body` throws, and `CommunicationError`.
    public func inRoot(_ body: () throws -> Void) throws {
        if isRoot { try body() }
        _ = try gather([], isPatient: true)
    }

    /// Runs `body` in rank 0, and when it is done there in all others, which find the files that it wrote.
    /// - Throws: what `body` throws, and `CommunicationError`.
    public func rootFirst<Result>(_ body: () throws -> Result) throws -> Result {
        if !isRoot { _ = try gather([], isPatient: true) }
        let result = try body()
        if isRoot { _ = try gather([], isPatient: true) }
        return result
    }
}

/// The single rank of a training that no other process takes part in.
public final class SingleProcess: Communicator {
    /// The only instance; it has no state.
    public static let shared = SingleProcess()

    private init() {}

    /// 0.
    public var rank: Int { 0 }
    /// One host, without a name.
    public var hosts: [String] { [""] }
    /// 0.
    public var waited: Double { 0 }
    /// The bytes of this process.
    public func gather(_ bytes: [UInt8], isPatient: Bool) -> [[UInt8]] { [bytes] }
    /// The values themselves.
    public func startMean(
        of values: @escaping @Sendable () -> [Float], use: @escaping @Sendable ([Float]) -> Void
    ) -> any PendingMean {
        use(values())
        return Done()
    }
    /// Nothing to limit.
    public func limitWaiting() {}
    /// Ends this process.
    public func abort(code: Int32) -> Never { exit(code) }

    private struct Done: PendingMean {
        func finish() {}
    }
}

/// Why ranks cannot train together.
public struct CommunicationError: ClassifiedError {
    /// The kind of failure.
    public let kind: ErrorKind
    /// One line.
    public let description: String

    /// An error of this kind.
    public init(_ kind: ErrorKind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
