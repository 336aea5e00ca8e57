/// Performs tasks in order on a thread of its own, such as writing results while the next ones are computed.
package final class TaskQueue: Sendable {
    private struct State: Sendable {
        var tasks: [@Sendable () throws -> Void] = []
        var isBusy = false
        var isClosed = false
        var failure: (any Error)?
    }

    private let state: Monitor<State>
    private let worker: WorkerThreads
    private let limit: Int

    /// - Parameter limit: the most tasks that wait, at least 1.
    package init(limit: Int) {
        let state = Monitor(State())
        (self.state, self.limit) = (state, limit)
        worker = WorkerThreads(count: 1, niceness: 0) {
            while let task = state.update(when: TaskQueue.next) {
                let failure = TaskQueue.failure(of: task)
                state.update { state in
                    state.isBusy = false
                    guard let failure else { return }
                    state.failure = state.failure ?? failure
                    state.tasks = []
                }
            }
        }
    }

    /// The next task, or nil within the result at the end; nil while there is none yet.
    private static func next(_ state: inout State) -> (@Sendable () throws -> Void)?? {
        if state.tasks.isEmpty { return state.isClosed ? .some(nil) : nil }
        state.isBusy = true
        return state.tasks.removeFirst()
    }

    private static func failure(of task: () throws -> Void) -> (any Error)? {
        do {
            try task()
            return nil
        } catch {
            return error
        }
    }

    /// Adds a task, when fewer than `limit` wait.
    /// - Throws: the failure of an earlier task, after which none is performed.
    package func add(_ task: @escaping @Sendable () throws -> Void) throws {
        guard !worker.isEmpty else { return try task() }
        let failure: (any Error)? = state.update(when: { state -> (any Error)?? in
            if let failure = state.failure { return .some(failure) }
            guard state.tasks.count < limit else { return nil }
            state.tasks.append(task)
            return .some(nil)
        })
        if let failure { throw failure }
    }

    /// Waits until all tasks have been performed.
    /// - Throws: the failure of a task.
    package func finish() throws {
        guard !worker.isEmpty else { return }
        let failure: (any Error)? = state.update(when: { state -> (any Error)?? in
            state.tasks.isEmpty && !state.isBusy ? .some(state.failure) : nil
        })
        if let failure { throw failure }
    }

    /// Tasks that wait are not performed.
    deinit {
        state.update { state in
            state.tasks = []
            state.isClosed = true
        }
        worker.join()
    }
}
