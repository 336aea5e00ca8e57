import Execution
import Glibc
import Threads

/// Ranks that are threads of one process, for tests of data-parallel training without MPI.
public final class ThreadRanks: Sendable {
    private struct State {
        var given: [[UInt8]?]
        var gathered: [[UInt8]] = []
        /// The number of exchanges that are complete.
        var round = 0
        var hasFailed = false
    }
    private let size: Int
    private let state: Monitor<State>

    private init(_ size: Int) {
        self.size = size
        state = Monitor(State(given: [[UInt8]?](repeating: nil, count: size)))
    }

    /// Runs `body` in every rank, each on a thread of its own.
    /// - Returns: the outcome of each rank. When one fails, so do the exchanges that others wait in.
    public static func run<Value: Sendable>(
        _ size: Int, _ body: @escaping @Sendable (any Communicator) throws -> Value
    ) -> [Result<Value, any Error>] {
        let ranks = ThreadRanks(size)
        let outcomes = Monitor([Result<Value, any Error>?](repeating: nil, count: size))
        let next = Monitor(0)
        let threads = WorkerThreads(count: size, niceness: 0) {
            let rank = next.update(when: { number -> Int? in
                number += 1
                return number - 1
            })
            let outcome = Result { try body(Rank(rank: rank, ranks: ranks)) }
            if case .failure = outcome { ranks.state.update { $0.hasFailed = true } }
            outcomes.update { $0[rank] = outcome }
        }
        threads.join()
        return outcomes.update(when: { $0.compactMap { $0 } })
    }

    private func gather(_ bytes: [UInt8], rank: Int) throws(CommunicationError) -> [[UInt8]] {
        let round = state.update(when: { state -> Int? in
            let round = state.round
            state.given[rank] = bytes
            if !state.given.contains(where: { $0 == nil }) {
                state.gathered = state.given.map { $0 ?? [] }
                state.given = [[UInt8]?](repeating: nil, count: state.given.count)
                state.round += 1
            }
            return round
        })
        let all: [[UInt8]]? = state.update(when: { state -> [[UInt8]]?? in
            if state.round > round { return .some(state.gathered) }
            return state.hasFailed ? .some(nil) : nil
        })
        guard let all else { throw CommunicationError(.internalError, "another rank has failed") }
        return all
    }

    private final class Rank: Communicator {
        let rank: Int
        private let ranks: ThreadRanks

        init(rank: Int, ranks: ThreadRanks) {
            self.rank = rank
            self.ranks = ranks
        }

        var hosts: [String] { (0..<ranks.size).map { "host\($0)" } }
        var waited: Double { 0 }

        func gather(_ bytes: [UInt8], isPatient: Bool) throws(CommunicationError) -> [[UInt8]] {
            try ranks.gather(bytes, rank: rank)
        }

        func startMean(
            of values: @escaping @Sendable () -> [Float], use: @escaping @Sendable ([Float]) -> Void
        ) -> any PendingMean {
            Mean(values: values(), use: use, rank: self)
        }

        func limitWaiting() {}
        func abort(code: Int32) -> Never { exit(code) }
    }

    private struct Mean: PendingMean {
        let values: [Float]
        let use: @Sendable ([Float]) -> Void
        let rank: Rank

        func finish() throws(CommunicationError) {
            let all = try rank.gather(values.withUnsafeBytes { Array($0) }).map { bytes in
                bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            }
            use(values.indices.map { index in all.reduce(0) { $0 + $1[index] } * (1 / Float(all.count)) })
        }
    }
}
