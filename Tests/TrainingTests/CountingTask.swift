import CPUBackend
import Checkpoints
import Execution
import Foundation
import Graphs
import Layers
import Testing
import Training

/// A training of one parameter whose steps can be made to diverge.
final class CountingTask: TrainingTask {
    struct Source: BatchSource {
        func next() throws -> Int { 10 }
        func takeNotices() -> [String] { [] }
        func stop() {}
    }

    let name = "counting"
    var schedule: TrainingSchedule
    let state: TrainingState
    let network: OptimizedParameters
    /// Whether the gradient of the step after so many images is finite.
    var isFinite: (Int) -> Bool = { _ in true }
    /// Ends the training early once it returns a reason.
    var validation: (Int) -> String? = { _ in nil }
    /// Whether the training is asked to stop after so many images.
    var isInterrupted: (Int) -> Bool = { _ in false }
    private(set) var events: [String] = []

    private let program: any Executable
    /// The number of the rank whose gradients are not finite where `isFinite` says so; nil is every rank.
    var divergingRank: Int?
    /// Whether all ranks have the gradients of rank 0.
    var hasEqualGradients = false

    /// - Parameter ranks: those that train together; nil is this process alone.
    init(images: Int, ranks: (any Communicator)? = nil) throws {
        let local = CPUDevice(threads: 1)
        let device: any Device = ranks.map { DataParallelDevice(local, ranks: $0) } ?? local
        schedule = TrainingSchedule(images: images, batch: 10, checkpoint: .every(images: 100))
        let store = ParameterStore()
        _ = (ParameterScope(Graph(), store) / "w").parameter([4], .constant(1))
        let network = try OptimizedParameters(store, device: device, seed: 1, beta1: 0.9, beta2: 0.99)
        self.network = network
        state = TrainingState([("network", network)])
        // The gradient of w·x is x.
        program = try device.compile(shards: 1, parameters: ParameterMap(network.current)) { _ in
            let graph = Graph()
            let w = (ParameterScope(graph, store) / "w").parameter([4], .constant(1))
            return Outputs(writes: network.gradientWrites(of: (w * graph.input("x", [4])).sum()))
        }
    }

    func prepare() throws { events.append("prepare \(state.imagesSeen)") }
    func batches(firstImage: Int) throws -> Source { Source() }

    func step(_ batch: Int) throws -> Measurements {
        let rank = network.ranks.rank
        let diverges = !isFinite(state.imagesSeen) && (divergingRank ?? rank) == rank
        let gradient: Float = diverges ? .nan : 0.5 + (hasEqualGradients ? 0 : Float(rank))
        try program.run(
            ["x": .floats([Float](repeating: gradient, count: 4))], observer: network.startReduction(of: program))
        var measurements: Measurements = ["loss": 1e-7]
        try state.update(network, learningRate: 0.01, averageDecay: 0.9, &measurements)
        state.imagesSeen += batch
        return measurements
    }

    func progressDetail(_ measurements: Measurements) -> String { "" }

    func validate() throws -> String? {
        events.append("validate \(state.imagesSeen)")
        return validation(state.imagesSeen)
    }

    func writeSnapshot() throws { events.append("snapshot \(state.imagesSeen)") }
    func finish() throws { events.append("finish \(state.imagesSeen)") }
}

/// Trains in the directory `run` of a folder; of several ranks, rank 0 makes it.
func train(_ task: CountingTask, in folder: String) throws -> TrainingOutcome {
    let path = folder + "/run"
    let ranks = task.network.ranks
    let run = try ranks.rootFirst {
        guard ranks.isRoot else { return try RunDirectory(joining: path) }
        let isStarted = FileManager.default.fileExists(atPath: path + "/recipe.yaml")
        let run = try isStarted ? RunDirectory(opening: path) : RunDirectory(creating: path)
        if !isStarted { try Data().write(to: URL(filePath: run.recipe)) }
        return run
    }
    return try TrainingLoop(
        task, run: run, logger: RunLogger(run, ranks: ranks), recipe: "", seed: 1,
        isInterrupted: { task.isInterrupted(task.state.imagesSeen) }
    ).train()
}

/// The statistics of that run.
func rows(_ folder: String) throws -> [[String: Double]] {
    let text = try String(contentsOfFile: folder + "/run/stats.jsonl", encoding: .utf8)
    return try text.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Double])
    }
}
