import Basics
import Checkpoints
import Execution
import FoundationEssentials
import Glibc

/// A checkpoint, or data, that do not fit the training that is to be resumed.
public struct StateError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .badData }
    /// One line.
    public let description: String

    package init(description: String) { self.description = description }
}

/// The progress of a training and its networks: all that a checkpoint keeps.
package final class TrainingState {
    /// Real images seen.
    package var imagesSeen = 0
    /// Updates skipped because a loss or a gradient was not finite.
    package private(set) var skipped = 0
    /// The networks by the names that checkpoints use.
    private let networks: [(name: String, parameters: OptimizedParameters)]
    /// Identifies the inputs of this training, such as its frozen network, by name.
    private let origins: [String: String]

    package init(_ networks: [(name: String, parameters: OptimizedParameters)], origins: [String: String] = [:]) {
        precondition(!networks.isEmpty, "a training of no network")
        self.networks = networks
        self.origins = origins
    }

    /// The ranks that train together.
    package var ranks: any Communicator { networks[0].parameters.ranks }

    /// Updates that a network has skipped since its last one: the largest of all networks.
    package var skippedInARow: Int { networks.map(\.parameters.skippedInARow).max() ?? 0 }

    /// The moving average's decay over a step of `batch` images. Its half-life in images is at most `halfLife`, and grows with the
    /// images seen, so that the untrained weights of the start have no lasting effect (Karras et al. 2022, EDM).
    package func averageDecay(halfLife: Double, batch: Int) -> Float {
        let halfLife = min(halfLife, Double(imagesSeen) * 0.05)
        return halfLife > 0 ? Float(pow(0.5, Double(batch) / halfLife)) : 0
    }

    /// Updates a network by the gradients in the buffers of all ranks, or skips the update in all if a measurement is not finite.
    /// - Parameters:
    ///   - prefix: of the names of the two measurements that are added, `gradient_norm` and `learning_rate`: `generator.`.
    ///   - measurements: what the phase that left the gradients measured in this rank; becomes the mean over all ranks.
    ///   - maximumNorm: gradients of a larger Euclidean norm are scaled down to it; nil leaves them.
    package func update(
        _ network: OptimizedParameters, learningRate: Float, averageDecay: Float, maximumNorm: Double? = nil,
        prefix: String = "", _ measurements: inout Measurements
    ) throws {
        measurements = try ranks.mean(measurements)
        measurements["\(prefix)learning_rate"] = Double(learningRate)
        measurements["\(prefix)gradient_norm"] = try network.averageGradients(maximumNorm: maximumNorm)
        guard measurements.values.allSatisfy(\.isFinite) else {
            skipped += 1
            network.skippedInARow += 1
            return
        }
        network.skippedInARow = 0
        network.update(learningRate: learningRate, averageDecay: averageDecay)
    }

    package func checkpoint(recipe: String, seed: UInt64) -> TrainingCheckpoint {
        TrainingCheckpoint(
            counters: counters(seed: seed), recipe: recipe, origins: origins,
            arrays: networks.flatMap { name, parameters in
                parameters.buffers.map {
                    NamedArray(name: "\(name).\($0.name)", shape: [$0.buffer.count], floats: $0.buffer.values)
                }
            })
    }

    private func counters(seed: UInt64) -> TrainingCheckpoint.Counters {
        TrainingCheckpoint.Counters(
            imagesSeen: imagesSeen, skippedSteps: skipped, seed: seed,
            networks: Dictionary(
                uniqueKeysWithValues: networks.map {
                    ($0.name, .init(steps: $0.parameters.steps, skippedInARow: $0.parameters.skippedInARow))
                }))
    }

    /// Takes everything from a checkpoint.
    /// - Throws: `StateError` if it belongs to other networks or other inputs.
    package func restore(_ checkpoint: TrainingCheckpoint) throws {
        for (name, origin) in origins {
            let found = checkpoint.origins[name]
            guard found == origin else {
                throw StateError(
                    description: "the checkpoint was trained with \(name) \(found ?? "unknown"), found \(origin); "
                        + "resume with the former, or start a new run")
            }
        }
        try restoreNetworks(checkpoint)
        imagesSeen = checkpoint.counters.imagesSeen
        skipped = checkpoint.counters.skippedSteps
        for (name, parameters) in networks {
            parameters.skippedInARow = checkpoint.counters.networks[name]?.skippedInARow ?? 0
        }
    }

    /// Copies rank 0's state to all other ranks.
    package func copyFromRoot() throws {
        guard ranks.size > 1 else { return }
        let counters = try JSONDecoder().decode(
            TrainingCheckpoint.Counters.self,
            from: Data(try ranks.broadcast([UInt8](JSONEncoder().encode(counters(seed: 0))))))
        imagesSeen = counters.imagesSeen
        skipped = counters.skippedSteps
        for (name, parameters) in networks {
            for (_, buffer) in parameters.buffers {
                let values = try ranks.gather(ranks.isRoot ? buffer.values : [])[0]
                if !ranks.isRoot { buffer.values = values }
            }
            parameters.parametersChanged()
            parameters.steps = counters.networks[name]?.steps ?? 0
            parameters.skippedInARow = counters.networks[name]?.skippedInARow ?? 0
        }
    }

    /// Takes the networks of a checkpoint; the images seen and the skipped updates stay as they are.
    package func restoreNetworks(_ checkpoint: TrainingCheckpoint) throws {
        let arrays = Dictionary(uniqueKeysWithValues: checkpoint.arrays.map { ($0.name, $0) })
        for (name, parameters) in networks {
            for (key, buffer) in parameters.buffers {
                guard let array = arrays["\(name).\(key)"], array.count == buffer.count else {
                    throw StateError(
                        description:
                            "the checkpoint's \(name).\(key) is missing or of another size; was the recipe changed?")
                }
                buffer.values = try array.floats()
            }
            parameters.parametersChanged()
            parameters.steps = checkpoint.counters.networks[name]?.steps ?? 0
            parameters.skippedInARow = 0
        }
    }
}
