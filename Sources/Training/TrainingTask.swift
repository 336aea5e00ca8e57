/// What one step measured, by name: means of logits, terms of the loss, gradient norms.
public typealias Measurements = [String: Double]

/// What `TrainingLoop` trains: one stage of a recipe.
///
/// A task says what a step computes, how its networks are validated and what a snapshot is. The loop owns everything
/// that all trainings share: resuming, statistics, recovery from divergence, checkpoints and interruption.
package protocol TrainingTask: AnyObject {
    associatedtype Source: BatchSource

    /// The recipe section that describes it, in logs and progress: `gan`, `encoder`.
    var name: String { get }
    /// How long it trains, and how often each thing happens.
    var schedule: TrainingSchedule { get }
    /// The networks under training with all that a checkpoint keeps of them.
    var state: TrainingState { get }

    /// Called once, after a checkpoint was restored or none was found, and before the first step.
    func prepare() throws
    /// Batches in a fixed order, from the one that begins with image number `firstImage` on.
    func batches(firstImage: Int) throws -> Source
    /// One update of the networks on a batch; adds its images to `state.imagesSeen`.
    func step(_ batch: Source.Batch) throws -> Measurements
    /// The measurements that a progress line shows.
    func progressDetail(_ measurements: Measurements) -> String
    /// Measures the networks on data that they are not trained on.
    /// - Returns: why the training should end early; nil to continue.
    func validate() throws -> String?
    /// Writes the current model with samples of it.
    func writeSnapshot() throws
    /// Writes the result of the finished training.
    func finish() throws
}

/// Batches prepared ahead of need.
package protocol BatchSource {
    associatedtype Batch

    /// The next batch; waits until it is ready.
    func next() throws -> Batch
    /// Warnings since the last call, for the log: images that were skipped or changed on disk.
    func takeNotices() -> [String]
    /// Ends the preparation of further batches.
    func stop()
}

/// The length of a training and the intervals at which the loop does something besides a step.
package struct TrainingSchedule: Sendable {
    /// Images seen in all.
    package var images: Int
    /// Images per step.
    package var batch: Int
    /// From one validation to the next.
    package var validation = Interval.never
    /// From one snapshot to the next.
    package var snapshot = Interval.never
    /// From one checkpoint to the next.
    package var checkpoint: Interval

    /// A training of `images` images in steps of `batch`.
    package init(images: Int, batch: Int, checkpoint: Interval) {
        self.images = images
        self.batch = batch
        self.checkpoint = checkpoint
    }
}

/// How often something recurs, counted in images seen.
package struct Interval: Sendable, Equatable {
    private let times: Int
    private let images: Int

    /// Once every `images` images; 0 is never.
    package static func every(images: Int) -> Interval { Interval(times: images > 0 ? 1 : 0, images: max(images, 1)) }
    /// `count` times in `images` images, evenly spaced.
    package static func times(_ count: Int, inImages images: Int) -> Interval {
        Interval(times: count, images: max(images, 1))
    }
    package static let never = Interval(times: 0, images: 1)

    /// Whether it never elapses.
    package var isNever: Bool { times == 0 }

    /// Whether it elapsed between two numbers of images seen.
    package func elapsed(from before: Int, to after: Int) -> Bool { before * times / images != after * times / images }
}
