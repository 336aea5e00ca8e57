import Basics
import Files
import FoundationEssentials
import Glibc
import JSON

/// The complete state of a training run in one safetensors file: a resumed run continues as if it had not been
/// interrupted.
///
/// Arrays are flat float32, one for each network and role (parameters, moments, average), named by the trainer. Metadata
/// are `format` (`limn-training-checkpoint`), `version` (`2`), `counters` (JSON), `recipe` (the text of the resolved
/// recipe), `checksum` (see `Checksum`), `origins` (JSON) and optionally `statistics` (JSON).
public struct TrainingCheckpoint: Sendable {
    /// The progress of a run.
    public struct Counters: Codable, Equatable, Sendable {
        /// Number of updates of one network.
        public struct Network: Codable, Equatable, Sendable {
            /// Number of updates made.
            public var steps: Int
            /// Number of updates skipped since the last one that was made.
            public var skippedInARow: Int

            /// Counters with these values.
            public init(steps: Int, skippedInARow: Int) {
                self.steps = steps
                self.skippedInARow = skippedInARow
            }
        }

        /// Number of real images seen.
        public var imagesSeen: Int
        /// Number of updates skipped because a loss or gradient was not finite.
        public var skippedSteps: Int
        /// The run's seed.
        public var seed: UInt64
        /// Updates of each network, by name.
        public var networks: [String: Network]

        /// Counters with these values.
        public init(imagesSeen: Int, skippedSteps: Int, seed: UInt64, networks: [String: Network]) {
            self.imagesSeen = imagesSeen
            self.skippedSteps = skippedSteps
            self.seed = seed
            self.networks = networks
        }
    }

    /// The progress of the run.
    public let counters: Counters
    /// The text of the resolved recipe, as in `recipe.yaml`.
    public let recipe: String
    /// Inputs of the run other than the corpus, by name, such as a frozen network with its checksum.
    public let origins: [String: String]
    /// The state, sorted by name.
    public let arrays: [NamedArray]
    /// Measurements of the steps since the last row of `stats.jsonl`, as JSON of the trainer. Without them, the first
    /// row after a resume would be a mean of fewer steps.
    public var statistics: String?

    package static let format = "limn-training-checkpoint"
    static let version = 2

    /// A checkpoint to write. `counters.imagesSeen` must not be negative.
    public init(counters: Counters, recipe: String, origins: [String: String] = [:], arrays: [NamedArray]) {
        precondition(counters.imagesSeen >= 0, "images seen cannot be \(counters.imagesSeen)")
        self.counters = counters
        self.recipe = recipe
        self.origins = origins
        self.arrays = arrays.sorted { $0.name < $1.name }
    }

    /// Reads a checkpoint and verifies its checksum.
    /// - Throws: `FileError`, or `CheckpointError`.
    public init(contentsOf path: String) throws {
        let file = try Safetensors(contentsOf: path)
        guard file.metadata["format"] == Self.format else {
            throw CheckpointError.notATrainingCheckpoint(path: path, found: file.kind)
        }
        try file.requireVersion(Self.version, path: path)
        let text = try file.text("counters", path: path)
        guard let counters = try? JSONDecoder().decode(Counters.self, from: Data(text.utf8)),
            counters.imagesSeen >= 0, counters.skippedSteps >= 0,
            counters.networks.values.allSatisfy({ $0.steps >= 0 && $0.skippedInARow >= 0 })
        else {
            throw CheckpointError.badMetadata(
                path: path, key: "counters", reason: "does not hold a training's counters")
        }
        let named = try file.text("origins", path: path)
        guard let origins = try? JSONDecoder().decode([String: String].self, from: Data(named.utf8)) else {
            throw CheckpointError.badMetadata(path: path, key: "origins", reason: "is not a JSON object of strings")
        }
        self.init(
            counters: counters, recipe: try file.text("recipe", path: path), origins: origins,
            arrays: file.arrays)
        statistics = file.metadata["statistics"]
        guard try file.text("checksum", path: path) == Checksum.of(arrays) else {
            throw CheckpointError.corrupted(path: path)
        }
    }

    /// Writes `checkpoint-<images seen>.safetensors` into `folder`, then removes all but the last `kept` checkpoints.
    ///
    /// Nothing is removed before the new checkpoint is safely on disk. Only readable checkpoints count. Those with more
    /// images than this one are removed, since they are damaged or belong to an abandoned continuation.
    /// - Returns: the file's path.
    /// - Throws: `FileError`.
    @discardableResult
    public func write(in folder: String, keeping kept: Int = 2) throws -> String {
        try write(in: folder, keeping: kept, calls: .operatingSystem)
    }

    package func write(in folder: String, keeping kept: Int = 2, calls: SystemCalls) throws -> String {
        precondition(kept >= 1, "a run keeps at least one checkpoint")
        let path = "\(folder)/\(Self.fileName(imagesSeen: counters.imagesSeen))"
        var metadata = [
            "format": Self.format, "version": String(Self.version), "recipe": recipe,
            "counters": try jsonText(counters),
            "origins": try jsonText(origins), "checksum": Checksum.of(arrays),
        ]
        metadata["statistics"] = statistics
        try Safetensors.write(arrays, metadata: metadata, to: path, calls: calls)

        let present = try Self.checkpoints(in: folder)
        let readable = present.filter {
            $0.imagesSeen <= counters.imagesSeen && (try? Safetensors(contentsOf: $0.path)) != nil
        }
        let keptPaths = Set(readable.suffix(kept).map(\.path))
        for checkpoint in present where !keptPaths.contains(checkpoint.path) {
            guard unlink(checkpoint.path) == 0 || errno == ENOENT else {
                throw FileError(.remove, checkpoint.path, code: errno)
            }
        }
        return path
    }

    /// The newest readable checkpoint of a run; nil if there are no checkpoints.
    /// - Parameters:
    ///   - folder: the run directory.
    ///   - report: called with the error of each newer checkpoint that cannot be read.
    /// - Throws: `CheckpointError.noUsableCheckpoint` if there are checkpoints but none can be read.
    public static func latest(
        in folder: String, report: (CheckpointError) -> Void = { _ in }
    ) throws -> TrainingCheckpoint? {
        var newest: CheckpointError?
        for checkpoint in try checkpoints(in: folder).reversed() {
            do {
                return try TrainingCheckpoint(contentsOf: checkpoint.path)
            } catch let error as CheckpointError {
                report(error)
                newest = newest ?? error
            }
        }
        if let newest { throw CheckpointError.noUsableCheckpoint(folder: folder, newest: newest.description) }
        return nil
    }

    /// `checkpoint-000012800.safetensors` for 12,800 images.
    static func fileName(imagesSeen: Int) -> String { "checkpoint-\(zeroPadded(imagesSeen, width: 9)).safetensors" }

    /// The checkpoint files of a folder, by ascending number of images.
    private static func checkpoints(in folder: String) throws -> [(imagesSeen: Int, path: String)] {
        try numberedFiles(in: folder, prefix: "checkpoint-", suffix: ".safetensors")
            .filter { $0.name == fileName(imagesSeen: $0.number) }
            .map { ($0.number, "\(folder)/\($0.name)") }
    }
}
