import Checkpoints

/// How a training ended.
public enum TrainingOutcome: Equatable, Sendable {
    /// The result is written.
    case finished
    /// A signal stopped it; it can be resumed.
    case interrupted
}

/// Trains a task in a run directory, from its last checkpoint or from the start, to the same result wherever it was
/// interrupted.
package struct TrainingLoop<Task: TrainingTask> {
    private let task: Task
    private let run: RunDirectory
    private let logger: RunLogger
    private let recipe: String
    private let seed: UInt64
    private let isInterrupted: () -> Bool

    /// A row of `stats.jsonl` is the mean over this many steps.
    private static var stepsPerRow: Int { 50 }
    /// After this many skipped updates in a row, parameters are restored from the last checkpoint.
    private static var skipsBeforeRecovery: Int { 20 }
    /// The most recoveries from one checkpoint; the next divergence ends the training.
    private static var maximumRecoveries: Int { 3 }

    /// - Parameters:
    ///   - run: where checkpoints, statistics and the log are written.
    ///   - recipe: the resolved recipe's text, for checkpoints.
    ///   - seed: the recipe's seed.
    ///   - isInterrupted: whether the loop should stop after the current step.
    package init(
        _ task: Task, run: RunDirectory, logger: RunLogger, recipe: String, seed: UInt64,
        isInterrupted: @escaping () -> Bool = { false }
    ) {
        self.task = task
        self.run = run
        self.logger = logger
        self.recipe = recipe
        self.seed = seed
        self.isInterrupted = isInterrupted
    }

    /// Trains until the schedule's end, an early end by validation, or an interruption. Of the ranks that train together, rank 0
    /// validates and writes.
    package func train() throws -> TrainingOutcome {
        let (schedule, state) = (task.schedule, task.state)
        try begin()
        let source = try task.batches(firstImage: state.imagesSeen)
        defer { source.stop() }
        var recoveries = 0
        var reports = RankReports(state.ranks)
        while state.imagesSeen < schedule.images {
            // Stop if a signal asked for it. While updates are being skipped, first wait for one that succeeds or for the recovery: the
            // reason may be in the networks, and a checkpoint of such networks would replace a good one.
            if try reports.exchange(isInterrupted: isInterrupted()), state.skippedInARow == 0 {
                try writeCheckpoint()
                try log("stopped after \(state.imagesSeen) images; resume with --resume")
                return .interrupted
            }

            let before = state.imagesSeen
            let measurements = try reports.measure { try task.step(logger.waitForData { try source.next() }) }
            for notice in source.takeNotices() { try logger.logNotice(notice) }
            try record(measurements, since: before, &reports)
            let isLast = state.imagesSeen >= schedule.images
            func isDue(_ interval: Interval) -> Bool {
                !interval.isNever && (isLast || interval.elapsed(from: before, to: state.imagesSeen))
            }

            let isDiverged = state.skippedInARow >= Self.skipsBeforeRecovery
            if isDiverged {
                recoveries += 1
                try recover(attempt: recoveries)
            }

            if isDue(schedule.validation), let reason = try validate() {
                try log("\(reason), ended after \(state.imagesSeen) images")
                break
            }

            // Before the checkpoint: a run killed between the two makes the snapshot again.
            if isDue(schedule.snapshot) { try state.ranks.inRoot { try task.writeSnapshot() } }

            // No checkpoint while updates are being skipped or if networks were restored without an update since. The last one is
            // always written.
            if isLast || isDue(schedule.checkpoint) && state.skippedInARow == 0 && !isDiverged {
                try writeCheckpoint()
                recoveries = 0
            }
        }

        if let share = logger.shareOfWaiting { try log(share) }
        try state.ranks.inRoot { try task.finish() }
        return .finished
    }

    /// Restores the newest readable checkpoint, if there is one, in all ranks, and begins the logs.
    private func begin() throws {
        let state = task.state
        let isRoot = state.ranks.isRoot
        var pending: String?
        if isRoot, let checkpoint = try TrainingCheckpoint.latest(in: run.path, report: { try? log("\($0)") }) {
            try state.restore(checkpoint)
            pending = checkpoint.statistics
            try log("resuming after \(state.imagesSeen) images")
        }
        try state.copyFromRoot()
        if isRoot {
            try logger.beginTraining(recipe: recipe, imagesSeen: state.imagesSeen)
            try task.prepare()
        }
        logger.beginStage(task.name, of: task.schedule.images, imagesSeen: state.imagesSeen, pending: pending)
    }

    /// Records what a step measured and shows the progress. When a row of statistics is due, writes it.
    /// - Parameters:
    ///   - before: the images seen before the step.
    ///   - reports: for statistics of the ranks, which start from zero after each row.
    private func record(_ measurements: Measurements, since before: Int, _ reports: inout RankReports) throws {
        let state = task.state
        logger.record(measurements)
        logger.show(imagesSeen: state.imagesSeen, detail: task.progressDetail(measurements))
        let row = Interval.every(images: Self.stepsPerRow * task.schedule.batch)
        guard row.elapsed(from: before, to: state.imagesSeen) else { return }
        logger.record(reports.takeStatistics())
        try logger.writeRow(imagesSeen: state.imagesSeen, skipped: state.skipped)
    }

    /// Why the training should end, by the validation of rank 0.
    private func validate() throws -> String? {
        let ranks = task.state.ranks
        guard ranks.size > 1 else { return try task.validate() }
        let reason = try ranks.broadcast(Array((task.validate() ?? "").utf8))
        return reason.isEmpty ? nil : String(decoding: reason, as: UTF8.self)
    }

    private func log(_ text: String) throws { try logger.log("\(task.name): \(text)") }

    private func writeCheckpoint() throws {
        try task.state.ranks.inRoot {
            var checkpoint = task.state.checkpoint(recipe: recipe, seed: seed)
            checkpoint.statistics = try logger.pendingStatistics()
            try checkpoint.write(in: run.path)
        }
    }

    /// Restores the networks of the last checkpoint. The images seen stay, so that the next batches differ from those that
    /// led here.
    private func recover(attempt: Int) throws {
        let state = task.state
        guard state.ranks.isRoot else { return try state.copyFromRoot() }
        let advice = "lower the learning rates and resume"
        guard let checkpoint = try TrainingCheckpoint.latest(in: run.path) else {
            throw StateError(
                description: "\(task.name): no finite gradients before the first checkpoint, after \(state.imagesSeen) "
                    + "images; lower the learning rates and start again")
        }
        guard attempt <= Self.maximumRecoveries else {
            throw StateError(
                description: "\(task.name): diverged \(attempt) times from the checkpoint of "
                    + "\(checkpoint.counters.imagesSeen) images; \(advice)")
        }
        try state.restoreNetworks(checkpoint)
        try state.copyFromRoot()
        try log(
            "gradients were not finite \(Self.skipsBeforeRecovery) times in a row; "
                + "restored the networks of \(checkpoint.counters.imagesSeen) images (\(attempt) of "
                + "\(Self.maximumRecoveries) attempts)")
    }
}
